//! Whom something is counted for: an address, and the network around it.
//!
//! From the internet each household has an IPv6 /64 to choose addresses from, so the whole /64
//! counts as one. In a network that this machine is part of, the /64 is everybody at home: there
//! each address counts by itself, and the network as a whole has a limit of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses that cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKey {
    /// One address, in its canonical form.
    Address(IpAddr),
    /// An IPv6 /64, by its first address.
    Network(Ipv6Addr),
}

impl AddressKey {
    /// Whether an address is this one, or in this network.
    pub(crate) fn holds(self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (AddressKey::Address(own), address) => own == address,
            (AddressKey::Network(network), IpAddr::V6(v6)) => network == network_of(v6),
            (AddressKey::Network(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whom something is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Those that cannot be told apart from the address in question.
    pub own: AddressKey,
    /// All who could take another address of the same network, where these count by themselves.
    pub network: Option<AddressKey>,
}

impl Origin {
    /// Whom `address` is counted for. `is_on_link` tells whether an address is in a network that
    /// this machine is part of; it is asked only where that matters.
    pub fn of(address: IpAddr, is_on_link: impl FnOnce(IpAddr) -> bool) -> Origin {
        let address = address.to_canonical();
        let own = AddressKey::Address(address);
        match address {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let network = AddressKey::Network(network_of(v6));
                match v6.is_unique_local() || is_on_link(address) {
                    true => Origin { own, network: Some(network) },
                    false => Origin { own: network, network: None },
                }
            }
            _ => Origin { own, network: None },
        }
    }

    /// Whether it is this machine, and with it everybody behind a proxy that runs here. The other
    /// addresses of the loopback network count as in any network.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        let this_machine = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        this_machine.iter().any(|address| self.own == AddressKey::Address(*address))
    }
}

/// The /64 of an address.
fn network_of(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// On a machine with a link-local address and `2001:db8:0:1::1`.
    pub(crate) fn at_home(address: IpAddr) -> Origin {
        let networks: [Ipv6Addr; 2] =
            ["fe80::", "2001:db8:0:1::"].map(|text| text.parse().unwrap());
        Origin::of(address, |peer| {
            networks.iter().any(|network| AddressKey::Network(*network).holds(peer))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::testing::at_home;
    use super::*;

    fn origin(text: &str) -> Origin {
        at_home(text.parse().unwrap())
    }

    #[test]
    fn a_foreign_64_is_one_household() {
        assert_eq!(origin("2001:db8:0:2::1"), origin("2001:db8:0:2:ffff::1"));
        assert_ne!(origin("2001:db8:0:2::1"), origin("2001:db8:0:3::1"));
        assert_eq!(origin("2001:db8:0:2::1").network, None);
    }

    #[test]
    fn in_our_own_networks_each_address_counts_by_itself_and_the_network_besides() {
        for (one, other) in [
            ("fe80::1", "fe80::2"),
            ("fd00:1::1", "fd00:1::2"),
            ("2001:db8:0:1::7", "2001:db8:0:1:aaaa::7"),
        ] {
            let (one, other) = (origin(one), origin(other));
            assert_ne!(one.own, other.own);
            assert!(one.network.is_some());
            assert_eq!(one.network, other.network);
        }
    }

    #[test]
    fn ipv4_counts_each_address_however_it_is_written() {
        assert_eq!(origin("192.0.2.1"), origin("::ffff:192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
        let holds = |key: &str, address: &str| origin(key).own.holds(address.parse().unwrap());
        assert!(holds("192.0.2.1", "::ffff:192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("2001:db8:0:2::1", "2001:db8:0:2::2") && !holds("fe80::1", "fe80::2"));
        assert!(origin("127.0.0.1").is_this_machine() && origin("::1").is_this_machine());
        assert!(!origin("127.0.0.2").is_this_machine() && !origin("fe80::1").is_this_machine());
    }
}
