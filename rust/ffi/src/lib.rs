//! The endpoint as a library for apps: what Kotlin and Python see, through UniFFI.
//!
//! Convert, call, convert: the only logic here is the life of an endpoint inside an app (its
//! threads, its listeners, starting and stopping). Only the log and the JVM that loaded the library
//! are global, so a process may have several endpoints.
//!
//! Rules: nothing from inside crosses the border as a panic; no listener is called on a thread
//! that does other work; everything that may take long is async.

mod accounts;
mod address;
mod android;
mod announcement;
mod backups;
mod care;
mod control;
mod convert;
mod delivery;
mod endpoint;
mod errors;
mod events;
mod hub;
mod listener;
mod log;
mod networks;
mod options;
mod overview;
mod pairing;
mod qr;
mod refusals;
mod runtime;
mod texts;
mod tls;
mod translate;

pub use accounts::{Account, Device};
pub use address::{Address, AddressKind};
pub use announcement::{Announcement, WhyNotAnnounced};
pub use backups::{Backup, BackupReason, Counts, Restored};
pub use care::{
    CareStage, CheckReport, ExportOptions, ExportReport, ImportReport, MediaReport, UnusedMedia,
};
pub use endpoint::Endpoint;
pub use errors::{
    AccountError, BackupError, CareError, ListenerError, OpenError, OverviewError, QrError,
    StartError,
};
pub use events::{EndpointEvent, SyncCounts};
pub use hub::Subscription;
pub use listener::{EndpointListener, EndpointState, ProgressListener};
pub use log::{LogLevel, set_log_level};
pub use networks::NetworkInterface;
pub use options::EndpointOptions;
pub use overview::AccountOverview;
pub use pairing::Pairing;
pub use qr::{QrCode, qr_code};
pub use refusals::{RecentRefusal, RefusalKind};
pub use tls::{Certificate, TlsMode};
pub use translate::{DeviceText, Translator};

uniffi::setup_scaffolding!();

/// Version of this library, for example `0.1.0`.
#[must_use]
#[uniffi::export]
pub fn library_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
