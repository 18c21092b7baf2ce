//! The text for people who open the endpoint's address in a browser.

/// Says what this is and what to do with the address.
pub(super) const TEXT: &str = "\
Deckport: this is an Anki sync endpoint, and it works.

In Anki: Tools > Preferences > Syncing > Self-hosted sync server.
In AnkiDroid: Settings > Sync > Custom sync server.
Enter the address of this page, then sync and log in with the name and password of your account.
";
