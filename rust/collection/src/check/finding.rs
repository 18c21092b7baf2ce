//! What can be wrong, in words.

use std::fmt;

use super::Checkup;

/// A kind of damage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The database is malformed; only a backup helps.
    Malformed,
    /// Indexes do not match their tables.
    Indexes,
    /// Rows that no client could load. The text names the first.
    Unreadable(String),
    /// New cards with a position beyond what clients count to.
    HighDue,
    /// Values of cards outside their range.
    CardProperty,
    /// Cards whose note does not exist.
    CardWithoutNote,
    /// Decks that cards or decks below them need.
    MissingDeck,
    /// Cards of a filtered deck that do not know where they come from.
    HomelessCard,
    /// Notes whose notetype does not exist.
    MissingNotetype,
    /// Notes with bytes that are not text.
    InvalidText,
    /// Notes with more or fewer fields than their notetype.
    FieldCount,
    /// Cards that a note has twice.
    DuplicateCard,
    /// Cards without a template.
    MissingTemplate,
    /// Values of reviews outside their range.
    ReviewProperty,
    /// Cards that do not say when they were last reviewed, or say it wrong.
    LastReviewTime,
    /// Notes, cards or reviews from the future.
    FutureId,
    /// Deletions of unknown kinds, which make syncs fail.
    UnknownDeletion,
    /// The default deck or preset is gone.
    MissingDefault,
}

impl Problem {
    /// Whether a repair removes it.
    #[must_use]
    pub fn is_mendable(&self) -> bool {
        !matches!(self, Problem::Malformed | Problem::Unreadable(_) | Problem::HomelessCard)
    }
}

/// One kind of damage and how much there is of it. `Display` is one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub problem: Problem,
    /// How many rows.
    pub count: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count;
        match &self.problem {
            Problem::Malformed => {
                write!(f, "The database is malformed: put a backup in its place.")
            }
            Problem::Indexes => write!(f, "The database's indexes do not fit its tables."),
            Problem::Unreadable(what) => write!(f, "No Anki could load this: {what}."),
            Problem::HighDue => write!(f, "New cards with too high a position: {count}."),
            Problem::CardProperty => write!(f, "Invalid values of cards: {count}."),
            Problem::CardWithoutNote => write!(f, "Cards without a note: {count}."),
            Problem::MissingDeck => write!(f, "Missing decks: {count}."),
            Problem::HomelessCard => write!(
                f,
                "Cards in a filtered deck without a home deck: {count}. Move them to another \
                 deck in Anki before you delete that deck."
            ),
            Problem::MissingNotetype => write!(f, "Notes without a notetype: {count}."),
            Problem::InvalidText => write!(f, "Notes with invalid characters: {count}."),
            Problem::FieldCount => write!(f, "Notes with a wrong number of fields: {count}."),
            Problem::DuplicateCard => write!(f, "Cards that their note has twice: {count}."),
            Problem::MissingTemplate => write!(f, "Cards without a template: {count}."),
            Problem::ReviewProperty => write!(f, "Invalid values of reviews: {count}."),
            Problem::LastReviewTime => write!(
                f,
                "Cards without the right time of their last review: {count}. Anki before 25.07 \
                 leaves them so; it is harmless."
            ),
            Problem::FutureId => {
                write!(f, "Notes, cards or reviews with a time in the future: {count}.")
            }
            Problem::UnknownDeletion => write!(f, "Deletions of an unknown kind: {count}."),
            Problem::MissingDefault => write!(f, "The default deck or preset is missing."),
        }
    }
}

/// What a check has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
    one_way: bool,
}

impl Findings {
    /// Adds rows to a kind of damage; no rows are no finding. `one_way` says that a merge cannot
    /// pass on their repair.
    pub(super) fn add(&mut self, problem: Problem, count: u64, one_way: bool) {
        if count == 0 {
            return;
        }
        self.one_way |= one_way;
        match self.found.iter_mut().find(|finding| finding.problem == problem) {
            Some(finding) => finding.count += count,
            None => self.found.push(Finding { problem, count }),
        }
    }

    /// Adds what stands in the way of loading the collection.
    pub(super) fn add_unreadable(&mut self, what: String) {
        self.add(Problem::Unreadable(what), 1, false);
    }

    /// `sound` says that the copy can be served.
    pub(super) fn into_checkup(self, sound: bool) -> Checkup {
        let mended = sound && self.found.iter().any(|finding| finding.problem.is_mendable());
        Checkup { findings: self.found, mended, one_way: self.one_way }
    }
}
