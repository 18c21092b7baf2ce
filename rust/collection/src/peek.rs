//! Looking into a collection file that nobody has open, without leaving a trace beside it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::connection::{check_version, configure_plain};
use crate::error::{Error, Result};
use crate::summary::{Summary, summarise};

/// Counts the notes, cards and reviews of the complete collection file at `path`, which nobody
/// changes meanwhile. A write-ahead log beside it is not read.
///
/// # Errors
/// [`Error::NotACollection`], [`Error::Damaged`], the errors about its version other than
/// [`Error::NeedsUpgrade`], or a failure of the disk.
pub fn summary_of_file(path: &Path) -> Result<Summary> {
    // SQLite reports a missing file and an unreadable one alike; the system tells them apart.
    std::fs::metadata(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(immutable_uri(path)?, flags)?;
    configure_plain(&conn)?;
    match check_version(&conn) {
        Ok(()) | Err(Error::NeedsUpgrade(_)) => summarise(&conn),
        Err(error) => Err(error),
    }
}

/// The address of a file that does not change: SQLite then makes neither lock nor log for it.
fn immutable_uri(path: &Path) -> Result<String> {
    let unusual = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "unusual file name");
    let absolute = std::path::absolute(path)?;
    let text = absolute.to_str().ok_or_else(unusual)?;
    let mut uri = "file://".to_owned();
    if !text.starts_with('/') {
        uri.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'-' | b'.' | b'_' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collection;

    #[test]
    fn a_file_is_counted_without_a_trace_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a ?#%41 ü.anki2");
        let collection = Collection::create(&path, 1_795_177_887_205).unwrap();
        let sql = "INSERT INTO revlog VALUES (7, 1, 0, 3, 1, 1, 2500, 1000, 0)";
        collection.conn().execute(sql, []).unwrap();
        collection.close().unwrap();
        let before = std::fs::read(&path).unwrap();
        let summary = summary_of_file(&path).unwrap();
        assert_eq!((summary.reviews, summary.last_review_ms), (1, Some(7)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_a_collection_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.anki2");
        assert!(matches!(summary_of_file(&path), Err(Error::Io(_))));
        std::fs::write(&path, "this is a text and not a database").unwrap();
        assert!(matches!(summary_of_file(&path), Err(Error::NotACollection)));
    }
}
