//! Opening the sockets to listen on.
//!
//! "All addresses" means one socket for IPv4 and one for IPv6, never one for both: whether an
//! IPv6 socket also takes IPv4 differs from system to system.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenOn {
    /// All IPv4 and IPv6 addresses of the machine, one port. 0: any free one.
    Everywhere(u16),
    /// Exactly these.
    Addresses(Vec<SocketAddr>),
}

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 256;

/// How often another free port is tried when one is free for IPv4 only.
const FREE_PORT_ATTEMPTS: u32 = 20;

/// Why a socket could not be opened. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program has the port.
    #[error("port {} of {} is in use by another program; stop that program or choose another port", .0.port(), .0.ip())]
    InUse(SocketAddr),
    /// The system keeps the port for privileged programs.
    #[error("the system does not allow port {}; choose one above 1023", .0.port())]
    NotAllowed(SocketAddr),
    /// No interface has this address.
    #[error("this machine has no address {}; listen on all addresses instead", .0.ip())]
    NoSuchAddress(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Opens all sockets, or none.
///
/// # Errors
/// [`ListenError`] for the first one that could not be opened.
pub fn listen(on: &ListenOn) -> Result<Vec<TcpListener>, ListenError> {
    match on {
        ListenOn::Everywhere(port) => everywhere(*port),
        ListenOn::Addresses(addresses) => addresses
            .iter()
            .map(|address| bind(*address).map_err(|e| refused(*address, e)))
            .collect(),
    }
}

fn everywhere(port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let mut attempts = if port == 0 { FREE_PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let v4 = bind(any_v4);
        let bound_port = v4.as_ref().ok().and_then(|socket| socket.local_addr().ok());
        let any_v6 =
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, bound_port.map_or(port, |a| a.port())));
        match (v4, bind(any_v6)) {
            (Ok(v4), Ok(v6)) => return Ok(vec![v4, v6]),
            // Another program has the number for IPv6.
            (Ok(_), Err(e)) if e.kind() == io::ErrorKind::AddrInUse => {
                if attempts == 0 {
                    return Err(refused(any_v6, e));
                }
            }
            // The system has no IPv6, or none of its addresses may be used.
            (Ok(v4), Err(_)) => return Ok(vec![v4]),
            (Err(e), Ok(v6)) if is_missing(&e) => return Ok(vec![v6]),
            (Err(e), _) => return Err(refused(any_v4, e)),
        }
    }
}

/// Whether the machine seems to lack the whole address family, rather than this one port.
fn is_missing(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Lets a restart use the port again while old connections time out. On Windows the option
    // would let two programs share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn refused(address: SocketAddr, source: io::Error) -> ListenError {
    match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        io::ErrorKind::PermissionDenied => ListenError::NotAllowed(address),
        io::ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress(address),
        _ => ListenError::Other { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn everywhere_is_one_port_for_both_versions() {
        let sockets = listen(&ListenOn::Everywhere(0)).unwrap();
        let ports: Vec<u16> = sockets.iter().map(|s| s.local_addr().unwrap().port()).collect();
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0), "{ports:?}");
        TcpStream::connect((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
        if sockets.len() == 2 {
            TcpStream::connect((Ipv6Addr::LOCALHOST, ports[0])).unwrap();
        }
    }

    #[test]
    fn a_port_in_use_is_told_with_the_way_out() {
        let first = listen(&ListenOn::Addresses(vec!["127.0.0.1:0".parse().unwrap()])).unwrap();
        let taken = first[0].local_addr().unwrap();
        for listen_on in [ListenOn::Addresses(vec![taken]), ListenOn::Everywhere(taken.port())] {
            let refused = listen(&listen_on).unwrap_err();
            assert!(matches!(refused, ListenError::InUse(_)), "{refused}");
            assert!(refused.to_string().starts_with(&format!("port {} of ", taken.port())));
        }
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let foreign = ListenOn::Addresses(vec!["192.0.2.1:0".parse().unwrap()]);
        assert!(matches!(listen(&foreign), Err(ListenError::NoSuchAddress(_))));
    }

    #[test]
    fn both_wildcards_can_be_asked_for_by_hand() {
        let probe = listen(&ListenOn::Everywhere(0)).unwrap();
        if probe.len() == 2 {
            let both = vec!["0.0.0.0:0".parse().unwrap(), "[::]:0".parse().unwrap()];
            assert_eq!(listen(&ListenOn::Addresses(both)).unwrap().len(), 2);
        }
    }
}
