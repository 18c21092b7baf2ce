//! What every other crate stands on: files, and when they are safe; time; long work, and its end.
//! Nothing here knows of Anki.
//!
//! [`durable`] is the one place that says what it takes for a file or a name to survive a power cut;
//! [`files`] has the small operations that build on it, [`temp_file`] what exists only while
//! something is under way, and [`space`] knows how much room there is.

pub mod calendar;
pub mod clock;
pub mod durable;
pub mod faults;
pub mod files;
pub mod hex;
pub mod interrupt;
pub mod progress;
pub mod space;
pub mod temp_file;
