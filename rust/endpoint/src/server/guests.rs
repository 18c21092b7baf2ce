//! Which connections are taken: those of allowed networks, and not too many of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deckport_accounts::AddressKey;

use deckport_household::RefusalKind;

use super::origins::Origins;
use crate::interfaces::Interfaces;
use crate::options::{EndpointOptions, Limits, TrustedProxies};
use crate::own_networks::Way;
use crate::scope::Scope;

/// So often a person is told of refused connections from one address.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// Refused addresses remembered for that.
const MOST_TOLD: usize = 64;

/// The connections that are open, by address.
#[derive(Debug)]
pub(super) struct Guests {
    scope: Scope,
    interfaces: Arc<dyn Interfaces>,
    origins: Origins,
    proxies: TrustedProxies,
    most_of_one: usize,
    /// Of a network in which each address counts by itself.
    most_of_network: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    open: HashMap<AddressKey, usize>,
    /// When somebody was last told of refusals.
    told: HashMap<AddressKey, Duration>,
}

/// An open connection; leaves when dropped.
#[derive(Debug)]
pub(super) struct Guest {
    guests: Arc<Guests>,
    /// For whom it is counted: at most an address and its network.
    counted: Vec<AddressKey>,
}

/// Why a connection is closed without an answer. Any status would make clients do something: the
/// one that says "not you" makes them forget their login (`transport` 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwelcome {
    #[error("it is not in a local network; allow its network if it is yours")]
    Far,
    #[error("it came over mobile data")]
    MobileData,
    #[error("it came over a network that may be mobile data; the app must say which kind it is")]
    UnknownLink,
    #[error("this device's networks are not known; the app must tell them, or allow its network")]
    UnknownNetworks,
    #[error("it has too many connections open")]
    TooMany,
}

impl Unwelcome {
    /// What it is for the owner.
    pub(super) fn kind(self) -> RefusalKind {
        match self {
            Unwelcome::Far => RefusalKind::AnotherNetwork,
            Unwelcome::MobileData => RefusalKind::MobileData,
            Unwelcome::UnknownLink | Unwelcome::UnknownNetworks => RefusalKind::UnknownNetwork,
            Unwelcome::TooMany => RefusalKind::TooManyConnections,
        }
    }
}

impl Guests {
    pub(super) fn new(options: &EndpointOptions) -> Guests {
        Guests {
            scope: options.scope.clone(),
            interfaces: Arc::clone(&options.interfaces),
            origins: Origins::new(Arc::clone(&options.interfaces)),
            proxies: options.proxies.clone(),
            most_of_one: options.limits.max_connections_per_address,
            most_of_network: most_of_network(&options.limits),
            known: Mutex::default(),
        }
    }

    /// Takes a connection from an address to one of ours in, or says why not.
    pub(super) fn welcome(
        self: &Arc<Guests>,
        address: IpAddr,
        ours: IpAddr,
    ) -> Result<Guest, Unwelcome> {
        let way = self.check_way(address, ours);
        // A trusted proxy has places for each of its clients instead.
        if self.proxies.trust(address) && way != Err(Unwelcome::MobileData) {
            return Ok(Guest { guests: Arc::clone(self), counted: Vec::new() });
        }
        way?;
        self.count(address)
    }

    /// Gives a client a place, wherever its connection comes from. This machine's own address has
    /// no limit but that of all connections: it may be a proxy, and then it is everybody's.
    pub(super) fn count(self: &Arc<Guests>, address: IpAddr) -> Result<Guest, Unwelcome> {
        let origin = self.origins.of(address);
        let mut counted = Vec::new();
        if !origin.is_this_machine() {
            let mut known = self.lock();
            let network = origin.network.map(|network| (network, self.most_of_network));
            let limited = [Some((origin.own, self.most_of_one)), network];
            for (key, most) in limited.iter().flatten() {
                if known.open.get(key).is_some_and(|open| open >= most) || *most == 0 {
                    return Err(Unwelcome::TooMany);
                }
            }
            for (key, _) in limited.into_iter().flatten() {
                *known.open.entry(key).or_default() += 1;
                counted.push(key);
            }
        }
        Ok(Guest { guests: Arc::clone(self), counted })
    }

    /// From where and over which of our links a connection may come.
    fn check_way(&self, peer: IpAddr, ours: IpAddr) -> Result<(), Unwelcome> {
        let networks = self.interfaces.recent(Some(ours.to_canonical()));
        match networks.way_to(ours) {
            // Who comes that way comes from the internet, and costs money.
            Way::Mobile => return Err(Unwelcome::MobileData),
            Way::Unknown if networks.is_known() => return Err(Unwelcome::UnknownLink),
            Way::Unknown | Way::Served => {}
        }
        if self.scope.allows(peer, ours, &networks) {
            return Ok(());
        }
        Err(if networks.is_known() { Unwelcome::Far } else { Unwelcome::UnknownNetworks })
    }

    /// Whether a person should be told of a refusal: not for each of a flood. `now` is monotonic.
    pub(super) fn should_tell(&self, address: IpAddr, now: Duration) -> bool {
        let address = self.origins.of(address).own;
        let mut known = self.lock();
        known.told.retain(|_, at| now.saturating_sub(*at) < TELL_EVERY);
        if known.told.len() >= MOST_TOLD || known.told.contains_key(&address) {
            return false;
        }
        known.told.insert(address, now);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut known = self.guests.lock();
        for key in &self.counted {
            if let Some(open) = known.open.get_mut(key) {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    known.open.remove(key);
                }
            }
        }
    }
}

/// Three quarters of all places, so that other networks get in whatever happens in one.
fn most_of_network(limits: &Limits) -> usize {
    (limits.max_connections / 4 * 3).max(limits.max_connections_per_address)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::link_kind::LinkKind;
    use crate::own_networks::{InterfaceAddress, OwnNetworks};

    /// A phone with mobile data and Wi-Fi.
    #[derive(Debug)]
    struct Phone;

    const WIFI: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));
    const MOBILE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 7, 7, 7));

    impl Interfaces for Phone {
        fn now(&self) -> OwnNetworks {
            let of = |(name, ip)| InterfaceAddress::new(name, ip);
            OwnNetworks::new([("rmnet_data0", MOBILE), ("wlan0", WIFI)].map(of)).on_phone(true)
        }
    }

    fn guests(most_of_one: usize) -> Arc<Guests> {
        let mut options = EndpointOptions::new("data");
        options.interfaces = Arc::new(Phone);
        options.limits.max_connections_per_address = most_of_one;
        Arc::new(Guests::new(&options))
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let guests = guests(2);
        let (one, other) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = guests.welcome(one, WIFI).unwrap();
        let _second = guests.welcome("::ffff:10.0.0.1".parse().unwrap(), WIFI).unwrap();
        assert_eq!(guests.welcome(one, WIFI).unwrap_err(), Unwelcome::TooMany);
        let third = guests.welcome(other, WIFI).unwrap();
        drop((first, third));
        let _again = guests.welcome(one, WIFI).unwrap();
        assert_eq!(guests.lock().open.len(), 1, "who has left is forgotten");
        let far = guests.welcome("8.8.8.8".parse().unwrap(), WIFI);
        assert_eq!(far.unwrap_err(), Unwelcome::Far);
        assert_eq!(Unwelcome::Far.kind(), RefusalKind::AnotherNetwork);
    }

    #[test]
    fn at_home_each_ipv6_address_has_places_and_the_network_a_limit() {
        let mut options = EndpointOptions::new("data");
        options.interfaces = Arc::new(Phone);
        options.limits.max_connections_per_address = 2;
        options.limits.max_connections = 8;
        let guests = Arc::new(Guests::new(&options));
        let come = |n: u16| guests.welcome(IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, n]), WIFI);
        let _held = [come(1).unwrap(), come(1).unwrap()];
        assert_eq!(come(1).unwrap_err(), Unwelcome::TooMany);
        let _others = [come(2).unwrap(), come(3).unwrap(), come(4).unwrap(), come(5).unwrap()];
        assert_eq!(come(6).unwrap_err(), Unwelcome::TooMany, "of the network");
        assert!(guests.welcome("fd00::1".parse().unwrap(), WIFI).is_ok());
    }

    #[test]
    fn neither_loopback_nor_a_trusted_proxy_is_one_client() {
        let mut options = EndpointOptions::new("data");
        options.interfaces = Arc::new(Phone);
        options.limits.max_connections_per_address = 1;
        options.proxies.networks = vec!["203.0.113.9".parse().unwrap()];
        let guests = Arc::new(Guests::new(&options));
        for address in ["127.0.0.1", "::1", "203.0.113.9"] {
            let come = || guests.welcome(address.parse().unwrap(), WIFI);
            let _held = [come().unwrap(), come().unwrap(), come().unwrap()];
        }
        let client: IpAddr = "198.51.100.4".parse().unwrap();
        let _held = guests.count(client).unwrap();
        assert_eq!(guests.count(client).unwrap_err(), Unwelcome::TooMany);
    }

    #[test]
    fn nobody_comes_in_over_mobile_data_not_even_from_a_private_address() {
        let guests = guests(2);
        let peer = "10.7.7.8".parse().unwrap();
        assert_eq!(guests.welcome(peer, MOBILE).unwrap_err(), Unwelcome::MobileData);
        assert_eq!(Unwelcome::MobileData.kind(), RefusalKind::MobileData);
        assert!(guests.welcome(peer, WIFI).is_ok());
    }

    /// What the machine tells now.
    #[derive(Debug, Default)]
    struct Changing(Mutex<Vec<InterfaceAddress>>);

    impl Interfaces for Changing {
        fn now(&self) -> OwnNetworks {
            OwnNetworks::new(self.0.lock().unwrap().clone()).on_phone(true)
        }
    }

    #[test]
    fn a_connection_is_judged_by_the_networks_of_its_moment() {
        let interfaces = Arc::new(Changing::default());
        let mut options = EndpointOptions::new("data");
        options.interfaces = Arc::clone(&interfaces) as _;
        let guests = Arc::new(Guests::new(&options));
        let [ours, peer, home]: [IpAddr; 3] =
            ["2001:db8::5", "2001:db8::77", "192.168.1.7"].map(|text| text.parse().unwrap());
        let come = |peer| guests.welcome(peer, ours).map(|_| ());
        assert_eq!(come(peer), Err(Unwelcome::UnknownNetworks));
        assert_eq!(come(home), Err(Unwelcome::UnknownNetworks), "not even from a private address");
        let loopback = Ipv4Addr::LOCALHOST.into();
        assert!(guests.welcome(loopback, loopback).is_ok());

        let told = |name, kind, prefix_len| {
            let known = InterfaceAddress::new(name, ours);
            *interfaces.0.lock().unwrap() = vec![InterfaceAddress { kind, prefix_len, ..known }];
        };
        told("seth_lte0", None, Some(64));
        assert_eq!(come(peer), Err(Unwelcome::MobileData));
        told("odd0", None, Some(64));
        assert_eq!(come(peer), Err(Unwelcome::UnknownLink));
        told("odd0", Some(LinkKind::Bluetooth), Some(64));
        assert_eq!(come(peer), Ok(()), "from the same network");
        assert_eq!(come("2001:db8:0:1::77".parse().unwrap()), Err(Unwelcome::Far));
    }

    #[test]
    fn a_flood_is_told_once_a_minute() {
        let guests = guests(1);
        let (one, other) = ("8.8.8.8".parse().unwrap(), "8.8.4.4".parse().unwrap());
        let at = Duration::from_secs;
        assert!(guests.should_tell(one, at(0)));
        assert!(!guests.should_tell(one, at(59)));
        assert!(guests.should_tell(other, at(59)));
        assert!(guests.should_tell(one, at(60)));
        for last in 0..=255 {
            guests.should_tell(IpAddr::from([9, 9, 9, last]), at(61));
        }
        assert!(guests.lock().told.len() <= MOST_TOLD);
    }
}
