//! The PROXY protocol, versions 1 and 2: a line or a few bytes before anything else that say whom a
//! connection came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest preamble that is read. Those of version 1 have at most 107 bytes; version 2 allows
/// 64 KiB, but what proxies add (TLS names, checksums) is far less.
pub const MAX_PREAMBLE: usize = 4096;

const V1_START: &[u8] = b"PROXY ";
const V1_LONGEST: usize = 107;
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const V2_HEAD: usize = 16;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preamble {
    /// No preamble.
    Absent,
    /// Perhaps the beginning of one: more bytes are needed.
    Unfinished,
    /// One of this many bytes.
    Complete {
        /// How many bytes it has.
        length: usize,
        /// Whom the connection came from; `None`: the proxy itself, or it is not known.
        source: Option<SocketAddr>,
    },
}

/// What begins like a preamble but is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the PROXY protocol's preamble is malformed")]
pub struct PreambleError;

/// Reads the first bytes of a connection.
///
/// # Errors
/// [`PreambleError`]: the connection cannot be used.
pub fn preamble(bytes: &[u8]) -> Result<Preamble, PreambleError> {
    if bytes.starts_with(V2_SIGNATURE) {
        version_2(bytes)
    } else if bytes.starts_with(V1_START) {
        version_1(bytes)
    } else if V2_SIGNATURE.starts_with(bytes) || V1_START.starts_with(bytes) {
        Ok(Preamble::Unfinished)
    } else {
        Ok(Preamble::Absent)
    }
}

fn version_1(bytes: &[u8]) -> Result<Preamble, PreambleError> {
    let Some(end) = bytes.iter().take(V1_LONGEST).position(|byte| *byte == b'\n') else {
        let is_short = bytes.len() < V1_LONGEST;
        return if is_short { Ok(Preamble::Unfinished) } else { Err(PreambleError) };
    };
    let line = bytes.get(V1_START.len()..end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.and_then(|line| std::str::from_utf8(line).ok()).ok_or(PreambleError)?;
    let source = v1_source(line).ok_or(PreambleError)?;
    Ok(Preamble::Complete { length: end + 1, source })
}

/// `TCP4 192.0.2.1 192.0.2.2 4711 80`; `None`: malformed.
fn v1_source(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(None);
    }
    let mut address = || -> Option<IpAddr> {
        let word = words.next()?;
        match family {
            "TCP4" => word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            "TCP6" => word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (source, _ours) = (address()?, address()?);
    let mut port = || words.next()?.parse::<u16>().ok();
    let (source_port, _our_port) = (port()?, port()?);
    words.next().is_none().then(|| Some(socket_address(source, source_port)))
}

fn version_2(bytes: &[u8]) -> Result<Preamble, PreambleError> {
    let Some(head) = bytes.get(V2_SIGNATURE.len()..V2_HEAD) else {
        return Ok(Preamble::Unfinished);
    };
    let [version_and_command, family, length @ ..] = head else { return Err(PreambleError) };
    let length = length.try_into().map(u16::from_be_bytes).map_err(|_| PreambleError)?;
    let length = V2_HEAD + usize::from(length);
    if length > MAX_PREAMBLE {
        return Err(PreambleError);
    }
    let Some(content) = bytes.get(V2_HEAD..length) else { return Ok(Preamble::Unfinished) };
    let source = match version_and_command {
        // From the proxy itself, to see whether we are alive.
        0x20 => None,
        0x21 => v2_source(*family, content)?,
        _ => return Err(PreambleError),
    };
    Ok(Preamble::Complete { length, source })
}

fn v2_source(family: u8, content: &[u8]) -> Result<Option<SocketAddr>, PreambleError> {
    match family {
        0x11 => v2_address(content).map(Some),
        0x21 => v2_address_6(content).map(Some),
        // Not known, or a socket file.
        0x00 | 0x31 => Ok(None),
        _ => Err(PreambleError),
    }
}

/// Source, destination, and their ports.
fn v2_address(content: &[u8]) -> Result<SocketAddr, PreambleError> {
    let &[a, b, c, d, _, _, _, _, high, low, _, _, ..] = content else {
        return Err(PreambleError);
    };
    Ok(socket_address(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
}

fn v2_address_6(content: &[u8]) -> Result<SocketAddr, PreambleError> {
    let source = content.first_chunk::<16>().ok_or(PreambleError)?;
    let Some(&[high, low, _, _]) = content.get(32..36) else { return Err(PreambleError) };
    Ok(socket_address(Ipv6Addr::from(*source).into(), u16::from_be_bytes([high, low])))
}

fn socket_address(address: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address.to_canonical(), port)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn v2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[command, family], &length, content].concat()
    }

    fn source(bytes: &[u8]) -> Option<String> {
        match preamble(bytes).unwrap() {
            Preamble::Complete { source, length } => {
                assert!(length <= bytes.len());
                source.map(|address| address.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn version_1_is_read() {
        let line = b"PROXY TCP4 203.0.113.7 192.0.2.2 4711 80\r\nPOST /";
        assert_eq!(source(line).as_deref(), Some("203.0.113.7:4711"));
        assert_eq!(
            preamble(line).unwrap(),
            Preamble::Complete { length: 42, source: "203.0.113.7:4711".parse().ok() }
        );
        let line = b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
        assert_eq!(source(line).as_deref(), Some("[2001:db8::1]:1"));
        assert_eq!(source(b"PROXY UNKNOWN\r\n"), None);
        assert_eq!(source(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), None);
    }

    #[test]
    fn version_2_is_read() {
        let v4 = [203, 0, 113, 7, 192, 0, 2, 2, 0x12, 0x67, 0, 80];
        assert_eq!(source(&v2(0x21, 0x11, &v4)).as_deref(), Some("203.0.113.7:4711"));
        let extended = [v4.as_slice(), &[4, 0, 1, 0]].concat();
        assert_eq!(source(&v2(0x21, 0x11, &extended)).as_deref(), Some("203.0.113.7:4711"));
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        v6[33] = 9;
        assert_eq!(source(&v2(0x21, 0x21, &v6)).as_deref(), Some("[2001:db8::1]:9"));
        assert_eq!(source(&v2(0x20, 0x00, &[])), None, "the proxy itself");
        assert_eq!(source(&v2(0x20, 0x11, &v4)), None);
        assert_eq!(source(&v2(0x21, 0x31, &[0; 216])), None);
    }

    #[test]
    fn http_is_not_a_preamble_and_a_beginning_waits_for_more() {
        for bytes in [b"POST / HTTP/1.1\r\n".as_slice(), b"G", b"\r\nGET", b"PROXYX"] {
            assert_eq!(preamble(bytes), Ok(Preamble::Absent));
        }
        let v4 = v2(0x21, 0x11, &[1; 12]);
        for whole in [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".as_slice(), &v4] {
            for end in 0..whole.len() {
                assert_eq!(preamble(&whole[..end]), Ok(Preamble::Unfinished), "{end}");
            }
        }
    }

    #[test]
    fn what_is_malformed_or_too_long_is_refused() {
        let endless = [V1_START, &[b'x'; 200]].concat();
        for bytes in [
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n".as_slice(),
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
            b"PROXY TCP4 2001:db8::1 5.6.7.8 1 2\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n",
            b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
            b"PROXY \xff\r\n",
            &endless,
            &v2(0x22, 0x11, &[1; 12]),
            &v2(0x11, 0x11, &[1; 12]),
            &v2(0x21, 0x11, &[1; 11]),
            &v2(0x21, 0x21, &[1; 35]),
            &v2(0x21, 0x55, &[1; 36]),
            &v2(0x21, 0x11, &[1; MAX_PREAMBLE]),
        ] {
            assert_eq!(preamble(bytes), Err(PreambleError), "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_claim_more_than_there_is(
            start in 0..3_usize, bytes: Vec<u8>
        ) {
            let start = [b"".as_slice(), V1_START, V2_SIGNATURE][start];
            let bytes = [start, &bytes].concat();
            if let Ok(Preamble::Complete { length, .. }) = preamble(&bytes) {
                prop_assert!(length <= bytes.len().min(MAX_PREAMBLE));
            }
        }

        #[test]
        fn version_1_carries_every_address(from: IpAddr, port: u16) {
            let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
            let line = format!("PROXY {family} {from} {from} {port} 80\r\n");
            let source = Some(SocketAddr::new(from.to_canonical(), port));
            prop_assert_eq!(
                preamble(line.as_bytes()),
                Ok(Preamble::Complete { length: line.len(), source })
            );
        }
    }
}
