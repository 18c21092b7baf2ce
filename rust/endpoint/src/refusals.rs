//! Why not: the last refusals, kept in memory as facts.
//!
//! Rule: no passwords, tokens or collection contents. The name that somebody tried to log in with is
//! here, because a person who mistypes it asks for just that; so it goes to no log and no event.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use deckport_household::RecentRefusal;

/// So many are kept.
const MOST: usize = 100;
/// Longest text of one, in bytes: all of them together stay below 64 KiB.
const MAX_TEXT: usize = 128;

/// The last refusals of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    kept: Mutex<VecDeque<RecentRefusal>>,
}

impl Refusals {
    /// Keeps one, and gives it as it is kept. When there are too many, the oldest one of the address
    /// that has most goes: so whoever floods pushes out nothing but their own.
    pub(crate) fn note(&self, refusal: RecentRefusal) -> RecentRefusal {
        let refusal = short(refusal);
        let mut kept = self.lock();
        kept.push_back(refusal.clone());
        if kept.len() > MOST {
            let greediest = greediest(&kept);
            let oldest = kept.iter().position(|it| Some(it.address) == greediest);
            kept.remove(oldest.unwrap_or_default());
        }
        refusal
    }

    /// All of them, the newest first.
    pub(crate) fn recent(&self) -> Vec<RecentRefusal> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<RecentRefusal>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that has most; of several the one whose oldest is the oldest of all.
fn greediest(kept: &VecDeque<RecentRefusal>) -> Option<IpAddr> {
    let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
    for refusal in kept {
        *of_address.entry(refusal.address).or_default() += 1;
    }
    let most = of_address.values().copied().max()?;
    kept.iter().map(|it| it.address).find(|address| of_address.get(address) == Some(&most))
}

/// As it is kept: short, and without what does harm on a screen.
fn short(refusal: RecentRefusal) -> RecentRefusal {
    RecentRefusal {
        address: refusal.address.to_canonical(),
        account: refusal.account.as_deref().map(shown),
        device: refusal.device.as_deref().map(shown),
        request: shown(&refusal.request),
        reason: shown(&refusal.reason),
        ..refusal
    }
}

/// A text from outside: cut, and with a mark for each character that would steer a screen.
fn shown(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain = text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c });
    let mut short = String::new();
    for c in plain {
        if short.len() + c.len_utf8() > MAX_TEXT {
            break;
        }
        short.push(c);
    }
    short
}

#[cfg(test)]
mod tests {
    use deckport_household::RefusalKind;

    use super::*;

    fn refusal(last: u8, at_ms: i64) -> RecentRefusal {
        RecentRefusal {
            at_ms,
            address: IpAddr::from([10, 0, 0, last]),
            kind: RefusalKind::WrongPassword,
            account: Some("anna".to_owned()),
            device: None,
            request: "hostKey".to_owned(),
            reason: "wrong name or password".to_owned(),
        }
    }

    #[test]
    fn the_last_hundred_are_kept_newest_first() {
        let refusals = Refusals::default();
        for at_ms in 0..130 {
            refusals.note(refusal(1, at_ms));
        }
        let times: Vec<i64> = refusals.recent().into_iter().map(|it| it.at_ms).collect();
        assert_eq!(times, (30..130).rev().collect::<Vec<_>>());
    }

    #[test]
    fn whoever_floods_pushes_out_nothing_but_their_own() {
        let refusals = Refusals::default();
        refusals.note(refusal(1, 0));
        for at_ms in 1..1000 {
            refusals.note(refusal(2, at_ms));
        }
        let kept = refusals.recent();
        assert_eq!((kept.len(), kept.last().unwrap().at_ms), (MOST, 0));
    }

    #[test]
    fn nothing_long_and_nothing_that_steers_a_screen_is_kept() {
        let refusals = Refusals::default();
        let long = "ü".repeat(10_000);
        let bad = RecentRefusal {
            account: Some("a\u{1b}[31m\u{202e}b".to_owned()),
            request: long.clone(),
            reason: long,
            address: "::ffff:10.0.0.1".parse().unwrap(),
            ..refusal(1, 0)
        };
        let kept = refusals.note(bad);
        assert_eq!(kept.account.as_deref(), Some("a\u{fffd}[31m\u{fffd}b"));
        assert_eq!((kept.request.len(), kept.reason.len()), (MAX_TEXT, MAX_TEXT));
        assert_eq!(kept.address, IpAddr::from([10, 0, 0, 1]));
        assert_eq!(refusals.recent(), [kept]);
    }
}
