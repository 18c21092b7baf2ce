//! The endpoint's name in its networks.

use deckport_endpoint::{self as engine, AnnounceState, HostName};

use crate::endpoint::Endpoint;
use crate::errors::AccountError;

/// The endpoint's name, and whether other devices find it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Announcement {
    /// As it is typed: `deckport-7f3k.local`. Where another device has it, with a number.
    pub name: String,
    /// What to type into Anki, which stays when the networks change; `None` while the name is not
    /// announced. Not every device knows such names: show the best address beside it.
    pub url: Option<String>,
    /// Why it is not announced; `None` while it is.
    pub why_not: Option<WhyNotAnnounced>,
    /// The same in words, which say what to do; empty while it is announced.
    pub explanation: String,
}

/// Why a name is not announced. Hosting works all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WhyNotAnnounced {
    /// The endpoint does not serve.
    NotServing,
    /// It will be in a second, unless another device has the name.
    Starting,
    /// `EndpointOptions.announce` is off.
    Off,
    /// It listens for programs on this device alone.
    LoopbackOnly,
    /// There is no network in which other devices are answered.
    NoNetwork,
    /// Another program has the port of multicast DNS and does not share it.
    PortTaken,
    /// The system does not let this app use multicast.
    NotAllowed,
    /// No network takes part in multicast, or something else is wrong.
    NoMulticast,
}

impl From<engine::Announcement> for Announcement {
    fn from(now: engine::Announcement) -> Announcement {
        use engine::WhyNotAnnounced as Why;

        let url = now.url();
        let (why_not, explanation) = match now.state {
            AnnounceState::Announced => (None, String::new()),
            AnnounceState::Not(why) => {
                let kind = match why {
                    Why::NotServing => WhyNotAnnounced::NotServing,
                    Why::Off => WhyNotAnnounced::Off,
                    Why::LoopbackOnly => WhyNotAnnounced::LoopbackOnly,
                    Why::NoNetwork => WhyNotAnnounced::NoNetwork,
                    Why::PortTaken => WhyNotAnnounced::PortTaken,
                    Why::NotAllowed => WhyNotAnnounced::NotAllowed,
                    _ => WhyNotAnnounced::NoMulticast,
                };
                (Some(kind), why.to_string())
            }
            _ => (Some(WhyNotAnnounced::Starting), "the name is being announced".to_owned()),
        };
        Announcement { name: now.name, url, why_not, explanation }
    }
}

#[uniffi::export]
impl Endpoint {
    /// The endpoint's name in its networks, and whether it is announced there now. It follows
    /// `networks_changed`, a second or two later. On Android the app must hold a
    /// `WifiManager.MulticastLock` meanwhile, or Wi-Fi leaves out what others ask.
    ///
    /// # Errors
    /// `AccountError.Closed` after the end.
    pub fn announcement(&self) -> Result<Announcement, AccountError> {
        Ok(self.control.handle::<AccountError>()?.announcement().into())
    }

    /// Gives the endpoint another name, with or without `.local`: kept with the data, and
    /// announced from the next time on that it is opened.
    ///
    /// # Errors
    /// `AccountError.BadName` for what cannot be the name of a host, and others.
    pub async fn set_host_name(&self, name: String) -> Result<(), AccountError> {
        let name: HostName = name.parse().map_err(|_| AccountError::BadName)?;
        self.with_registry(move |registry| engine::keep_host_name(registry, &name)).await
    }
}
