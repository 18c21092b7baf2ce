//! Values of single columns (`storage-check` 1 - 6, 22, 23).

use rusqlite::named_params;

use super::Context;
use super::finding::{Findings, Problem};
use crate::error::Result;

/// A rule on the rows of one table.
struct Rule {
    problem: Problem,
    table: &'static str,
    /// Which rows are wrong.
    wrong: &'static str,
    /// What makes them right.
    right: &'static str,
    one_way: bool,
}

/// Rounds and clamps what is not a 32-bit number.
macro_rules! number {
    ($problem:expr, $table:literal, $column:literal, $least:literal, $one_way:literal) => {
        Rule {
            problem: $problem,
            table: $table,
            wrong: concat!(
                "typeof(",
                $column,
                ") != 'integer' OR ",
                $column,
                " NOT BETWEEN ",
                $least,
                " AND 2147483647"
            ),
            right: concat!(
                $column,
                " = max(",
                $least,
                ", min(2147483647, CAST(round(",
                $column,
                ") AS INTEGER)))"
            ),
            one_way: $one_way,
        }
    };
}

const CARD_RULES: [Rule; 8] = [
    Rule {
        problem: Problem::HighDue,
        table: "cards",
        wrong: "type = 0 AND queue != 4 AND due >= 1000000 AND due != 1000000 + due % 1000000",
        right: "due = 1000000 + due % 1000000",
        one_way: false,
    },
    Rule {
        problem: Problem::CardProperty,
        table: "cards",
        wrong: "queue = 2 AND due > 100000",
        right: "due = :today",
        one_way: false,
    },
    number!(Problem::CardProperty, "cards", "due", "-2147483648", false),
    number!(Problem::CardProperty, "cards", "odue", "-2147483648", false),
    number!(Problem::CardProperty, "cards", "ivl", "0", false),
    Rule {
        problem: Problem::CardProperty,
        table: "cards",
        wrong: ":scheduler != 1 AND odue > 0 AND odid = 0 AND (type = 1 OR queue = 2)",
        right: "odue = 0",
        one_way: false,
    },
    Rule {
        problem: Problem::CardProperty,
        table: "cards",
        wrong: "typeof(mod) != 'integer'",
        // The time of this repair is a right one.
        right: "due = due",
        one_way: false,
    },
    Rule {
        problem: Problem::CardProperty,
        table: "cards",
        wrong: "typeof(ord) != 'integer' OR ord NOT BETWEEN 0 AND 30000",
        right: "ord = max(0, min(30000, CAST(round(ord) AS INTEGER)))",
        one_way: false,
    },
];

const REVIEW_RULES: [Rule; 4] = [
    number!(Problem::ReviewProperty, "revlog", "ivl", "-2147483648", true),
    number!(Problem::ReviewProperty, "revlog", "lastIvl", "-2147483648", true),
    number!(Problem::ReviewProperty, "revlog", "time", "0", true),
    Rule {
        problem: Problem::ReviewProperty,
        table: "revlog",
        wrong: "type = 0 AND ease = 0 AND time = 0",
        right: "type = 5",
        one_way: true,
    },
];

/// Mends cards; they count as modified now.
pub(super) fn mend_cards(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    mend(context, &CARD_RULES, ", mod = :now, usn = :usn", findings)
}

/// Mends reviews, which have no time of modification.
pub(super) fn mend_reviews(context: &Context<'_>, findings: &mut Findings) -> Result<()> {
    mend(context, &REVIEW_RULES, "", findings)
}

fn mend(context: &Context<'_>, rules: &[Rule], stamp: &str, findings: &mut Findings) -> Result<()> {
    for rule in rules {
        let Rule { table, wrong, right, .. } = rule;
        let sql = format!("UPDATE {table} SET {right}{stamp} WHERE {wrong}");
        let mut statement = context.conn.prepare(&sql)?;
        for (name, value) in named_params! {
            ":today": context.today, ":scheduler": context.scheduler,
            ":now": context.now(), ":usn": context.usn,
        } {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        let mended = statement.raw_execute()?;
        findings.add(rule.problem.clone(), mended as u64, rule.one_way);
    }
    Ok(())
}
