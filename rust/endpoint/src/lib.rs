//! The Anki sync endpoint: workers, leases and HTTP.
//!
//! Everything it needs from outside (folder, clock, listeners, where events go) is passed in;
//! it prints nothing and reads nothing from the environment. A request walks straight down:
//! `deckport-wire` decodes, `deckport-accounts` knows who asks, this crate finds the account's
//! worker, `deckport-collection` does the work.

mod addresses;
mod backup;
mod care;
mod endpoint;
mod errands;
mod events;
#[cfg(feature = "fault-points")]
pub mod faults;
#[cfg(not(feature = "fault-points"))]
mod faults;
mod folder;
mod handle;
mod health;
mod interfaces;
mod lease;
mod link_kind;
mod listen;
mod memory;
mod options;
mod overview;
mod own_networks;
mod page;
mod place;
mod quota;
mod refusals;
mod scope;
mod server;
mod storage_watch;
mod texts;
mod work_error;
mod worker;

pub use deckport_accounts::{
    Account, ConfiguredAccount, Device, Identity, Login, LoginError, PairingWindow, Registry,
    RegistryError, Secret, generate_password,
};
pub use deckport_collection::{Overview, Summary, UploadError};
pub use deckport_ground::clock::{Clock, ManualClock, SystemClock};
pub use deckport_ground::interrupt::Interrupt;
pub use deckport_ground::progress::{Progress, Stage, Watcher, go_on};
pub use deckport_media::{Added, Error as MediaError, Trash, UnusedFile};

pub use addresses::{Address, addresses};
pub use backup::{BackupError, BackupFolder, BackupInfo, BackupPolicy, BackupReason, Counts};
pub use care::{
    AccountCare, CareError, CheckReport, Difference, ExportOptions, ExportReport, Finding,
    ImportReport, MediaFindings, TakenIn,
};
pub use endpoint::{Endpoint, OpenError, ServeError};
pub use events::{Event, EventSink, MediaCounts, NullEvents, RequestRecord, SyncCounts};
pub use folder::{DataFolder, FolderError, create_data_folder};
pub use handle::{EndpointHandle, Replaced};
pub use interfaces::{Interfaces, SystemInterfaces};
pub use link_kind::LinkKind;
pub use listen::{ListenError, ListenOn, listen};
pub use options::{EndpointOptions, Limits, Timings, TrustedProxies};
pub use overview::{AccountOverview, OverviewError};
pub use own_networks::{InterfaceAddress, OwnNetworks, Way};
pub use refusals::{RecentRefusal, RefusalKind};
pub use scope::{Network, NotANetwork, Scope};
pub use texts::{
    EnglishTexts, Feature, KeptCopy, MediaTrouble, Texts, Trouble, WhyKept, WhyNotMerged,
};
