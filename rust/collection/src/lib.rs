//! An Anki collection file (schema 18) and the endpoint's half of every sync step on it.
//!
//! Everything here is plain functions on one SQLite connection. No network, no async, no
//! accounts; folders and the current time are passed in.

mod blobs;
mod check;
mod collation;
mod collection;
mod compare;
mod connection;
mod create;
mod error;
mod interrupt;
mod media_texts;
mod migrate;
mod names;
pub mod objects;
mod one_way;
mod peek;
mod pending;
mod schema;
mod snapshot;
mod summary;
pub mod sync;
mod text;
mod upload;

pub use check::{Checkup, Finding, Problem, check_copy};
pub use collection::{Collection, CollectionState};
pub use compare::{Difference, How, compare, digest};
pub use error::{Error, Result};
pub use media_texts::visit_media_texts;
pub use migrate::{UpgradeError, export_schema11};
pub use one_way::force_one_way;
pub use peek::summary_of_file;
pub use pending::TakenIn;
pub use summary::{Overview, Summary};
pub use upload::{UploadError, accept_upgrade, accept_upload};
