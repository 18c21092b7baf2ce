//! Telling a person that the disk cannot be written.
//!
//! Clients show a reason for a failed sync only when it comes in the answer to `meta`, before
//! anything has been tried (`transport` 6.2); a step that fails later is shown as a temporary
//! problem. So after such a failure the next `meta` checks whether the disk can be written, and says
//! so if not.

use std::io;
use std::path::Path;

use crate::folder::{FolderError, check_writable};
use crate::texts::Trouble;
use crate::work_error::WorkError;

/// Whether to check the disk.
#[derive(Debug, Default)]
pub(super) struct DiskDoubt {
    is_due: bool,
}

impl DiskDoubt {
    /// Remembers a failure that the disk may have caused.
    pub(super) fn note(&mut self, error: &WorkError) {
        self.is_due |= error.may_be_the_disk();
    }

    /// After a failure that the disk may have caused: what to tell a person, if it did.
    pub(super) fn suspect(&mut self, folder: &Path) -> Option<Trouble> {
        self.is_due = true;
        self.complaint(folder)
    }

    /// What to tell a person, if `folder` cannot be written; costs nothing without a failure.
    pub(super) fn complaint(&mut self, folder: &Path) -> Option<Trouble> {
        let complaint = if self.is_due { look(folder) } else { None };
        self.is_due = complaint.is_some();
        complaint
    }
}

fn look(folder: &Path) -> Option<Trouble> {
    let error = match check_writable(folder) {
        Err(FolderError::NotWritable { source, .. }) => source,
        _ => return None,
    };
    Some(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::DiskFull,
        _ => Trouble::DiskNotWritable(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_looked_at_after_a_failure_until_it_is_well() {
        let folder = tempfile::tempdir().unwrap();
        // A folder in the probe's place cannot be written by any user, root included.
        let obstacle = folder.path().join("deckport.probe");
        std::fs::create_dir(&obstacle).unwrap();
        let mut doubt = DiskDoubt::default();
        assert!(doubt.complaint(folder.path()).is_none());
        doubt.note(&WorkError::NoSession);
        assert!(doubt.complaint(folder.path()).is_none());
        doubt.note(&WorkError::Failed("a write failed".to_owned()));
        assert!(doubt.complaint(folder.path()).unwrap().to_string().contains("cannot write"));
        assert!(doubt.complaint(folder.path()).is_some());
        std::fs::remove_dir(&obstacle).unwrap();
        assert!(doubt.complaint(folder.path()).is_none());
        std::fs::create_dir(&obstacle).unwrap();
        assert!(doubt.complaint(folder.path()).is_none());
        assert!(doubt.suspect(folder.path()).is_some());
    }
}
