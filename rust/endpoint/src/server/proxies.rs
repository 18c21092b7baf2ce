//! Where a request really comes from, when it comes through a reverse proxy.
//!
//! What a proxy says counts only if the owner trusts it: anybody may write these headers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use deckport_wire::proxied::{Hops, MAX_PREAMBLE, Preamble, forwarded, preamble, x_forwarded_for};
use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::options::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Between two looks at a preamble that is not there as a whole. Proxies send it in one piece.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The proxies that are believed.
#[derive(Debug)]
pub(super) struct Proxies {
    trusted: TrustedProxies,
    /// The one header that is read, where the owner named one.
    header: Option<HeaderName>,
}

impl Proxies {
    pub(super) fn new(trusted: TrustedProxies) -> Proxies {
        let header = trusted.header.as_deref().and_then(|name| name.parse().ok());
        Proxies { trusted, header }
    }

    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.trust(peer)
    }

    /// From whom a request came that came over a connection from `peer`.
    pub(super) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if !self.trusts(peer.ip()) {
            return peer;
        }
        let client = match &self.header {
            Some(name) => self.named(peer.ip(), headers, name),
            None => self.agreed(peer.ip(), headers),
        };
        match client {
            Some(client) if client != peer.ip() => SocketAddr::new(client, 0),
            _ => peer,
        }
    }

    /// Whether a trusted proxy at `peer` says that its client speaks TLS with it.
    pub(super) fn say_https(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        let scheme = headers.get(X_FORWARDED_PROTO).and_then(|scheme| scheme.to_str().ok());
        self.trusts(peer.ip()) && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// What the headers say, if there are any. A proxy writes one and may pass on what its client
    /// wrote into the other: where they differ, none is believed.
    fn agreed(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let listed = self.named(peer, headers, &X_FORWARDED_FOR);
        let standard = self.named(peer, headers, &FORWARDED);
        match (listed, standard) {
            (Some(listed), Some(standard)) => Some(listed).filter(|listed| *listed == standard),
            (one, other) => one.or(other),
        }
    }

    /// What one header says: of those through whom the request came, seen from here, the first one
    /// that is no trusted proxy.
    fn named(&self, peer: IpAddr, headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
        if !headers.contains_key(name) {
            return None;
        }
        let read: fn(&str) -> Hops = if *name == FORWARDED { forwarded } else { x_forwarded_for };
        let lines = headers.get_all(name).iter();
        let hops = lines.flat_map(|line| line.to_str().map_or_else(|_| vec![None], read));
        let hops: Hops = hops.collect();
        let mut client = peer;
        for hop in hops.into_iter().rev().map_while(|hop| hop) {
            client = hop;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    /// Reads the preamble that a trusted proxy may send before anything else, and tells from whom
    /// the connection came. `None`: it is of no use.
    pub(super) async fn arrive(
        &self,
        stream: &mut TcpStream,
        peer: SocketAddr,
        within: Duration,
    ) -> Option<SocketAddr> {
        if !self.trusts(peer.ip()) {
            return Some(peer);
        }
        match timeout(within, read_preamble(stream)).await {
            Ok(Some(source)) => Some(source.unwrap_or(peer)),
            Ok(None) | Err(_) => None,
        }
    }
}

/// Reads a preamble and nothing behind it. `None`: it is malformed, or the connection has ended.
async fn read_preamble(stream: &mut TcpStream) -> Option<Option<SocketAddr>> {
    let mut bytes = vec![0; MAX_PREAMBLE];
    loop {
        let seen = stream.peek(&mut bytes).await.ok().filter(|seen| *seen > 0)?;
        match preamble(bytes.get(..seen)?).ok()? {
            Preamble::Absent => return Some(None),
            Preamble::Complete { length, source } => {
                stream.read_exact(bytes.get_mut(..length)?).await.ok()?;
                return Some(source);
            }
            // What has been seen stays there, so nothing tells when there is more.
            Preamble::Unfinished => sleep(LOOK_AGAIN).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str], header: Option<&str>) -> Proxies {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        Proxies::new(TrustedProxies { networks, header: header.map(str::to_owned) })
    }

    /// Who asks, according to a proxy at 10.0.0.1 that is trusted.
    fn client(proxies: &Proxies, lines: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        proxies.client("10.0.0.1:4711".parse().unwrap(), &headers).to_string()
    }

    const XFF: &str = "x-forwarded-for";

    #[test]
    fn nobody_is_believed_unasked() {
        let claim = [(XFF, "203.0.113.7"), ("forwarded", "for=203.0.113.7")];
        assert_eq!(client(&proxies(&[], None), &claim), "10.0.0.1:4711");
        assert_eq!(client(&proxies(&["10.0.0.2"], None), &claim), "10.0.0.1:4711");
        let mut headers = HeaderMap::new();
        headers.append(XFF, "203.0.113.7".parse().unwrap());
        for loopback in ["127.0.0.1:1", "[::1]:1"] {
            let peer = loopback.parse().unwrap();
            assert_eq!(proxies(&["10.0.0.0/8"], None).client(peer, &headers), peer);
        }
    }

    #[test]
    fn what_a_client_wrote_before_the_proxy_is_not_believed() {
        let one = proxies(&["10.0.0.1"], None);
        let read = |lines: &[(&'static str, &'static str)]| client(&one, lines);
        assert_eq!(read(&[(XFF, "192.0.2.66, 203.0.113.7")]), "203.0.113.7:0");
        assert_eq!(read(&[(XFF, "192.0.2.66"), (XFF, "203.0.113.7")]), "203.0.113.7:0");
        assert_eq!(read(&[("forwarded", "for=192.0.2.66, for=203.0.113.7")]), "203.0.113.7:0");
        // Who cannot be told apart from others counts with the proxy.
        assert_eq!(read(&[(XFF, "203.0.113.7, unknown")]), "10.0.0.1:4711");
        assert_eq!(read(&[]), "10.0.0.1:4711");
        let both = [(XFF, "203.0.113.7"), ("forwarded", "for=192.0.2.66")];
        assert_eq!(read(&both), "10.0.0.1:4711");
        assert_eq!(
            read(&[(XFF, "203.0.113.7"), ("forwarded", "for=203.0.113.7")]),
            "203.0.113.7:0"
        );
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed() {
        let chain = proxies(&["10.0.0.0/8"], None);
        assert_eq!(client(&chain, &[(XFF, "192.0.2.66, 203.0.113.7, 10.0.0.9")]), "203.0.113.7:0");
        assert_eq!(client(&chain, &[(XFF, "10.0.0.7, 10.0.0.9")]), "10.0.0.7:0");
        assert_eq!(client(&chain, &[(XFF, "x, 10.0.0.9")]), "10.0.0.9:0");
    }

    #[test]
    fn a_named_header_is_the_only_one_that_counts() {
        let named = proxies(&["10.0.0.1"], Some("X-Real-IP"));
        let lines = [("x-real-ip", "203.0.113.7"), (XFF, "192.0.2.66")];
        assert_eq!(client(&named, &lines), "203.0.113.7:0");
        assert_eq!(client(&named, &[(XFF, "192.0.2.66")]), "10.0.0.1:4711");
    }
}
