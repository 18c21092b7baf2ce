//! Why not: the last refusals, for apps.

use deckport_endpoint as engine;

use crate::endpoint::Endpoint;
use crate::errors::OverviewError;

/// Something that was refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecentRefusal {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// IP address from which it came.
    pub address: String,
    /// What it was.
    pub kind: RefusalKind,
    /// Name of the account that it concerns. With `UnknownAccount` what somebody typed as name, which
    /// may be a password: show it to the owner, and write it to no log.
    pub account: Option<String>,
    /// Name of the device, where it is known.
    pub device: Option<String>,
    /// What was asked: `meta`, `GET /favicon.ico`. Empty: a connection was not taken.
    pub request: String,
    /// Why, in English and in the words of the log.
    pub reason: String,
    /// What a person can do about it, as sentences in English. An app that speaks other languages says
    /// it by `kind`, `account` and `device`.
    pub advice: String,
}

/// What was refused, by what a person can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
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
    /// A connection over a network of which the app has not said what it is: see `networks_changed`.
    UnknownNetwork,
    /// More connections of one address, or of one network, than there are places for.
    TooManyConnections,
    /// A page was asked for under a name that is not in `page_hosts`.
    HostRefused,
    /// A web page tried to sync.
    WebPage,
    /// There is nothing at that path: the address in the device's app is wrong.
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
    /// The app on the device is too old.
    ClientTooOld,
    /// It cannot be read, or not be merged.
    Unusable,
    /// TLS failed: most often the device does not trust the certificate.
    TlsFailed,
    /// Plain http from another device, where only https is spoken.
    HttpsOnly,
    /// The clock of this machine is not set: devices do not sync with one that is off.
    ClockOff,
    /// Something that passes by itself: the endpoint stops, or a connection broke.
    Passing,
    /// Something went wrong here.
    Failed,
}

impl From<engine::RecentRefusal> for RecentRefusal {
    fn from(refusal: engine::RecentRefusal) -> RecentRefusal {
        let advice = refusal.advice();
        RecentRefusal {
            at_ms: refusal.at_ms,
            address: refusal.address.to_string(),
            kind: refusal.kind.into(),
            account: refusal.account,
            device: refusal.device,
            request: refusal.request,
            reason: refusal.reason,
            advice,
        }
    }
}

impl From<engine::RefusalKind> for RefusalKind {
    fn from(kind: engine::RefusalKind) -> RefusalKind {
        use engine::RefusalKind as Kind;
        match kind {
            Kind::WrongPassword => RefusalKind::WrongPassword,
            Kind::UnknownAccount => RefusalKind::UnknownAccount,
            Kind::RevokedToken => RefusalKind::RevokedToken,
            Kind::UnknownToken => RefusalKind::UnknownToken,
            Kind::AnotherNetwork => RefusalKind::AnotherNetwork,
            Kind::MobileData => RefusalKind::MobileData,
            Kind::UnknownNetwork => RefusalKind::UnknownNetwork,
            Kind::TooManyConnections => RefusalKind::TooManyConnections,
            Kind::HostRefused => RefusalKind::HostRefused,
            Kind::WebPage => RefusalKind::WebPage,
            Kind::WrongPath => RefusalKind::WrongPath,
            Kind::Throttled => RefusalKind::Throttled,
            Kind::Busy => RefusalKind::Busy,
            Kind::NoSpace => RefusalKind::NoSpace,
            Kind::OverQuota => RefusalKind::OverQuota,
            Kind::TooLarge => RefusalKind::TooLarge,
            Kind::ClientTooOld => RefusalKind::ClientTooOld,
            Kind::Unusable => RefusalKind::Unusable,
            Kind::TlsFailed => RefusalKind::TlsFailed,
            Kind::HttpsOnly => RefusalKind::HttpsOnly,
            Kind::ClockOff => RefusalKind::ClockOff,
            Kind::Passing => RefusalKind::Passing,
            // What this library does not know yet is a fault for the app.
            _ => RefusalKind::Failed,
        }
    }
}

#[uniffi::export]
impl Endpoint {
    /// The last hundred refusals, the newest first: why a device does not get through, and what to do
    /// about it. They are kept in memory alone, since `open`; whoever floods pushes out their own. A
    /// connection that is closed without an answer is noted at most once a minute for each address.
    /// None after `shutdown`.
    pub fn recent_refusals(&self) -> Vec<RecentRefusal> {
        let handle = self.control.handle::<OverviewError>();
        let found = handle.map(|handle| handle.recent_refusals()).unwrap_or_default();
        found.into_iter().map(RecentRefusal::from).collect()
    }
}
