//! Ending long work on a file from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

/// Steps of SQLite's machine, or pages of its integrity check, between two looks: some
/// milliseconds.
const STEPS: i32 = 1_000;

/// Ends long work on a private copy, which is thrown away then. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    own: Arc<AtomicBool>,
    /// Whatever of these is set counts like the own one.
    above: Vec<Arc<AtomicBool>>,
}

impl Interrupt {
    /// One that is set by itself, or when this one is: for one of several pieces of work.
    #[must_use]
    pub fn below(&self) -> Interrupt {
        Interrupt::default().or(self)
    }

    /// This one, which also counts as set when the other one is.
    #[must_use]
    pub fn or(&self, other: &Interrupt) -> Interrupt {
        let mut above = self.above.clone();
        above.push(Arc::clone(&other.own));
        above.extend(other.above.iter().cloned());
        Interrupt { own: Arc::clone(&self.own), above }
    }

    /// Asks the work to end, for good. It fails soon with [`Error::Interrupted`](crate::Error).
    pub fn set(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether it was asked to.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let is_set = |flag: &Arc<AtomicBool>| flag.load(Ordering::Acquire);
        is_set(&self.own) || self.above.iter().any(is_set)
    }

    /// From now on a statement of this connection ends when this is set.
    pub(crate) fn watch(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        let own = self.clone();
        conn.progress_handler(STEPS, Some(move || own.is_set()))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{Collection, Error, UploadError, accept_interruptibly, check_copy};

    #[test]
    fn a_statement_without_end_ends() {
        let mut conn = Connection::open_in_memory().unwrap();
        let interrupt = Interrupt::default();
        interrupt.watch(&mut conn).unwrap();
        let other = interrupt.clone();
        let setting = thread::spawn(move || other.set());
        let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
             SELECT count(*) FROM n";
        let ended: Result<i64, _> = conn.query_row(endless, [], |row| row.get(0));
        let code = ended.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        setting.join().unwrap();
    }

    #[test]
    fn what_is_above_ends_all_and_what_is_below_only_itself() {
        let above = Interrupt::default();
        let (one, other) = (above.below(), above.below());
        one.set();
        assert_eq!([one.is_set(), other.is_set(), above.is_set()], [true, false, false]);
        above.set();
        assert!(other.is_set());
    }

    #[test]
    fn one_of_two_is_enough() {
        let (one, other) = (Interrupt::default(), Interrupt::default());
        let both = one.or(&other).below();
        assert!(!both.is_set());
        other.set();
        assert_eq!([both.is_set(), one.is_set()], [true, false]);
    }

    #[test]
    fn interrupted_work_says_nothing_about_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.anki2");
        Collection::create(&path, 1).unwrap().close().unwrap();
        let interrupt = Interrupt::default();
        interrupt.set();
        let checked = check_copy(&path, 1, &interrupt);
        assert!(matches!(checked, Err(Error::Interrupted)), "{checked:?}");
        let accepted = accept_interruptibly(&path, 1, &interrupt);
        let ended = matches!(accepted, Err(UploadError::Endpoint(Error::Interrupted)));
        assert!(ended, "{accepted:?}");
    }
}
