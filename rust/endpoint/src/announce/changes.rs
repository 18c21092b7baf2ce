//! When the machine's networks change.

#[cfg(not(target_os = "android"))]
pub(super) use asked::Changes;
#[cfg(target_os = "android")]
pub(super) use told::Changes;

#[cfg(not(target_os = "android"))]
mod asked {
    use std::time::Duration;

    use tokio::time::{Instant, Interval, interval_at};

    /// Where the system does not tell, it is asked so often.
    const EVERY: Duration = Duration::from_secs(10);

    /// Tells when addresses may have changed.
    pub(in super::super) struct Changes {
        #[cfg(target_os = "linux")]
        notices: Option<super::linux::Notices>,
        moments: Interval,
    }

    impl Changes {
        pub(in super::super) fn watch() -> Changes {
            Changes {
                #[cfg(target_os = "linux")]
                notices: super::linux::Notices::subscribe().ok(),
                moments: interval_at(Instant::now() + EVERY, EVERY),
            }
        }

        /// Completes at the next change, or when it is time to look whether there was one. On Linux
        /// nothing wakes before a change.
        pub(in super::super) async fn next(&mut self) {
            #[cfg(target_os = "linux")]
            if let Some(notices) = &self.notices {
                return notices.next().await;
            }
            self.moments.tick().await;
        }
    }
}

/// There the app says when its networks change.
#[cfg(target_os = "android")]
mod told {
    pub(in super::super) struct Changes;

    impl Changes {
        pub(in super::super) fn watch() -> Changes {
            Changes
        }

        pub(in super::super) async fn next(&mut self) {
            std::future::pending().await
        }
    }
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
