//! What every other crate stands on: files, and when they are safe; dates. Nothing here knows of Anki.
//!
//! [`durable`] is the one place that says what it takes for a file or a name to survive a power cut;
//! [`files`] has the small operations that build on it.

pub mod calendar;
pub mod durable;
pub mod files;
