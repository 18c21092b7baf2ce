//! Upgrades and downgrades of files as old clients make them.

mod downgrading;
mod noise;
mod old_file;
mod older_versions;
mod promoting;
mod refusals;
mod upgrading;
