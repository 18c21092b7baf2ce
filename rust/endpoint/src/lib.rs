//! The Anki sync endpoint: who may come in, HTTP, and the object that embedders hold.
//!
//! Everything it needs from outside (folder, clock, listeners, where events go) is passed in;
//! it prints nothing and reads nothing from the environment. A request walks straight down:
//! `deckport-wire` decodes, `deckport-accounts` knows who asks, `deckport-household` has the
//! account's worker, `deckport-collection` does the work.

mod addresses;
mod announce;
mod endpoint;
mod handle;
mod health;
mod interfaces;
mod link_kind;
mod listen;
mod memory;
mod options;
mod own_networks;
mod page;
mod refusals;
mod scope;
mod server;
mod tls;

pub use deckport_accounts::{
    Account, ConfiguredAccount, Device, Identity, Login, LoginError, PairingWindow, Registry,
    RegistryError, Secret, generate_password,
};
pub use deckport_collection::{Difference, Finding, Overview, Summary, TakenIn, UploadError};
pub use deckport_ground::clock::{Clock, ManualClock, SystemClock};
pub use deckport_ground::interrupt::Interrupt;
pub use deckport_ground::progress::{Progress, Stage, Watcher, go_on};
pub use deckport_household::{
    AccountCare, AccountOverview, AnnounceState, Announcement, BackupError, BackupFolder,
    BackupInfo, BackupPolicy, BackupReason, CareError, CheckReport, Counts, DataFolder,
    EnglishTexts, Event, EventSink, ExportOptions, ExportReport, Feature, FolderError,
    ImportReport, KeptCopy, MediaCounts, MediaFindings, MediaTrouble, NullEvents, OverviewError,
    RecentRefusal, RefusalKind, Replaced, RequestRecord, SyncCounts, Texts, Trouble, WhyKept,
    WhyNotAnnounced, WhyNotMerged, create_data_folder,
};
pub use deckport_mdns::{BadHostName, HostName};
pub use deckport_media::{Added, Error as MediaError, Trash, UnusedFile};

pub use addresses::{Address, addresses};
pub use announce::{AnnounceOptions, host_name, keep_host_name};
pub use endpoint::{Endpoint, OpenError, ServeError};
pub use handle::EndpointHandle;
pub use interfaces::{Interfaces, SystemInterfaces};
pub use link_kind::LinkKind;
pub use listen::{ListenError, ListenOn, listen};
pub use options::{EndpointOptions, Limits, Timings, TrustedProxies};
pub use own_networks::{InterfaceAddress, OwnNetworks, Way};
pub use scope::{Network, NotANetwork, Scope};
pub use tls::{CaCertificate, OwnCertificate, TlsError, TlsMode, TlsOptions, certificate};
