//! Ending long statements from another thread.

use deckport_ground::interrupt::Interrupt;
use rusqlite::Connection;

/// Steps of SQLite's machine, or pages of its integrity check, between two looks: a few
/// milliseconds.
const STEPS: i32 = 1_000;

/// From now on a statement of the connection ends when `interrupt` is set.
pub(crate) fn watch(conn: &mut Connection, interrupt: &Interrupt) -> rusqlite::Result<()> {
    let own = interrupt.clone();
    conn.progress_handler(STEPS, Some(move || own.is_set()))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{Collection, Error, UploadError, accept_upload, check_copy};

    #[test]
    fn a_statement_without_end_ends() {
        let mut conn = Connection::open_in_memory().unwrap();
        let interrupt = Interrupt::default();
        watch(&mut conn, &interrupt).unwrap();
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
    fn interrupted_work_says_nothing_about_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.anki2");
        Collection::create(&path, 1).unwrap().close().unwrap();
        let interrupt = Interrupt::default();
        interrupt.set();
        let checked = check_copy(&path, 1, &interrupt);
        assert!(matches!(checked, Err(Error::Interrupted)), "{checked:?}");
        let accepted = accept_upload(&path, 1, &interrupt);
        let ended = matches!(accepted, Err(UploadError::Endpoint(Error::Interrupted)));
        assert!(ended, "{accepted:?}");
    }
}
