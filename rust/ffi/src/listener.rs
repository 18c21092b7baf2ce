//! What an app implements to be told.

use std::fmt;

use crate::address::Address;
use crate::care::CareStage;
use crate::errors::ListenerError;
use crate::events::EndpointEvent;

/// What an endpoint is doing. As text it is its name, with the addresses or the reason.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Display)]
pub enum EndpointState {
    /// Not serving: it was never started, or was stopped.
    Stopped,
    /// About to listen.
    Starting,
    /// Devices can sync.
    Listening {
        /// The addresses that people can type into Anki, the best one first. They change with the
        /// networks: see `EndpointEvent.AddressesChanged`.
        addresses: Vec<Address>,
    },
    /// Running requests get some time to finish.
    Stopping,
    /// It could not start, or ended by itself.
    Failed {
        /// Why, as a sentence.
        reason: String,
    },
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndpointState::Stopped => f.write_str("Stopped"),
            EndpointState::Starting => f.write_str("Starting"),
            EndpointState::Listening { addresses } => {
                f.write_str("Listening")?;
                let mut before = " at ";
                for address in addresses {
                    write!(f, "{before}{}", address.url)?;
                    before = ", ";
                }
                Ok(())
            }
            EndpointState::Stopping => f.write_str("Stopping"),
            EndpointState::Failed { reason } => write!(f, "Failed: {reason}"),
        }
    }
}

/// Is told what an endpoint does.
///
/// Each listener is called on a background thread of its own, one call after the other: it may
/// take its time, block or throw without harm to the endpoint or to other listeners. Calls wait in
/// a queue of 256. When a listener is so slow that the queue is full, the oldest events are dropped
/// and `EndpointEvent.EventsLost` tells how many; the last state is never dropped.
#[uniffi::export(foreign)]
pub trait EndpointListener: Send + Sync {
    /// Called once with the current state, then with each change.
    ///
    /// # Errors
    /// Whatever is thrown is logged.
    fn on_state(&self, state: EndpointState) -> Result<(), ListenerError>;

    /// Called with each event.
    ///
    /// # Errors
    /// Whatever is thrown is logged.
    fn on_event(&self, event: EndpointEvent) -> Result<(), ListenerError>;
}

/// Is told how far a long task has come, on a background thread.
#[uniffi::export(foreign)]
pub trait ProgressListener: Send + Sync {
    /// Tells how many bytes or files are done, and of how many (where that is known). Must return fast.
    /// Return `false` to end it.
    ///
    /// # Errors
    /// Whatever is thrown ends it, too.
    fn on_progress(
        &self,
        stage: CareStage,
        done: i64,
        total: Option<i64>,
    ) -> Result<bool, ListenerError>;
}
