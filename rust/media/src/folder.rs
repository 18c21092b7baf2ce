//! The places inside an account's folder, and what kind of disk they are on.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, remove_if_there};
use crate::name::OWN_PREFIX;

/// No common file system holds longer names.
const LONGEST_COMPONENT_BYTES: usize = 255;

/// An account's media folder.
#[derive(Clone)]
pub(crate) struct Folder {
    account: PathBuf,
    media: PathBuf,
    incoming: PathBuf,
    trash: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
}

impl Folder {
    pub(crate) fn new(account: &Path, disk: Arc<dyn Disk>) -> Folder {
        let media = account.join("media");
        Folder {
            account: account.to_owned(),
            // Inside `media`, so that a rename stays on one disk even when `media` is a mounted
            // one; clients and the reference server ignore folders in there.
            incoming: media.join(format!("{OWN_PREFIX}-incoming")),
            trash: account.join("media.trash"),
            media,
            disk,
        }
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.account.join("media.db")
    }

    /// Where the files are.
    pub(crate) fn media(&self) -> &Path {
        &self.media
    }

    /// Where files are written before they are put in place.
    pub(crate) fn incoming(&self) -> &Path {
        &self.incoming
    }

    /// Where files go that a person removed or that were in the way.
    pub(crate) fn trash(&self) -> &Path {
        &self.trash
    }

    /// Makes the trash where there is none. Its name is on the disk then: what is moved there must
    /// not be lost with it.
    pub(crate) fn make_trash(&self) -> io::Result<()> {
        if self.disk.stat(&self.trash)?.is_none() {
            self.disk.create_dir(&self.trash)?;
            self.disk.sync_dir(&self.account)?;
        }
        Ok(())
    }

    /// The path of a stored file. `None` when the name would lead out of the folder, which only a
    /// stranger's database can say.
    pub(crate) fn stored(&self, stored: &str) -> Option<PathBuf> {
        is_single(stored).then(|| self.media.join(stored))
    }

    /// The path of an incoming file, with the same care.
    pub(crate) fn incoming_file(&self, incoming: &str) -> Option<PathBuf> {
        is_single(incoming).then(|| self.incoming.join(incoming))
    }

    /// Whether an entry of the media folder is our own.
    pub(crate) fn is_own(entry: &OsStr) -> bool {
        entry.to_str().is_some_and(|name| name.starts_with(OWN_PREFIX))
    }

    /// Whether the disk takes two spellings for one file: another case, or another composition
    /// of an accent. Found by trying, since nothing else tells it reliably.
    pub(crate) fn folds_names(&self) -> io::Result<bool> {
        let probe = self.incoming.join("probe-\u{e9}");
        remove_if_there(&*self.disk, &probe)?;
        drop(self.disk.create(&probe)?);
        let other = |name: &str| self.disk.stat(&self.incoming.join(name));
        let folds = other("PROBE-\u{e9}")
            .and_then(|case| Ok(case.is_some() || other("probe-e\u{301}")?.is_some()));
        self.disk.remove(&probe)?;
        folds
    }
}

/// Whether a name is one ordinary path component.
fn is_single(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(components.next(), Some(Component::Normal(only)) if only == OsStr::new(name))
        && components.next().is_none()
        && name.len() <= LONGEST_COMPONENT_BYTES
        && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::disk::RealDisk;

    /// Remembers which folders were synced.
    #[derive(Default)]
    struct WatchedDisk(Mutex<Vec<PathBuf>>);

    impl Disk for WatchedDisk {
        fn sync_dir(&self, path: &Path) -> io::Result<()> {
            self.0.lock().unwrap().push(path.to_owned());
            Ok(())
        }
    }

    #[test]
    fn a_new_trash_is_on_the_disk_before_anything_is_in_it() {
        let account = tempfile::tempdir().unwrap();
        let disk = Arc::new(WatchedDisk::default());
        let folder = Folder::new(account.path(), disk.clone());
        for _ in 0..2 {
            folder.make_trash().unwrap();
            assert!(folder.trash().is_dir());
            assert_eq!(*disk.0.lock().unwrap(), [account.path()]);
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Folder::new(Path::new("/account"), Arc::new(RealDisk));
        for name in
            ["", ".", "..", "../x", "/etc/passwd", "a/b", "a/", "./a", "a\0b", &"l".repeat(256)]
        {
            assert_eq!(folder.stored(name), None, "{name:?}");
            assert_eq!(folder.incoming_file(name), None, "{name:?}");
        }
        assert_eq!(folder.stored("a.txt").unwrap(), Path::new("/account/media/a.txt"));
        assert_eq!(folder.stored("..a").unwrap(), Path::new("/account/media/..a"));
    }
}
