//! The sockets of multicast DNS: one for IPv4 and one for IPv6, members of the group on each link.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use deckport_household::WhyNotAnnounced;
use deckport_mdns::{Link, To};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

const PORT: u16 = 5353;
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// Who gets a packet can see that no router sent it on (RFC 6762, 11).
const HOPS: u32 = 255;

/// A socket and the interfaces on which it is a member.
#[derive(Debug)]
struct Joined {
    socket: UdpSocket,
    interfaces: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Sockets {
    v4: Option<Joined>,
    v6: Option<Joined>,
}

impl Sockets {
    /// Opens what the links need and joins the group on them: on one of them at least.
    pub(super) fn open(links: &[Link]) -> Result<Sockets, WhyNotAnnounced> {
        if links.is_empty() {
            return Err(WhyNotAnnounced::NoNetwork);
        }
        let (v4, v6) = (join(links, true), join(links, false));
        match (v4, v6) {
            (Err(error), Err(other)) => {
                // A family that no link has says nothing.
                let told = if links.iter().any(|link| link.has(true)) { error } else { other };
                Err(refused(&told))
            }
            (v4, v6) => Ok(Sockets { v4: v4.ok(), v6: v6.ok() }),
        }
    }

    /// Whether packets can be sent over a link.
    pub(super) fn reach(&self, link: &Link) -> bool {
        self.of(link, true).is_some() || self.of(link, false).is_some()
    }

    /// The next packet, and from whom.
    pub(super) async fn receive(&self, packet: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // Of the two only one is filled, and it is the same buffer for both: so each waits for
        // readiness first.
        loop {
            let socket = tokio::select! {
                socket = readable(self.v4.as_ref()) => socket?,
                socket = readable(self.v6.as_ref()) => socket?,
            };
            match socket.try_recv_from(packet) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
    }

    /// Sends a packet. What cannot be sent is lost, as packets are.
    pub(super) async fn send(&self, link: &Link, to: To, packet: &[u8]) {
        let groups: &[bool] = match to {
            To::All => &[true, false],
            To::Group { ipv4: true } => &[true],
            To::Group { ipv4: false } => &[false],
            To::One(peer) => {
                let joined = if peer.is_ipv4() { &self.v4 } else { &self.v6 };
                if let Some(joined) = joined {
                    let _ = joined.socket.send_to(packet, peer).await;
                }
                return;
            }
        };
        for ipv4 in groups {
            if let Some(socket) = self.of(link, *ipv4)
                && let Some(group) = towards(socket, link, *ipv4)
            {
                let _ = socket.send_to(packet, group).await;
            }
        }
    }

    fn of(&self, link: &Link, ipv4: bool) -> Option<&UdpSocket> {
        let joined = if ipv4 { &self.v4 } else { &self.v6 };
        let joined = joined.as_ref()?;
        joined.interfaces.contains(&link.interface).then_some(&joined.socket)
    }
}

async fn readable(joined: Option<&Joined>) -> io::Result<&UdpSocket> {
    match joined {
        Some(joined) => joined.socket.readable().await.map(|()| &joined.socket),
        None => std::future::pending().await,
    }
}

/// Makes what the socket sends to the group leave over a link; gives the group's address.
fn towards(socket: &UdpSocket, link: &Link, ipv4: bool) -> Option<SocketAddr> {
    let options = SockRef::from(socket);
    if ipv4 {
        options.set_multicast_if_v4(&first_v4(link)?).ok()?;
        return Some(SocketAddr::from((GROUP_V4, PORT)));
    }
    let index = link.index?;
    options.set_multicast_if_v6(index).ok()?;
    Some(SocketAddrV6::new(GROUP_V6, PORT, 0, index).into())
}

/// The socket of a family, a member on every link that lets it.
fn join(links: &[Link], ipv4: bool) -> io::Result<Joined> {
    let socket = open(ipv4)?;
    let mut interfaces = Vec::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for link in links.iter().filter(|link| link.has(ipv4)) {
        let joined = match (ipv4, first_v4(link), link.index) {
            (true, Some(ip), _) => socket.join_multicast_v4(&GROUP_V4, &ip),
            (false, _, Some(index)) => socket.join_multicast_v6(&GROUP_V6, index),
            _ => continue,
        };
        match joined {
            Ok(()) => interfaces.push(link.interface.clone()),
            Err(error) => failure = error,
        }
    }
    if interfaces.is_empty() {
        return Err(failure);
    }
    Ok(Joined { socket: UdpSocket::from_std(socket.into())?, interfaces })
}

fn open(ipv4: bool) -> io::Result<Socket> {
    let domain = if ipv4 { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    // The port is shared by all programs of a machine that speak multicast DNS.
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    socket.set_reuse_port(true)?;
    let any: SocketAddr = if ipv4 {
        socket.set_multicast_ttl_v4(HOPS)?;
        socket.set_ttl_v4(HOPS)?;
        (Ipv4Addr::UNSPECIFIED, PORT).into()
    } else {
        socket.set_only_v6(true)?;
        socket.set_multicast_hops_v6(HOPS)?;
        socket.set_unicast_hops_v6(HOPS)?;
        (Ipv6Addr::UNSPECIFIED, PORT).into()
    };
    // What other programs joined on other interfaces would wake us, too. Old kernels cannot help it,
    // and on Android the library knows no such option.
    #[cfg(target_os = "linux")]
    let _ =
        if ipv4 { socket.set_multicast_all_v4(false) } else { socket.set_multicast_all_v6(false) };
    socket.bind(&any.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn first_v4(link: &Link) -> Option<Ipv4Addr> {
    link.addresses.iter().find_map(|address| match address.ip {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    })
}

fn refused(error: &io::Error) -> WhyNotAnnounced {
    match error.kind() {
        io::ErrorKind::AddrInUse => WhyNotAnnounced::PortTaken,
        io::ErrorKind::PermissionDenied => WhyNotAnnounced::NotAllowed,
        _ => WhyNotAnnounced::NoMulticast(error.to_string()),
    }
}
