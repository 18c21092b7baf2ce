//! The folder in which a fuzz target works.

use tempfile::TempDir;

/// A folder of its own, in memory where that is possible: a database waits for its disk all the
/// time.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    folder.expect("a temporary folder")
}
