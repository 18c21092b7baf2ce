//! What has become of the endpoint's name in its networks.

/// The endpoint's name, and whether others can find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// As it is typed: `deckport-7f3k.local`. Where somebody else has it, with a number, as
    /// `deckport-7f3k-2.local`.
    pub name: String,
    /// The port; `None` where there is nothing to announce.
    pub port: Option<u16>,
    /// Whether it is announced.
    pub state: AnnounceState,
}

impl Announcement {
    /// The address to type into Anki, while the name is announced.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let port = self.port.filter(|_| self.state == AnnounceState::Announced)?;
        Some(format!("http://{}:{port}/", self.name))
    }

    /// Whether `name` is ours at this moment.
    #[must_use]
    pub fn is_of(&self, name: &str) -> bool {
        self.state == AnnounceState::Announced && self.name == name
    }
}

/// Whether a name is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnnounceState {
    /// It is, in every network that is served.
    Announced,
    /// It will be in a moment, unless somebody else has it.
    Trying,
    /// It is not.
    Not(WhyNotAnnounced),
}

/// Why a name is not announced. The message says what to do. Hosting works all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyNotAnnounced {
    /// The endpoint does not serve.
    #[error("the endpoint is not serving")]
    NotServing,
    /// It was switched off.
    #[error("announcing is switched off")]
    Off,
    /// It listens for programs on this device alone.
    #[error("the endpoint listens for this device alone")]
    LoopbackOnly,
    /// There is no network in which others are answered.
    #[error("this device is in no network from which others are answered")]
    NoNetwork,
    /// Another program has the port of multicast DNS and does not share it.
    #[error(
        "another program keeps UDP port 5353 for itself; stop it to be found by name. Addresses \
         with numbers work"
    )]
    PortTaken,
    /// The system does not let this program.
    #[error(
        "the system does not let this program use multicast; allow it the local network. Addresses \
         with numbers work"
    )]
    NotAllowed,
    /// No network takes part in multicast.
    #[error("no network takes multicast ({0}); addresses with numbers work")]
    NoMulticast(String),
}
