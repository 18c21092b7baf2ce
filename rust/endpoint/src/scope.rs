//! From which networks connections are taken.
//!
//! A sync endpoint is for the devices of one household. Even on a machine that is reachable from
//! the internet, strangers there do not get as far as a password prompt.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use crate::link_kind::LinkKind;
use crate::own_networks::{InterfaceAddress, OwnNetworks};

/// Who may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// This machine and local networks: loopback, private (RFC 1918, IPv6 unique local) and
    /// link-local addresses, and the networks of the machine's own interfaces.
    #[default]
    Local,
    /// These as well.
    LocalAnd(Vec<Network>),
    /// Everybody.
    Everyone,
}

impl Scope {
    /// Whether somebody at `peer` may connect to `ours`, an address of this machine. What the
    /// machine's `networks` are counts at this moment. Where they are not known, only this machine
    /// and what was allowed by name is answered.
    ///
    /// That nobody comes in over mobile data is another question: [`OwnNetworks::way_to`].
    #[must_use]
    pub fn allows(&self, peer: IpAddr, ours: IpAddr, networks: &OwnNetworks) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback()
            || self.names(peer)
            || networks.is_known() && (is_local(peer) || networks.is_near(peer, ours))
    }

    /// Whether an address was allowed by name.
    #[must_use]
    pub fn names(&self, ip: IpAddr) -> bool {
        match self {
            Scope::Local => false,
            Scope::LocalAnd(networks) => networks.iter().any(|network| network.contains(ip)),
            Scope::Everyone => true,
        }
    }

    /// The network to be allowed before any other machine is answered at one of this machine's
    /// addresses; `None` when nothing is missing.
    pub(crate) fn lacks_for(
        &self,
        address: &InterfaceAddress,
        networks: &OwnNetworks,
    ) -> Option<Network> {
        let ip = address.ip;
        let is_near =
            networks.is_known() && (is_local(ip) || networks.network_of(address).is_some());
        if address.kind() == LinkKind::Loopback || is_near || self.names(ip) {
            return None;
        }
        let around = Network::around(ip);
        // Who has named networks of the internet knows from where the devices come.
        let is_named = matches!(self, Scope::LocalAnd(_)) && around.prefix_len() == 0;
        (!is_named).then_some(around)
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
    /// 100.64.0.0/10 (RFC 6598).
    pub(crate) const fn shared_v4() -> Network {
        Network(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10)))
    }

    /// The network of this many leading bits that an address is in; `None` for more than it has.
    #[must_use]
    pub fn of(ip: IpAddr, prefix_len: u8) -> Option<Network> {
        IpNet::new(ip, prefix_len).ok().map(|network| Network(network.trunc()))
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// How many leading bits its addresses share; 0 for all of IPv4 or IPv6.
    #[must_use]
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// The network that an address is usually in, where the machine does not tell.
    fn around(ip: IpAddr) -> Network {
        let len = match ip {
            IpAddr::V4(v4) => match v4.octets() {
                [10, ..] => 8,
                [172, ..] if v4.is_private() => 12,
                [100, ..] if Network::shared_v4().contains(ip) => 10,
                _ if is_local(ip) => 16,
                _ => 0,
            },
            IpAddr::V6(_) => 64,
        };
        Network(IpNet::new(ip, len).unwrap_or_else(|_| ip.into()).trunc())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
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

    /// A computer in a home's network.
    fn home() -> OwnNetworks {
        let ip = "192.168.1.20".parse().unwrap();
        OwnNetworks::new([InterfaceAddress::new("eth0", ip)]).on_phone(false)
    }

    fn allowed(scope: &Scope, peers: &[&str], networks: &OwnNetworks) -> Vec<bool> {
        let ours = "192.168.1.20".parse().unwrap();
        peers.iter().map(|peer| scope.allows(peer.parse().unwrap(), ours, networks)).collect()
    }

    const FAR: [&str; 6] =
        ["8.8.8.8", "100.64.0.1", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"];

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
        assert!(allowed(&Scope::Local, &near, &home()).into_iter().all(|it| it));
        assert!(!allowed(&Scope::Local, &FAR, &home()).into_iter().any(|it| it));
        let wider = wider();
        assert_eq!(allowed(&wider, &FAR, &home()), [false, true, false, true, false, false]);
        assert!(allowed(&wider, &near, &home()).into_iter().all(|it| it));
        assert!(allowed(&Scope::Everyone, &FAR, &home()).into_iter().all(|it| it));
    }

    #[test]
    fn where_the_networks_are_not_known_only_the_machine_itself_and_what_was_named_is_answered() {
        let unknown = OwnNetworks::new([]);
        let peers = ["127.0.0.1", "::1", "192.168.1.7", "fe80::1", "100.64.0.1"];
        assert_eq!(allowed(&Scope::Local, &peers, &unknown), [true, true, false, false, false]);
        assert_eq!(allowed(&wider(), &peers, &unknown), [true, true, false, false, true]);
    }

    fn wider() -> Scope {
        Scope::LocalAnd(["100.64.0.0/10", "2001:db8::1"].map(|text| text.parse().unwrap()).to_vec())
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "any", "10.0.0.0/33", "10.0.0/8", "example.org"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }
}
