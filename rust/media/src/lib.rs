//! A media folder and its server database (`media-sync` 8, 9, 16, 18).
//!
//! [`MediaStore`] owns one account's `media/` folder and `media.db`: it says what changed, takes in
//! uploaded batches, sends files as zips, and finds and heals what went wrong on the disk.
//! [`references`] and [`SanityViews`] are pure helpers beside it. There is no network, no async
//! and no account here; one thread uses a store at a time.
//!
//! Two rules hold everywhere: what a method reports as done is on the disk and survives a power
//! loss; and a method that fails leaves records and files as they were.

mod addition;
mod ahead;
mod check;
mod database;
mod disk;
mod download;
mod emptying;
mod error;
mod folder;
mod listing;
mod look;
mod name;
mod pending;
mod records;
mod references;
mod sanity;
mod store;
mod take_over;
mod trash;
mod upload;
mod usn;
mod verify;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use addition::{Added, Addition};
pub use check::{CheckReport, Checking, Progress};
pub use download::Download;
pub use emptying::Trash;
pub use error::{Error, Result};
pub use listing::ListedFile;
pub use look::LookReport;
pub use name::is_normalised;
pub use references::{References, references};
pub use sanity::SanityViews;
pub use store::{MediaStore, Summary, Totals};
pub use trash::UnusedFile;
pub use upload::UploadResult;
