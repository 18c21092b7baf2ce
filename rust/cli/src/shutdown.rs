//! Ending on SIGINT and SIGTERM: the first one cleanly, the second one at once.

use std::thread;
use std::time::Duration;

use deckport_endpoint::Interrupt;

use crate::failure::Failure;

/// How long threads that outlived the endpoint may hold up the end of the process.
pub(crate) const LAST_WAIT: Duration = Duration::from_secs(2);

/// Set with the first signal, for commands that clean up after themselves. Where signals cannot be
/// caught, one ends the process at once, as it always does.
pub(crate) fn signalled() -> Interrupt {
    let signalled = Interrupt::default();
    let told = signalled.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            if let Ok(signals) = Signals::install() {
                signals.first().await;
                told.set();
                // The second signal is waited for here.
                std::future::pending::<()>().await;
            }
        });
    });
    signalled
}

/// The signals that end the process, caught from `install` on.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    ctrl_close: tokio::signal::windows::CtrlClose,
}

impl Signals {
    /// Starts catching them. Must be called inside the runtime.
    pub(crate) fn install() -> Result<Self, Failure> {
        Self::catch().map_err(|error| Failure::Failed(format!("cannot catch signals: {error}")))
    }

    #[cfg(unix)]
    fn catch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(windows)]
    fn catch() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self { ctrl_c: ctrl_c()?, ctrl_close: ctrl_close()? })
    }

    /// Completes with the first signal. A second one then ends the process at once.
    pub(crate) async fn first(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(1);
        });
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(windows)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_close.recv() => {}
        }
    }
}
