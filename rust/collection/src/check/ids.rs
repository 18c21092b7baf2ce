//! Ids are times of creation; none may lie far in the future (`storage-check` 26).

use super::Context;
use super::finding::{Findings, Problem};
use crate::error::Result;

/// A clock may be a day off.
const TOLERANCE_MS: i64 = 86_400_000;

/// Tables with such ids, and what refers to them.
const TABLES: [(&str, Option<(&str, &str)>); 3] =
    [("notes", Some(("cards", "nid"))), ("cards", Some(("revlog", "cid"))), ("revlog", None)];

/// Gives objects from the future ids that start from now.
pub(super) fn renumber_future(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let Context { conn, now_ms, .. } = context;
    let limit = now_ms.saturating_add(TOLERANCE_MS);
    for (table, reference) in TABLES {
        let sql = format!("SELECT id FROM {table} WHERE id > ?1 ORDER BY id");
        let future: Vec<i64> = conn
            .prepare(&sql)?
            .query_map([limit], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let sql = format!("SELECT coalesce(max(id), 0) FROM {table} WHERE id <= ?1");
        let highest: i64 = conn.query_row(&sql, [limit], |row| row.get(0))?;
        let free = (highest.saturating_add(1)).max(*now_ms)..;
        let mut renumber = conn.prepare(&format!("UPDATE {table} SET id = ?2 WHERE id = ?1"))?;
        let mut follow = match reference {
            Some((referrer, column)) => Some(
                conn.prepare(&format!("UPDATE {referrer} SET {column} = ?2 WHERE {column} = ?1"))?,
            ),
            None => None,
        };
        for (old, new) in future.iter().zip(free) {
            renumber.execute((old, new))?;
            if let Some(follow) = &mut follow {
                follow.execute((old, new))?;
            }
        }
        findings.add(Problem::FutureId, future.len() as u64, true);
    }
    Ok(())
}
