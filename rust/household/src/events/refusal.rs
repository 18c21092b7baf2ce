//! What was refused, and what a person can do about it.

use std::fmt;
use std::net::IpAddr;

use crate::texts::{MediaTrouble, Trouble};

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
    /// TLS failed: most often the device does not trust the certificate.
    TlsFailed,
    /// Plain http from another machine, where only https is spoken.
    HttpsOnly,
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
            RefusalKind::TlsFailed => {
                "There was no https. Install the certificate on that device, or type http:// there."
            }
            RefusalKind::HttpsOnly => {
                "Only https is spoken. Type https:// on that device, and install the certificate there."
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
    #[must_use]
    pub fn for_events(&self) -> RecentRefusal {
        let names_ours =
            self.kind != RefusalKind::UnknownAccount && self.kind != RefusalKind::Throttled;
        let account = self.account.clone().filter(|_| names_ours);
        RecentRefusal { account, ..self.clone() }
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

/// What people are told on a device is a refusal, too.
impl From<&Trouble> for RefusalKind {
    fn from(trouble: &Trouble) -> RefusalKind {
        match trouble {
            Trouble::AnkiTooOld(_) => RefusalKind::ClientTooOld,
            Trouble::DiskFull => RefusalKind::NoSpace,
            Trouble::UploadTooLarge(_) => RefusalKind::TooLarge,
            Trouble::UploadOverQuota(_) => RefusalKind::OverQuota,
            Trouble::UploadArrivedDamaged | Trouble::UploadRefused(_) => RefusalKind::Unusable,
            Trouble::UploadBeingChecked => RefusalKind::Busy,
            Trouble::Media(trouble) => trouble.into(),
            Trouble::DiskNotWritable(_)
            | Trouble::CollectionUnusable(_)
            | Trouble::UploadNotStored(_)
            | Trouble::UploadNotReplaced(_) => RefusalKind::Failed,
        }
    }
}

impl From<&MediaTrouble> for RefusalKind {
    fn from(trouble: &MediaTrouble) -> RefusalKind {
        match trouble {
            MediaTrouble::DiskFull => RefusalKind::NoSpace,
            MediaTrouble::OverQuota(_) => RefusalKind::OverQuota,
            MediaTrouble::BatchTooLarge(_) => RefusalKind::TooLarge,
            MediaTrouble::ArrivedDamaged => RefusalKind::Unusable,
            MediaTrouble::InUse => RefusalKind::Busy,
            MediaTrouble::FolderGone | MediaTrouble::NotWritable | MediaTrouble::Other(_) => {
                RefusalKind::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_names_whom_it_concerns() {
        let wrong = RecentRefusal {
            at_ms: 0,
            address: IpAddr::from([10, 0, 0, 1]),
            kind: RefusalKind::WrongPassword,
            account: Some("anna".to_owned()),
            device: None,
            request: "hostKey".to_owned(),
            reason: "wrong name or password".to_owned(),
        };
        assert!(wrong.advice().contains("“anna”") && wrong.advice().contains("AnkiWeb"));
        let device = Some("Anki 26.09.3 on linux".to_owned());
        let revoked = RecentRefusal { kind: RefusalKind::RevokedToken, device, ..wrong.clone() };
        assert!(revoked.advice().starts_with("“Anki 26.09.3 on linux” was logged out of “anna”"));
        let unknown = RecentRefusal { kind: RefusalKind::UnknownAccount, ..wrong.clone() };
        assert!(unknown.advice().contains("“anna”"));
        assert_eq!(unknown.for_events().account, None, "it may be a password");
        assert_eq!(wrong.for_events().account.as_deref(), Some("anna"));
    }

    #[test]
    fn what_devices_are_told_is_a_refusal_for_the_owner() {
        assert_eq!(RefusalKind::from(&Trouble::UploadTooLarge(1)), RefusalKind::TooLarge);
        let media = Trouble::Media(MediaTrouble::OverQuota(1));
        assert_eq!(RefusalKind::from(&media), RefusalKind::OverQuota);
    }
}
