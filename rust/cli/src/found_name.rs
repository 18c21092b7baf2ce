//! Whether this machine itself finds the endpoint by its name, as other devices are to.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use deckport_endpoint::{AnnounceState, Announcement, Interfaces, SystemInterfaces};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// How long a name may take until it is announced: asked for three times, and once more under
/// another name.
const ANNOUNCED_WITHIN: Duration = Duration::from_millis(2500);
/// How long the system may take to find it.
const RESOLVED_WITHIN: Duration = Duration::from_secs(1);

/// The address with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// `http://deckport-7f3k.local:27701/`.
    pub(crate) url: String,
    /// Whether this machine finds it.
    pub(crate) here: bool,
}

/// Waits a short while until the name is announced. `None`: it is not.
pub(crate) async fn wait_for(mut states: watch::Receiver<Announcement>) -> Option<Named> {
    let is_decided = |now: &Announcement| match &now.state {
        AnnounceState::Announced => true,
        // That is what it is before serving begins.
        AnnounceState::Not(why) => *why != deckport_endpoint::WhyNotAnnounced::NotServing,
        _ => false,
    };
    let decided = timeout(ANNOUNCED_WITHIN, states.wait_for(is_decided)).await;
    let now = decided.ok()?.ok()?.clone();
    let (url, port) = (now.url()?, now.port?);
    let (told, answer) = oneshot::channel();
    // A thread that nobody waits for: the system's resolver cannot be interrupted.
    let resolve = move || {
        let found = (now.name.as_str(), port).to_socket_addrs();
        let _ = told.send(found.is_ok_and(|mut found| found.any(is_ours)));
    };
    std::thread::Builder::new().name("deckport-name".to_owned()).spawn(resolve).ok()?;
    let here = timeout(RESOLVED_WITHIN, answer).await.is_ok_and(|here| here == Ok(true));
    Some(Named { url, here })
}

fn is_ours(found: SocketAddr) -> bool {
    SystemInterfaces::default().now().find(found.ip()).is_some()
}
