//! When the machine's networks change.

/// Tells when addresses may have changed.
pub(super) struct Changes {
    #[cfg(target_os = "linux")]
    system: Option<linux::Notices>,
}

#[cfg(target_os = "linux")]
impl Changes {
    pub(super) fn watch() -> Changes {
        Changes { system: linux::Notices::subscribe().ok() }
    }

    /// Completes at the next change. Nothing wakes before.
    pub(super) async fn next(&mut self) {
        match &self.system {
            Some(notices) => notices.next().await,
            None => poll().await,
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Changes {
    pub(super) fn watch() -> Changes {
        Changes {}
    }

    /// Completes when it is time to look again.
    pub(super) async fn next(&mut self) {
        poll().await;
    }
}

/// There the app says when its networks change.
#[cfg(target_os = "android")]
impl Changes {
    pub(super) fn watch() -> Changes {
        Changes {}
    }

    pub(super) async fn next(&mut self) {
        std::future::pending().await
    }
}

/// Where the system does not tell, it is asked now and then.
#[cfg(not(target_os = "android"))]
async fn poll() {
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
    use tokio::net::UdpSocket;

    /// Changes of IPv4 and of IPv6 addresses (`RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV6_IFADDR`).
    const ADDRESSES: u32 = 0x10 | 0x100;

    /// What the kernel tells of addresses. The type is that of a socket of datagrams, which this is;
    /// what a UDP socket can do besides is not used.
    pub(super) struct Notices(UdpSocket);

    impl Notices {
        pub(super) fn subscribe() -> io::Result<Notices> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            // The protocol of routes and addresses is the one that counts as none.
            let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, None)?;
            bind(&socket, &SocketAddrNetlink::new(0, ADDRESSES))?;
            Ok(Notices(UdpSocket::from_std(socket.into())?))
        }

        /// Waits for a notice. What it says does not matter, everything is looked at anew; and an
        /// error means that some were lost, which is news enough.
        pub(super) async fn next(&self) {
            let _ = self.0.recv(&mut [0; 64]).await;
        }
    }
}
