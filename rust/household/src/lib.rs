//! An account's collection and media as a living thing.
//!
//! [`Household`] has the accounts of one data folder. Each account in use has a [`Worker`], which
//! owns its collection and its media in their place, gives the lease to one device after the other,
//! and keeps backups; [`AccountCare`] is what a person does with an account. What devices are told
//! is in [`Texts`]. Why something was not done is a [`WorkError`]: the server decides which status a
//! client gets for it. Nothing here prints, knows of HTTP, or needs a runtime.

mod backup;
mod care;
mod errands;
mod events;
mod folder;
mod household;
mod lease;
mod options;
mod overview;
mod place;
mod quota;
mod storage_watch;
mod texts;
mod work_error;
mod worker;

pub use backup::{BackupError, BackupFolder, BackupInfo, BackupPolicy, BackupReason, Counts};
pub use care::{
    AccountCare, CareError, CheckReport, ExportOptions, ExportReport, ImportReport, MediaFindings,
    Replaced,
};
pub use errands::{Errand, Errands};
pub use events::{
    AnnounceState, Announcement, Event, EventSink, MediaCounts, NullEvents, RecentRefusal,
    RefusalKind, RequestRecord, SyncCounts, WhyNotAnnounced,
};
pub use folder::{DataFolder, FolderError, check_writable, create_data_folder};
pub use household::Household;
pub use lease::DeviceKey;
pub use options::HouseholdOptions;
pub use overview::{AccountOverview, OverviewError};
pub use place::Place;
pub use texts::{
    EnglishTexts, Feature, KeptCopy, MediaTrouble, Texts, Trouble, WhyKept, WhyNotMerged,
};
pub use work_error::WorkError;
pub use worker::{
    Caller, FileForm, Media, MediaAsker, MediaZip, NewCollection, Snapshot, StepRequest, SyncHold,
    UploadLease, Worker, Workers,
};
