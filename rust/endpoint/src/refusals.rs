//! Why not: the last refusals, kept in memory as facts.
//!
//! Rule: no passwords, tokens or collection contents. The name that somebody tried to log in with is
//! here, because a person who mistypes it asks for just that; so it goes to no log and no event.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many are kept.
const MOST: usize = 100;
/// Longest text of one, in bytes: all of them together stay below 64 KiB.
const MAX_TEXT: usize = 128;

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentRefusal {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// From where it came.
    pub address: IpAddr,
    /// What it was.
    pub kind: RefusalKind,
    /// Name of the account that it concerns, or the name that was tried.
    pub account: Option<String>,
    /// Name of the device, where it is known.
    pub device: Option<String>,
    /// What was asked: `meta`, or the HTTP method and path. Empty: a connection was not taken.
    pub request: String,
    /// Why, in the words of the log.
    pub reason: String,
}

/// What was refused, by what a person can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// A login with a wrong password; the account exists.
    WrongPassword,
    /// A login with a name that no account has.
    UnknownAccount,
    /// A device that was logged out here, or whose token ended.
    RevokedToken,
    /// A token that was never one, or is forgotten.
    UnknownToken,
    /// A connection from a network that is not answered.
    AnotherNetwork,
    /// A connection over mobile data.
    MobileData,
    /// A connection over a network of which nobody has said what it is.
    UnknownNetwork,
    /// More connections of one address, or of one network, than there are places for.
    TooManyConnections,
    /// A page was asked for under a name that is not allowed.
    HostRefused,
    /// A web page tried to sync.
    WebPage,
    /// There is nothing at that path, or not for that HTTP method.
    WrongPath,
    /// Too many logins at once.
    Throttled,
    /// Another device is syncing.
    Busy,
    /// The disk is full.
    NoSpace,
    /// The account holds as much as it may.
    OverQuota,
    /// More than is accepted in one piece.
    TooLarge,
    /// The app is too old.
    ClientTooOld,
    /// It cannot be read, or not be merged.
    Unusable,
    /// The clock of this machine is not set: devices do not sync with one that is off.
    ClockOff,
    /// Something that passes by itself: the endpoint stops, or a connection broke.
    Passing,
    /// Something went wrong here.
    Failed,
}

impl RecentRefusal {
    /// What a person can do about it, in English.
    #[must_use]
    pub fn advice(&self) -> String {
        let account = Quoted(self.account.as_deref(), "the account");
        let device = Quoted(self.device.as_deref(), "the device");
        let text = match self.kind {
            RefusalKind::WrongPassword => {
                return format!(
                    "The password for {account} was wrong. Type the one that Deckport shows, or set a new one. If the \
                     device used AnkiWeb, log out of that first."
                );
            }
            RefusalKind::UnknownAccount => {
                return format!(
                    "There is no account of the name {account}. Log in with a name that Deckport shows, not with that \
                     of AnkiWeb."
                );
            }
            RefusalKind::RevokedToken => {
                return format!(
                    "{device} was logged out of {account} here. Log in anew on that device."
                );
            }
            RefusalKind::UnknownToken => {
                "A device came with a login that is not of this endpoint. Log out on that device, and log in anew."
            }
            RefusalKind::AnotherNetwork => {
                "The device is in another network. Bring it into the same one, or allow its network if that is yours."
            }
            RefusalKind::MobileData => {
                "Nobody is answered over mobile data. Use Wi-Fi, a hotspot, or a cable."
            }
            RefusalKind::UnknownNetwork => {
                "It is not known whether this network is mobile data. The app must say which kind it is."
            }
            RefusalKind::TooManyConnections => {
                "That address has too many connections open. Close programs there, and try again in a minute."
            }
            RefusalKind::HostRefused => {
                "A browser asked for the page under a name that is not allowed. Open it by its IP address, or allow \
                 the name."
            }
            RefusalKind::WebPage => {
                "A web page tried to sync, which only Anki apps may. If you did not mean to, there is nothing to do."
            }
            RefusalKind::WrongPath => {
                "There is nothing at that path. Compare the address in the app with the one that Deckport shows."
            }
            RefusalKind::Throttled => {
                "There were too many wrong logins, or too many at once. Wait a minute, then log in with the right \
                 password."
            }
            RefusalKind::Busy => "Another device is syncing. Try again in a minute.",
            RefusalKind::NoSpace => {
                "The disk is full. Free some space where Deckport keeps its data."
            }
            RefusalKind::OverQuota => {
                "The account holds as much as it may. Remove media that no note uses, or raise the limit."
            }
            RefusalKind::TooLarge => {
                "It was larger than is accepted. Raise the limit, or make it smaller."
            }
            RefusalKind::ClientTooOld => "The app is too old. Update it.",
            RefusalKind::Unusable => {
                "What came cannot be used. Use Check Database on that device, and update its app."
            }
            RefusalKind::ClockOff => {
                "The clock of this machine is not set. Set date and time: devices refuse to sync with it."
            }
            RefusalKind::Passing => "It passes by itself. Try again in a minute.",
            RefusalKind::Failed => {
                "Something went wrong here. Look at the log, and restart Deckport."
            }
        };
        text.to_owned()
    }

    /// The same without a name that may be no account's: people type passwords there.
    pub(crate) fn for_events(&self) -> RecentRefusal {
        let names_ours =
            self.kind != RefusalKind::UnknownAccount && self.kind != RefusalKind::Throttled;
        let account = self.account.clone().filter(|_| names_ours);
        RecentRefusal { account, ..self.clone() }
    }

    /// As it is kept: short, and without what does harm on a screen.
    fn kept(self) -> RecentRefusal {
        RecentRefusal {
            address: self.address.to_canonical(),
            account: self.account.as_deref().map(shown),
            device: self.device.as_deref().map(shown),
            request: shown(&self.request),
            reason: shown(&self.reason),
            ..self
        }
    }
}

/// A name in quotation marks, or words in its place.
struct Quoted<'a>(Option<&'a str>, &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "“{name}”"),
            None => f.write_str(self.1),
        }
    }
}

/// The last refusals of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    kept: Mutex<VecDeque<RecentRefusal>>,
}

impl Refusals {
    /// Keeps one, and gives it as it is kept. When there are too many, the oldest one of the address
    /// that has most goes: so whoever floods pushes out nothing but their own.
    pub(crate) fn note(&self, refusal: RecentRefusal) -> RecentRefusal {
        let refusal = refusal.kept();
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

    #[test]
    fn what_to_do_names_whom_it_concerns() {
        let wrong = refusal(1, 0);
        assert!(wrong.advice().contains("“anna”") && wrong.advice().contains("AnkiWeb"));
        let device = Some("Anki 26.09.3 on linux".to_owned());
        let revoked = RecentRefusal { kind: RefusalKind::RevokedToken, device, ..wrong.clone() };
        assert!(revoked.advice().starts_with("“Anki 26.09.3 on linux” was logged out of “anna”"));
        let unknown = RecentRefusal { kind: RefusalKind::UnknownAccount, ..wrong.clone() };
        assert!(unknown.advice().contains("“anna”"));
        assert_eq!(unknown.for_events().account, None, "it may be a password");
        assert_eq!(wrong.for_events().account.as_deref(), Some("anna"));
    }
}
