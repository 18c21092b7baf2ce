//! From which networks connections are taken.
//!
//! A sync endpoint is for the devices of one household. Even on a machine that is reachable from
//! the internet, strangers there do not get as far as a password prompt.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Who may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// This machine and local networks: loopback, private (RFC 1918, IPv6 unique local) and
    /// link-local addresses.
    #[default]
    Local,
    /// These as well.
    LocalAnd(Vec<Network>),
    /// Everybody.
    Everyone,
}

impl Scope {
    /// Whether somebody at `peer` may connect.
    #[must_use]
    pub fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        match self {
            Scope::Everyone => true,
            Scope::Local => is_local(peer),
            Scope::LocalAnd(networks) => {
                is_local(peer) || networks.iter().any(|network| network.contains(peer))
            }
        }
    }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// A network, written as `203.0.113.0/24`, `2001:db8::/32`, or as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// A text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no network; write one like 203.0.113.0/24 or 2001:db8::/32, or one address")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let one_address = |_| text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(one_address).map(Network).map_err(|_| NotANetwork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(scope: &Scope, peers: &[&str]) -> Vec<bool> {
        peers.iter().map(|peer| scope.allows(peer.parse().unwrap())).collect()
    }

    #[test]
    fn only_local_networks_are_answered_unless_more_are_named() {
        let near = [
            "127.0.0.1",
            "::1",
            "192.168.1.20",
            "10.0.0.1",
            "172.16.9.9",
            "169.254.1.1",
            "fe80::1",
            "fd00::1",
            "::ffff:192.168.1.20",
        ];
        let far =
            ["8.8.8.8", "100.64.0.1", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"];
        assert!(allowed(&Scope::Local, &near).into_iter().all(|it| it));
        assert!(!allowed(&Scope::Local, &far).into_iter().any(|it| it));
        let networks = ["100.64.0.0/10", "2001:db8::1"].map(|text| text.parse().unwrap());
        let wider = Scope::LocalAnd(networks.to_vec());
        assert_eq!(allowed(&wider, &far), [false, true, false, true, false, false]);
        assert!(allowed(&wider, &near).into_iter().all(|it| it));
        assert!(allowed(&Scope::Everyone, &far).into_iter().all(|it| it));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "any", "10.0.0.0/33", "10.0.0/8", "example.org"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }
}
