//! Between the formats of a collection file: from 11 and 14-17 up to 18, the only one that is
//! served, and from 18 down to 11 for clients that read nothing else (`storage-migrate`).
//!
//! The objects themselves are read and written by [`crate::objects`] and [`crate::blobs`]; here
//! are the rules that hold for whole files. Notes, cards and reviews are the same in all formats.

mod columns;
mod config;
mod decks;
mod downgrade;
mod error;
mod graves;
mod names;
mod notetypes;
mod presets;
mod promote;
mod structure;
mod tags;
mod upgrade;

pub use downgrade::export_schema11;
pub use error::UpgradeError;
pub(crate) use promote::promote_stuck_keys;
pub(crate) use upgrade::upgrade;

/// The format that every client reads and all up to 2.1.56 exchange (`storage` 2).
const SCHEMA11: i64 = 11;

#[cfg(test)]
mod tests;
