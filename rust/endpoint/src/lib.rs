//! The Anki sync endpoint: accounts, devices, leases and HTTP.
//!
//! Everything it needs from outside (folder, clock, listeners, where events go) is passed in;
//! it prints nothing and reads nothing from the environment. A request walks straight down:
//! `deckport-wire` decodes, this crate finds the account and its worker, `deckport-collection`
//! does the work.

mod backup;
mod clock;
mod endpoint;
mod events;
mod folder;
mod health;
mod hex;
mod lease;
mod offline;
mod options;
mod refusal;
mod registry;
mod server;
mod temp_file;
mod throttle;
mod worker;

pub use clock::{Clock, ManualClock, SystemClock};
pub use endpoint::{Endpoint, OpenError, ServeError};
pub use events::{Event, EventSink, NullEvents, RequestRecord};
pub use folder::{DataFolder, FolderError, create_data_folder};
pub use offline::{
    CheckReport, Difference, ExportOptions, ExportReport, Finding, ImportReport, MediaFindings,
    OfflineAccount, OfflineError, Progress, Stage, Watcher,
};
pub use options::{ConfiguredAccount, EndpointOptions, Limits, Secret, Timings};
pub use registry::{Account, Device, Identity, Login, LoginError, Registry, RegistryError};
