//! For which addresses and names a leaf is made.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints, SanType};
use rustls::pki_types::DnsName;

use crate::options::EndpointOptions;

/// Most addresses and names of a leaf. Clients take many more; a machine with a hundred containers
/// must not make handshakes long.
const MOST: usize = 64;

/// Names that are given out at home, and all below them. The authority may sign no other ones: whoever
/// steals its key cannot pretend to be somebody's bank.
const LOCAL: [&str; 8] =
    ["localhost", "local", "lan", "home", "home.arpa", "internal", "localdomain", "fritz.box"];

/// An address or a name that a client may have typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Address(IpAddr),
    Host(String),
}

/// The names under which this machine may be called: the one place where names are added.
fn host_names(options: &EndpointOptions, own: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), own.to_owned()];
    names.extend(options.page_hosts.iter().cloned());
    names
}

/// What a leaf must have now: loopback, `own` (the name by which the endpoint is found), `ours` (the address at which a client just came), the names,
/// and all other addresses of the machine.
pub(super) fn current(
    options: &EndpointOptions,
    own: &str,
    ours: Option<IpAddr>,
) -> BTreeSet<Name> {
    let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let networks = options.interfaces.recent(ours);
    let listed = networks.list().iter().map(|address| address.ip.to_canonical());
    let hosts = host_names(options, own).into_iter().filter_map(|name| signable(&name));
    let hosts = hosts.map(Name::Host);
    let mut names = BTreeSet::new();
    for name in loopback
        .into_iter()
        .chain(ours)
        .map(Name::Address)
        .chain(hosts)
        .chain(listed.map(Name::Address))
    {
        if names.len() == MOST {
            break;
        }
        names.insert(name);
    }
    names
}

/// A name as certificates write it, if the authority may sign it.
fn signable(name: &str) -> Option<String> {
    let name = name.trim().trim_end_matches('.').to_lowercase();
    let is_below = |parent: &str| {
        name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_local = LOCAL.iter().any(|parent| is_below(parent));
    (is_local && DnsName::try_from(name.as_str()).is_ok()).then_some(name)
}

/// What the authority may sign: local names, and any address. Those of a home may be in the
/// internet's ranges (IPv6), and no web site is known by its address.
pub(super) fn constraints() -> NameConstraints {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let addresses = any.map(|ip| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 0)));
    let names = LOCAL.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let permitted_subtrees = names.into_iter().chain(addresses).collect();
    NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }
}

impl Name {
    /// As it stands in a certificate.
    pub(super) fn in_certificate(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Name::Address(ip) => SanType::IpAddress(*ip),
            Name::Host(name) => SanType::DnsName(name.as_str().try_into()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_home_are_signed() {
        for (name, signed) in [
            ("Shelf.local.", Some("shelf.local")),
            ("localhost", Some("localhost")),
            ("shelf.home.arpa", Some("shelf.home.arpa")),
            ("a.fritz.box", Some("a.fritz.box")),
            ("shelf", None),
            ("notlocal", None),
            ("bank.example", None),
            ("local.example", None),
            ("no name.local", None),
            ("-x-.local", None),
            ("", None),
        ] {
            assert_eq!(signable(name).as_deref(), signed, "{name}");
        }
    }
}
