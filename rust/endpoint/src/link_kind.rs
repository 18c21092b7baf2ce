//! What kind of link a network interface is.

use std::net::{IpAddr, Ipv4Addr};

/// What kind of link an interface is: as the app says, or as its name and address tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// A cable between two devices: USB tethering, or a USB network adapter.
    Usb,
    /// This machine's own hotspot.
    Hotspot,
    /// A wired network.
    Ethernet,
    /// A wireless network that this machine has joined.
    Wifi,
    /// Tethering over Bluetooth.
    Bluetooth,
    /// Something else, or not known.
    Other,
    /// A virtual private network.
    Vpn,
    /// The mobile network. Nobody is answered who comes from there.
    Mobile,
    /// Inside this machine: for containers and virtual machines.
    Virtual,
    /// This machine itself.
    Loopback,
}

impl LinkKind {
    /// The kind of an interface of this name (Linux, Android, macOS and Windows) and address.
    #[must_use]
    pub fn of(interface: &str, ip: IpAddr) -> LinkKind {
        let name = interface.to_lowercase();
        if ip.is_loopback() {
            return LinkKind::Loopback;
        }
        let found =
            NAMES.iter().find(|(_, names)| names.iter().any(|start| name.starts_with(start)));
        match found.map_or(LinkKind::Other, |(kind, _)| *kind) {
            LinkKind::Wifi if is_given_out_by_hotspots(ip) => LinkKind::Hotspot,
            kind => kind,
        }
    }

    /// Whether other machines can connect over such a link.
    #[must_use]
    pub fn is_reachable(self) -> bool {
        !matches!(self, LinkKind::Loopback | LinkKind::Virtual | LinkKind::Mobile)
    }
}

/// How the names of interfaces begin, in lower case. The first that fits counts.
const NAMES: [(LinkKind, &[&str]); 8] = [
    (
        LinkKind::Virtual,
        &[
            "docker",
            "br-",
            "veth",
            "virbr",
            "vmnet",
            "vboxnet",
            "vethernet",
            "lxc",
            "lxd",
            "podman",
            "cni",
            "dummy",
        ],
    ),
    (LinkKind::Vpn, &["tun", "tap", "utun", "wg", "wt0", "tailscale", "zt", "ppp", "ipsec"]),
    // Of Qualcomm, MediaTek, Samsung, Unisoc, Intel and others, of Windows, of the emulator, and
    // what translates IPv4 for them.
    (
        LinkKind::Mobile,
        &[
            "rmnet",
            "rev_rmnet",
            "r_rmnet",
            "umts",
            "ccmni",
            "cc2mni",
            "ccemni",
            "pdp",
            "seth_",
            "sipa_",
            "qmi",
            "radio",
            "wwan",
            "wwp",
            "cellular",
            "v4-",
            "clat",
        ],
    ),
    (LinkKind::Usb, &["usb", "rndis", "enx", "ncm"]),
    (LinkKind::Hotspot, &["ap", "swlan", "softap", "p2p"]),
    (LinkKind::Wifi, &["wl", "wi-fi", "wifi"]),
    (LinkKind::Bluetooth, &["bt-pan", "bnep", "bluetooth"]),
    (LinkKind::Ethernet, &["eth", "en", "em", "lan"]),
];

/// The address that a machine gives itself as a hotspot: Android up to 10, Wi-Fi Direct,
/// NetworkManager, Windows.
fn is_given_out_by_hotspots(ip: IpAddr) -> bool {
    const OWN: [Ipv4Addr; 4] = [
        Ipv4Addr::new(192, 168, 43, 1),
        Ipv4Addr::new(192, 168, 49, 1),
        Ipv4Addr::new(10, 42, 0, 1),
        Ipv4Addr::new(192, 168, 137, 1),
    ];
    OWN.iter().any(|own| ip == *own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_recognised_by_their_names() {
        let any: IpAddr = "10.1.2.3".parse().unwrap();
        for (name, expected) in [
            ("eth0", LinkKind::Ethernet),
            ("enp3s0", LinkKind::Ethernet),
            ("Ethernet 2", LinkKind::Ethernet),
            ("enx0a1b2c3d4e5f", LinkKind::Usb),
            ("usb0", LinkKind::Usb),
            ("ncm0", LinkKind::Usb),
            ("wlp2s0", LinkKind::Wifi),
            ("Wi-Fi", LinkKind::Wifi),
            ("swlan0", LinkKind::Hotspot),
            ("br-1a2b", LinkKind::Virtual),
            ("vEthernet (WSL)", LinkKind::Virtual),
            ("utun3", LinkKind::Vpn),
            ("tailscale0", LinkKind::Vpn),
            ("ccmni1", LinkKind::Mobile),
            ("seth_lte0", LinkKind::Mobile),
            ("v4-rmnet_data2", LinkKind::Mobile),
            ("bt-pan", LinkKind::Bluetooth),
            ("bnep0", LinkKind::Bluetooth),
            ("Bluetooth Network Connection", LinkKind::Bluetooth),
            ("idrac", LinkKind::Other),
        ] {
            assert_eq!(LinkKind::of(name, any), expected, "{name}");
        }
        assert_eq!(LinkKind::of("wlan0", "192.168.43.1".parse().unwrap()), LinkKind::Hotspot);
        assert_eq!(LinkKind::of("eth0", "127.0.0.1".parse().unwrap()), LinkKind::Loopback);
    }
}
