//! Threads for work that takes long: uploads, downloads, restoring a backup.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Does blocking work on a thread of its own. A transfer mostly waits for the network, and on the
/// runtime's few threads for blocking work it would make the requests of others wait with it.
/// Connections are limited, and so are these threads. The answer fails if the work panics.
pub(crate) fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (done, result) = oneshot::channel();
    let run = move || {
        // Nobody listens any more when the request was given up.
        let _ = done.send(work());
    };
    thread::Builder::new().name("transfer".to_owned()).spawn(run)?;
    Ok(result)
}
