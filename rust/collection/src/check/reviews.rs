//! The time of a card's last review (`storage-check` 7).

use serde_json::{Map, Value};

use super::Context;
use super::finding::{Findings, Problem};
use crate::error::Result;

/// The key in a card's data, Unix seconds.
const KEY: &str = "lrt";

/// Cards that were reviewed, with their data and the time (ms) of the last review that counts:
/// one with a button, not a preview, and after the last reset.
const REVIEWED: &str = "
SELECT id, CAST(data AS BLOB), (
    SELECT max(answer.id) FROM revlog AS answer
    WHERE answer.cid = cards.id AND answer.ease BETWEEN 1 AND 4
      AND NOT (answer.type = 3 AND answer.factor = 0)
      AND answer.id > coalesce((
          SELECT max(reset.id) FROM revlog AS reset
          WHERE reset.cid = cards.id AND reset.type = 4 AND reset.factor = 0), 0))
FROM cards WHERE id > ?1 AND type != 0
    AND EXISTS (SELECT 1 FROM revlog WHERE revlog.cid = cards.id)
ORDER BY id";

/// Wrong cards that are in memory at a time.
const BATCH: usize = 10_000;

/// Writes the time into the data of cards that lack it or have another. They do not count as
/// modified, as in clients.
pub(super) fn mend_last_review_times(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    let mut update = context.conn.prepare("UPDATE cards SET data = ?2 WHERE id = ?1")?;
    let mut after = i64::MIN;
    loop {
        let wrong = some_wrong(context, after)?;
        let Some((last, _)) = wrong.last() else {
            return Ok(());
        };
        after = *last;
        for card in &wrong {
            update.execute((card.0, &card.1))?;
        }
        findings.add(Problem::LastReviewTime, wrong.len() as u64, true);
    }
}

/// Cards after an id whose data is wrong, in the order of their ids, with the right data.
fn some_wrong(context: &Context<'_>, after: i64) -> Result<Vec<(i64, String)>> {
    let mut wrong = Vec::new();
    let mut statement = context.conn.prepare_cached(REVIEWED)?;
    let mut rows = statement.query([after])?;
    while wrong.len() < BATCH
        && let Some(row) = rows.next()?
    {
        let last: Option<i64> = row.get(2)?;
        let seconds = last.map(|ms| ms.div_euclid(1000));
        let data = row.get_ref(1)?.as_bytes().unwrap_or_default();
        if let Some(data) = corrected(data, seconds) {
            wrong.push((row.get(0)?, data));
        }
    }
    Ok(wrong)
}

/// The data with this time in it; `None` when it is right already. Anything but an object counts as
/// empty, as in clients.
fn corrected(data: &[u8], seconds: Option<i64>) -> Option<String> {
    let mut map: Map<String, Value> = serde_json::from_slice(data).unwrap_or_default();
    if map.get(KEY).and_then(Value::as_i64) == seconds {
        return None;
    }
    match seconds {
        Some(seconds) => map.insert(KEY.to_owned(), seconds.into()),
        None => map.remove(KEY),
    };
    Some(Value::Object(map).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wrong_time_changes_the_data() {
        for (data, seconds, expected) in [
            ("", Some(5), Some(r#"{"lrt":5}"#)),
            (r#"{"pos":1}"#, Some(5), Some(r#"{"lrt":5,"pos":1}"#)),
            (r#"{"s":7.5132,"lrt":4,"zz":1}"#, Some(5), Some(r#"{"lrt":5,"s":7.5132,"zz":1}"#)),
            (r#"{"lrt":5}"#, Some(5), None),
            (r#"{"lrt":5}"#, None, Some("{}")),
            ("nonsense", None, None),
        ] {
            assert_eq!(corrected(data.as_bytes(), seconds).as_deref(), expected, "{data}");
        }
    }
}
