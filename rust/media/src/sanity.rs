//! Telling "another device changed something meanwhile" from "this device lacks files"
//! (`media-sync` 17.3).
//!
//! Clients compare file counts at the end of a sync, though they have not seen what others did
//! since they fetched. A false failure makes them hash everything again and may bring deleted
//! files back. So per media session we remember what the client has seen and what it did itself.

use deckport_wire::Usn;
use std::collections::VecDeque;

/// Sessions remembered; the least recently used is forgotten first.
const MOST_SESSIONS: usize = 64;
/// What `meta` told is used for this long, in seconds.
const TOLD_SECS: u64 = 300;
/// Answers of `meta` remembered.
const MOST_TOLD: usize = 64;

/// What the running media sessions of one account have seen. Lives in memory: an unknown session is
/// compared exactly.
///
/// A session is named by the token and the session id of its requests, in any form.
#[derive(Debug, Default)]
pub struct SanityViews {
    /// Least recently used first.
    sessions: VecDeque<(String, View)>,
    /// Token, usn, and when, seconds of a monotonic clock.
    told: VecDeque<(String, Usn, u64)>,
}

#[derive(Debug, Clone)]
struct View {
    /// The client has everything up to here.
    seen: Usn,
    /// First and last usn of its own uploads, ascending; uploads without a gap are one.
    own: Vec<(Usn, Usn)>,
}

impl SanityViews {
    /// `meta` told `usn` to a device with this token. Clients since 23.10 skip `begin` after it.
    /// `now_secs` is any clock that never goes back.
    pub fn told_in_meta(&mut self, token: &str, usn: Usn, now_secs: u64) {
        self.told.retain(|(_, _, at)| now_secs.saturating_sub(*at) <= TOLD_SECS);
        if self.told.len() >= MOST_TOLD {
            self.told.pop_front();
        }
        self.told.push_back((token.to_owned(), usn, now_secs));
    }

    /// `begin` returned `usn`.
    pub fn began(&mut self, session: &str, usn: Usn) {
        self.put(session, View { seen: usn, own: Vec::new() });
    }

    /// `mediaChanges` after `last_usn` returned a page that ends with `page_end` (`None` for an
    /// empty one) while the usn was `current`.
    pub fn listed(&mut self, session: &str, last_usn: Usn, page_end: Option<Usn>, current: Usn) {
        let seen = page_end.unwrap_or(last_usn.min(current));
        let own = self.take(session).map(|view| view.own).unwrap_or_default();
        self.put(session, View { seen, own });
    }

    /// `uploadChanges` moved the usn from `before` to `after`. `token` finds what `meta` told the
    /// device if this is the first request of the session.
    pub fn uploaded(&mut self, session: &str, token: &str, before: Usn, after: Usn, now_secs: u64) {
        let view = self.take(session).or_else(|| {
            let seen = self.lowest_told(token, now_secs)?;
            Some(View { seen, own: Vec::new() })
        });
        // A session of which nothing is known stays unknown.
        let Some(mut view) = view else { return };
        match view.own.last_mut() {
            Some((_, last)) if *last == before => *last = after,
            _ => view.own.push((before.saturating_add(1), after)),
        }
        self.put(session, view);
    }

    /// How many usns up to `current` others have used since this session looked; 0 when it is not
    /// known. For [`crate::MediaStore::sanity`].
    #[must_use]
    pub fn foreign(&self, session: &str, current: Usn) -> u32 {
        let Some((_, view)) = self.sessions.iter().find(|(name, _)| name == session) else {
            return 0;
        };
        let since = i64::from(current) - i64::from(view.seen);
        let own: i64 = view
            .own
            .iter()
            .map(|(first, last)| {
                let first = (*first).max(view.seen.saturating_add(1));
                (i64::from(*last) - i64::from(first) + 1).max(0)
            })
            .sum();
        u32::try_from((since - own).max(0)).unwrap_or(u32::MAX)
    }

    /// The session ended with `mediaSanity`.
    pub fn ended(&mut self, session: &str) {
        self.take(session);
    }

    fn lowest_told(&self, token: &str, now_secs: u64) -> Option<Usn> {
        self.told
            .iter()
            .filter(|(of, _, at)| of == token && now_secs.saturating_sub(*at) <= TOLD_SECS)
            .map(|(_, usn, _)| *usn)
            .min()
    }

    fn take(&mut self, session: &str) -> Option<View> {
        let at = self.sessions.iter().position(|(name, _)| name == session)?;
        self.sessions.remove(at).map(|(_, view)| view)
    }

    fn put(&mut self, session: &str, view: View) {
        self.take(session);
        if self.sessions.len() >= MOST_SESSIONS {
            self.sessions.pop_front();
        }
        self.sessions.push_back((session.to_owned(), view));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_uploads_are_not_foreign() {
        let mut views = SanityViews::default();
        views.began("s", 10);
        views.uploaded("s", "t", 10, 13, 0);
        assert_eq!(views.foreign("s", 13), 0);
        // Others used 14 and 15, then this session 16.
        views.uploaded("s", "t", 15, 16, 0);
        assert_eq!(views.foreign("s", 16), 2);
        assert_eq!(views.foreign("s", 17), 3);
    }

    #[test]
    fn what_was_fetched_is_not_foreign() {
        let mut views = SanityViews::default();
        views.began("s", 10);
        views.listed("s", 4, Some(12), 12);
        views.listed("s", 12, None, 12);
        assert_eq!(views.foreign("s", 12), 0);
        assert_eq!(views.foreign("s", 14), 2);
        // Own uploads that were fetched back do not count twice.
        views.uploaded("s", "t", 14, 20, 0);
        views.listed("s", 12, Some(20), 20);
        assert_eq!(views.foreign("s", 21), 1);
    }

    #[test]
    fn a_client_ahead_of_a_restored_server_is_compared_exactly() {
        let mut views = SanityViews::default();
        views.listed("s", 63, None, 5);
        assert_eq!(views.foreign("s", 5), 0);
    }

    #[test]
    fn a_session_that_starts_with_an_upload_knows_what_meta_told() {
        let mut views = SanityViews::default();
        views.told_in_meta("t", 5, 100);
        views.told_in_meta("t", 8, 160);
        views.told_in_meta("other", 1, 160);
        views.uploaded("s", "t", 9, 10, 200);
        // Several devices may share a token: the lowest counts.
        assert_eq!(views.foreign("s", 10), 4);
        views.uploaded("late", "t", 9, 10, 410);
        assert_eq!(views.foreign("late", 10), 1, "5 was told too long ago");
    }

    #[test]
    fn an_unknown_session_is_compared_exactly() {
        let mut views = SanityViews::default();
        views.uploaded("s", "t", 3, 4, 0);
        assert_eq!(views.foreign("s", 100), 0);
        views.began("ended", 1);
        views.ended("ended");
        assert_eq!(views.foreign("ended", 100), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut views = SanityViews::default();
        for number in 0..10_000 {
            views.began(&number.to_string(), number);
            views.told_in_meta(&number.to_string(), number, 0);
        }
        assert_eq!((views.sessions.len(), views.told.len()), (MOST_SESSIONS, MOST_TOLD));
        assert_eq!(views.foreign("9999", 10_000), 1);
    }
}
