//! Making sure that files are on the disk and not only on their way.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Waits until a file's contents are on disk. Only for files that SQLite does not have open:
/// closing a file drops all of the process's locks on it.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// Waits until the names in a file's folder are on disk. Windows has no such call; there, names
/// are written through.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
