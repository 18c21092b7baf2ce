//! The machine's own networks: over which of its addresses it answers, and who is near it.
//!
//! The list of interfaces is passed in, see [`Interfaces`](crate::Interfaces); everything else here
//! is a pure function of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::link_kind::LinkKind;
use crate::scope::Network;

/// One address of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface's name, for example `eth0`.
    pub interface: String,
    /// Its address.
    pub ip: IpAddr,
    /// How many leading bits the addresses of the same network share; `None`: not known.
    pub prefix_len: Option<u8>,
    /// What kind of link it is; `None`: it is guessed from the name.
    pub kind: Option<LinkKind>,
}

impl InterfaceAddress {
    /// An address of which nothing else is known.
    pub fn new(interface: impl Into<String>, ip: IpAddr) -> InterfaceAddress {
        InterfaceAddress { interface: interface.into(), ip, prefix_len: None, kind: None }
    }

    /// What kind of link it is: what was said counts before what the name tells.
    #[must_use]
    pub fn kind(&self) -> LinkKind {
        match self.kind {
            Some(kind) if !self.ip.is_loopback() => kind,
            _ => LinkKind::of(&self.interface, self.ip),
        }
    }

    /// Whether nobody said what kind it is and the name does not tell. `ppp0` is a VPN on a
    /// computer, but on old phones the mobile network.
    fn is_of_unknown_kind(&self) -> bool {
        self.kind.is_none() && (self.kind() == LinkKind::Other || self.interface.starts_with("ppp"))
    }

    /// The network whose machines connect without a router in between; `None` where there is none.
    fn network(&self) -> Option<Network> {
        let (kind, len) = (self.kind(), self.prefix_len);
        match self.ip {
            IpAddr::V4(v4) => match len {
                // Wider ones are mistakes: they would let half the internet in.
                Some(len @ 8..=31) => Network::of(self.ip, len),
                _ => (kind == LinkKind::Vpn && is_shared_v4(v4)).then_some(SHARED_V4),
            },
            IpAddr::V6(v6) => match len {
                Some(len @ 48..=127) => Network::of(self.ip, len),
                // A single address (/128) is what DHCPv6 gives: its network is the /64 around it.
                // A VPN has single ones that belong to strangers, unless they are private.
                _ => (kind != LinkKind::Vpn || v6.is_unique_local())
                    .then(|| Network::of(self.ip, 64))
                    .flatten(),
            },
        }
    }

    /// Tailscale and others give each device one address of 100.64.0.0/10, and know more than the
    /// list shows. Providers number their customers from there, too: so these are near only where
    /// they come through the VPN.
    fn is_one_of_a_vpn(&self) -> bool {
        self.network() == Some(SHARED_V4) && self.prefix_len != Some(10)
    }
}

/// 100.64.0.0/10 (RFC 6598): addresses that providers and VPNs share out.
const SHARED_V4: Network = Network::shared_v4();

fn is_shared_v4(ip: Ipv4Addr) -> bool {
    SHARED_V4.contains(ip.into())
}

/// What is known of the machine's interfaces at one moment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OwnNetworks {
    list: Arc<[InterfaceAddress]>,
    is_phone: bool,
}

impl OwnNetworks {
    /// The addresses of all interfaces that are up; empty when that is not known.
    pub fn new(list: impl Into<Arc<[InterfaceAddress]>>) -> OwnNetworks {
        let is_phone = cfg!(any(target_os = "android", target_os = "ios"));
        OwnNetworks { list: list.into(), is_phone }
    }

    /// The same on a phone or on a computer. On a phone an interface of unknown kind may be the
    /// mobile network, so nobody is answered over it. Default: as the system is.
    #[must_use]
    pub fn on_phone(self, is_phone: bool) -> OwnNetworks {
        OwnNetworks { is_phone, ..self }
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[InterfaceAddress] {
        &self.list
    }

    /// Whether the machine has told its interfaces. Where it has not, only the machine itself is
    /// near.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.list.is_empty()
    }

    /// The interface's address that is this one.
    #[must_use]
    pub fn find(&self, ip: IpAddr) -> Option<&InterfaceAddress> {
        self.list.iter().find(|address| address.ip == ip)
    }

    /// Whether anybody is answered over this interface: not over mobile data.
    #[must_use]
    pub fn is_served(&self, address: &InterfaceAddress) -> bool {
        address.kind() != LinkKind::Mobile && !(self.is_phone && address.is_of_unknown_kind())
    }

    /// Over which way a connection to `ours`, an address of this machine, came.
    #[must_use]
    pub fn way_to(&self, ours: IpAddr) -> Way {
        let ours = ours.to_canonical();
        if ours.is_loopback() {
            return Way::Served;
        }
        // Two links may have the same address, as those that translate IPv4 do.
        let mut links = self.list.iter().filter(|address| address.ip == ours).peekable();
        if links.peek().is_none() {
            // Containers and proxies make addresses that are in no list, phones do not.
            let is_served = self.is_known() && !self.is_phone;
            return if is_served { Way::Served } else { Way::Unknown };
        }
        if links.clone().any(|address| address.kind() == LinkKind::Mobile) {
            return Way::Mobile;
        }
        if links.all(|address| self.is_served(address)) { Way::Served } else { Way::Unknown }
    }

    /// The network of one of the machine's interfaces that `peer` is in: it is on the same link,
    /// whatever its address. Link-local addresses always are. `None` for everybody else, for
    /// loopback, and for what comes over the mobile network.
    #[must_use]
    pub fn on_link(&self, peer: IpAddr) -> Option<Network> {
        let peer = peer.to_canonical();
        if let IpAddr::V6(v6) = peer
            && v6.is_unicast_link_local()
        {
            return Network::of(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).into(), 64);
        }
        let networks = self.list.iter().filter_map(|address| self.network_of(address));
        networks.filter(|network| network.contains(peer)).max_by_key(Network::prefix_len)
    }

    /// Whether `peer` is on the same link as this machine, see [`OwnNetworks::on_link`].
    #[must_use]
    pub fn is_on_link(&self, peer: IpAddr) -> bool {
        self.on_link(peer).is_some()
    }

    /// Whether `peer`, which is connected to `ours`, is in a network of this machine, or the machine
    /// itself.
    #[must_use]
    pub fn is_near(&self, peer: IpAddr, ours: IpAddr) -> bool {
        let (peer, ours) = (peer.to_canonical(), ours.to_canonical());
        let holds = |address: &InterfaceAddress| {
            self.network_of(address).is_some_and(|network| network.contains(peer))
                && (!address.is_one_of_a_vpn() || address.ip == ours)
        };
        self.find(peer).is_some() || self.list.iter().any(holds)
    }

    /// The network around an interface's address whose machines are near; `None` where there is
    /// none, and for mobile data.
    #[must_use]
    pub fn network_of(&self, address: &InterfaceAddress) -> Option<Network> {
        if address.ip.is_loopback() || !self.is_served(address) {
            return None;
        }
        address.network()
    }
}

/// How a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over a link on which the endpoint answers.
    Served,
    /// Over the mobile network.
    Mobile,
    /// Over something that may be the mobile network: the interfaces are not known, or on a phone
    /// not this one's kind.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn networks(list: &[(&str, &str, Option<LinkKind>)]) -> OwnNetworks {
        let address = |(interface, text, kind): &(&str, &str, Option<LinkKind>)| {
            let (address, len) = text.split_once('/').unwrap();
            InterfaceAddress {
                interface: (*interface).to_owned(),
                ip: ip(address),
                prefix_len: len.parse().ok(),
                kind: *kind,
            }
        };
        OwnNetworks::new(list.iter().map(address).collect::<Vec<_>>()).on_phone(false)
    }

    #[test]
    fn machines_on_the_same_link_are_near_whatever_their_addresses() {
        let home = networks(&[
            ("lo", "127.0.0.1/8", None),
            ("eth0", "2001:db8:1:2::5/64", None),
            ("eth1", "203.0.113.9/24", None),
            ("wlan0", "2001:db8:7::77/128", None),
        ]);
        for (peer, network) in [
            ("2001:db8:1:2:aaaa::1", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:3::1", None),
            ("203.0.113.200", Some("203.0.113.0/24")),
            ("::ffff:203.0.113.200", Some("203.0.113.0/24")),
            ("203.0.114.1", None),
            // What DHCPv6 gave as a single address.
            ("2001:db8:7::1", Some("2001:db8:7::/64")),
            ("fe80::99", Some("fe80::/64")),
            ("127.0.0.1", None),
        ] {
            let network = network.map(|text| text.parse().unwrap());
            assert_eq!(home.on_link(ip(peer)), network, "{peer}");
        }
        assert!(home.is_near(ip("2001:db8:1:2:aaaa::1"), ip("2001:db8:1:2::5")));
        assert!(!home.is_near(ip("2001:db8:1:3::1"), ip("2001:db8:1:2::5")));
    }

    #[test]
    fn devices_of_a_vpn_are_near_through_the_vpn_alone() {
        let tailscale = networks(&[
            ("eth0", "100.80.0.2/32", None),
            ("tailscale0", "100.101.102.103/32", None),
            ("tailscale0", "fd7a:115c:a1e0::1:2/128", None),
        ]);
        let (peer, through) = (ip("100.90.1.1"), ip("100.101.102.103"));
        assert!(tailscale.is_near(peer, through));
        assert!(!tailscale.is_near(peer, ip("100.80.0.2")), "a neighbour of the same provider");
        assert!(!tailscale.is_near(ip("100.128.0.1"), through));
        assert!(tailscale.is_near(ip("100.80.0.2"), ip("100.80.0.2")), "the machine itself");
        assert!(tailscale.is_on_link(ip("fd7a:115c:a1e0::9")), "each device counts by itself");
        let told = networks(&[("odd0", "100.101.102.103/32", Some(LinkKind::Vpn))]);
        assert!(told.is_near(peer, through));
        // A single public address of a VPN is among strangers.
        let rented =
            networks(&[("wg0", "2001:db8:5::7/128", None), ("wg0", "203.0.113.1/32", None)]);
        assert!(!rented.is_on_link(ip("2001:db8:5::8")) && !rented.is_on_link(ip("203.0.113.2")));
    }

    #[test]
    fn the_mobile_network_is_never_near_and_nobody_comes_that_way() {
        let phone = networks(&[
            ("rmnet_data0", "10.7.7.7/8", None),
            ("seth_lte0", "2001:db8:9::1/64", None),
            ("odd0", "2001:db8:8::1/64", Some(LinkKind::Mobile)),
            ("wlan0", "192.168.1.20/24", None),
        ]);
        for peer in ["10.7.7.8", "2001:db8:9::2", "2001:db8:8::2"] {
            assert!(!phone.is_on_link(ip(peer)), "{peer}");
        }
        for ours in ["10.7.7.7", "2001:db8:9::1", "2001:db8:8::1"] {
            assert_eq!(phone.way_to(ip(ours)), Way::Mobile, "{ours}");
        }
        assert_eq!(phone.way_to(ip("::ffff:192.168.1.20")), Way::Served);
    }

    #[test]
    fn on_a_phone_an_unknown_name_is_served_only_when_the_app_says_what_it_is() {
        let odd = |kind| networks(&[("odd0", "2001:db8::1/64", kind)]);
        let (ours, peer) = (ip("2001:db8::1"), ip("2001:db8::2"));
        let way = |networks: &OwnNetworks| (networks.way_to(ours), networks.is_on_link(peer));
        assert_eq!(way(&odd(None)), (Way::Served, true), "computers have odd names");
        assert_eq!(way(&odd(None).on_phone(true)), (Way::Unknown, false));
        for kind in [LinkKind::Other, LinkKind::Wifi, LinkKind::Bluetooth] {
            assert_eq!(way(&odd(Some(kind)).on_phone(true)), (Way::Served, true), "{kind:?}");
        }
        let known = networks(&[("bt-pan", "192.168.44.1/24", None)]).on_phone(true);
        assert_eq!(known.way_to(ip("192.168.44.1")), Way::Served);
        let dialled = networks(&[("ppp0", "10.1.1.1/32", None)]);
        assert_eq!(dialled.way_to(ip("10.1.1.1")), Way::Served);
        assert_eq!(dialled.on_phone(true).way_to(ip("10.1.1.1")), Way::Unknown);
    }

    #[test]
    fn what_the_app_says_wins_over_the_name() {
        let told = networks(&[
            ("rmnet_usb0", "192.168.42.1/24", Some(LinkKind::Usb)),
            ("wlan0", "2001:db8::1/64", Some(LinkKind::Mobile)),
            ("lo", "127.0.0.1/8", Some(LinkKind::Mobile)),
        ])
        .on_phone(true);
        assert_eq!(told.way_to(ip("192.168.42.1")), Way::Served);
        assert_eq!(told.way_to(ip("2001:db8::1")), Way::Mobile);
        assert_eq!(told.way_to(ip("127.0.0.1")), Way::Served, "this phone is always answered");
    }

    #[test]
    fn an_address_in_no_list_is_answered_on_computers_alone() {
        let one = networks(&[("wlan0", "192.168.1.20/24", None)]);
        assert_eq!(one.way_to(ip("192.168.1.99")), Way::Served);
        assert_eq!(one.on_phone(true).way_to(ip("192.168.1.99")), Way::Unknown);
        assert_eq!(OwnNetworks::new([]).way_to(ip("192.168.1.20")), Way::Unknown);
        assert_eq!(OwnNetworks::new([]).way_to(ip("::1")), Way::Served);
    }

    #[test]
    fn a_wrong_prefix_does_not_let_the_internet_in() {
        let wrong = networks(&[("eth0", "203.0.113.9/0", None), ("eth0", "2001:db8::9/3", None)]);
        assert!(!wrong.is_on_link(ip("8.8.8.8")) && !wrong.is_on_link(ip("203.0.113.8")));
        assert!(!wrong.is_on_link(ip("2600::1")) && wrong.is_on_link(ip("2001:db8::1")));
    }
}
