//! Clients that have seen a usn that we never gave: our media were replaced by an older state, or
//! by another account's (`media-sync` 15.7).
//!
//! Such a client gets an empty list, and only its count of files can reveal that it has different
//! ones; until our usn has passed its own it misses every change. So our usn moves past the
//! client's at once, and all files are listed again: the client takes what it lacks, and so it has
//! our number of files only if it has our files and no others. If it has more, its check fails, and
//! its next sync sends them.
//!
//! Deletions are not listed again: what was deleted here and added there since would vanish. A
//! client that starts from scratch knows better (`media-sync` 11.2).

use deckport_wire::Usn;

use crate::error::{Error, Result};
use crate::store::MediaStore;
use crate::usn;

/// A client that claims to have seen more is not believed: it would use up all numbers.
const MOST_BELIEVED: Usn = 1 << 30;

impl MediaStore {
    /// Moves the usn past one that a client says it has seen, and lists all files again. `false`
    /// when nothing had to be done. On disk when this returns. `now_ms` are Unix milliseconds.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing has changed.
    pub fn overtake(&mut self, seen: Usn, now_ms: i64) -> Result<bool> {
        if seen <= usn::current(&self.conn)? || seen > MOST_BELIEVED {
            return Ok(false);
        }
        let tx = self.transaction()?;
        let listed = tx.execute(
            "UPDATE media SET usn = ?1 + numbered.place
             FROM (SELECT fname, row_number() OVER (ORDER BY usn, fname) AS place
                   FROM media WHERE size > 0) AS numbered
             WHERE media.fname = numbered.fname",
            [seen],
        )?;
        let listed = Usn::try_from(listed).map_err(|_| Error::UsnExhausted)?;
        // Even without files the client must see a new number.
        let next = seen.checked_add(listed.max(1)).ok_or(Error::UsnExhausted)?;
        usn::set(&tx, next, now_ms.div_euclid(1000))?;
        tx.commit()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, NOW_MS};

    #[test]
    fn a_client_that_is_ahead_is_told_of_all_files_and_of_no_deletion() {
        let mut account = Account::new();
        account.upload(&[("b", Some(b"1")), ("gone", Some(b"2")), ("a", Some(b"3"))]);
        account.delete("gone");
        assert!(account.store().overtake(63, NOW_MS).unwrap());
        let mut names = |after| -> Vec<(String, Usn)> {
            let page = account.store().changes_since(after).unwrap();
            page.into_iter().map(|change| (change.name, change.usn)).collect()
        };
        assert_eq!(names(63), [("b".to_owned(), 64), ("a".to_owned(), 65)]);
        assert_eq!(names(0).len(), 3);
        assert_eq!(account.store().usn().unwrap(), 65);
        let summary = account.store().summary().unwrap();
        assert_eq!((summary.files, summary.bytes), (2, 2));
        // It continues from there, even after a restart.
        account.close();
        assert_eq!(account.add("c", b"4").current_usn, 66);
    }

    #[test]
    fn an_empty_account_moves_on_too() {
        let mut account = Account::new();
        assert!(account.store().overtake(63, NOW_MS).unwrap());
        assert_eq!(account.store().usn().unwrap(), 64);
        assert_eq!(account.store().changes_since(63).unwrap().len(), 1);
        assert_eq!(account.store().summary().unwrap().files, 0);
    }

    #[test]
    fn a_client_that_knows_what_we_know_or_cannot_be_believed_changes_nothing() {
        let mut account = Account::new();
        account.add("a", b"1");
        for seen in [-1, 0, 1, MOST_BELIEVED + 1, Usn::MAX] {
            assert!(!account.store().overtake(seen, NOW_MS).unwrap(), "{seen}");
        }
        assert_eq!(account.listed()["a"].0, 1);
        assert!(account.store().overtake(MOST_BELIEVED, NOW_MS).unwrap());
        assert_eq!(account.add("b", b"2").current_usn, MOST_BELIEVED + 2);
    }
}
