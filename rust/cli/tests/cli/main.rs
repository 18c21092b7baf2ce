//! The `deckport` program as a person runs it: real processes, real sockets, temporary folders.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy excuses test functions, but not the helpers that only tests call"
)]

mod accounts;
mod backups;
#[cfg(unix)]
mod door;
mod failures;
mod lifecycle;
mod media;
mod packages;
mod support;
