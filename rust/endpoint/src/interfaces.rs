//! Where the endpoint learns which networks the machine has.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::own_networks::{InterfaceAddress, OwnNetworks};

/// For so long connections are judged by the same list of the system. One that comes to an address
/// that is not in it makes the system be asked at once.
const RECENT: Duration = Duration::from_secs(1);

/// Where the endpoint learns which interfaces there are, each time it needs to know.
pub trait Interfaces: fmt::Debug + Send + Sync + 'static {
    /// What there is now.
    fn now(&self) -> OwnNetworks;

    /// What there was a moment ago, or now: asked for each connection, so it must be cheap.
    /// `ours` is the machine's own address that should be among them.
    fn recent(&self, ours: Option<IpAddr>) -> OwnNetworks {
        let _ = ours;
        self.now()
    }
}

/// What the system tells. On Android nothing: there the app must pass its interfaces in.
#[derive(Debug, Default)]
pub struct SystemInterfaces {
    last: Mutex<Option<(Instant, OwnNetworks)>>,
}

impl Interfaces for SystemInterfaces {
    fn now(&self) -> OwnNetworks {
        let now = OwnNetworks::new(interfaces_of_machine());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), now.clone()));
        now
    }

    fn recent(&self, ours: Option<IpAddr>) -> OwnNetworks {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lacks = |networks: &OwnNetworks| {
            ours.is_some_and(|ours| !ours.is_loopback() && networks.find(ours).is_none())
        };
        match last {
            Some((at, networks)) if at.elapsed() < RECENT && !lacks(&networks) => networks,
            _ => self.now(),
        }
    }
}

/// The addresses of all interfaces that are up, in the system's order. Empty where the system does
/// not tell.
fn interfaces_of_machine() -> Vec<InterfaceAddress> {
    #[cfg(target_os = "android")]
    return Vec::new();
    #[cfg(not(target_os = "android"))]
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| interface.oper_status != if_addrs::IfOperStatus::Down)
        .map(|interface| InterfaceAddress {
            prefix_len: Some(match &interface.addr {
                if_addrs::IfAddr::V4(address) => address.prefixlen,
                if_addrs::IfAddr::V6(address) => address.prefixlen,
            }),
            ip: interface.ip(),
            interface: interface.name,
            kind: None,
        })
        .collect()
}

#[cfg(all(test, not(target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_again_for_an_address_that_it_did_not_tell() {
        let system = SystemInterfaces::default();
        let first = system.recent(None);
        let loopback = first.find("127.0.0.1".parse().unwrap());
        assert_eq!(loopback.and_then(|address| address.prefix_len), Some(8));
        let is_first = |other: &OwnNetworks| std::ptr::eq(other.list(), first.list());
        assert!(is_first(&system.recent("127.0.0.1".parse().ok())));
        assert!(!is_first(&system.recent("203.0.113.77".parse().ok())));
    }
}
