//! English.

use super::{Address, Answered, App, Apps, Certificate, Check, Form, Login, Trouble, Words};

pub(super) static WORDS: Words = Words {
    code: "en",
    sync_with: ("Sync Anki with ", ""),
    sync_here: "Sync Anki here",
    lead: "This is an Anki sync endpoint, and it works: you are reading its page. Your Anki apps sync with it \
           in place of AnkiWeb.",
    address: Address {
        title: "The address",
        works_here: "Under this address your browser came here, so Anki on this device finds it, too.",
        this_device_only: "This address works on this device alone. On other devices, use the one that \
                           Deckport shows in its app or terminal.",
        copy: "Copy",
        copied: "Copied",
        copy_yourself: "Selected: press Ctrl+C or hold it",
    },
    login: Login {
        title: "How to connect",
        steps: [
            (
                "Log out of AnkiWeb first",
                "if you used it on this device. Otherwise Anki sends its old login, and says that the \
                 password is wrong.",
            ),
            ("Enter the address", "where your app takes it: see below."),
            (
                "Sync and log in",
                "with the account and password that Deckport shows. Apps call the account “AnkiWeb ID” or \
                 “email”; it means the account of this endpoint.",
            ),
            (
                "The first time, choose a direction:",
                "“Upload” on the device that has your decks, “Download” on all others. Where Anki says \
                 AnkiWeb, it means this endpoint.",
            ),
        ],
    },
    apps: Apps {
        title: "Where the address goes",
        today: [
            App {
                name: "Anki on a computer",
                versions: "2.1.57 and newer",
                how: "Tools → Preferences → Syncing. Then restart Anki. On a Mac, Preferences are in the Anki \
                      menu.",
                fields: &[("Self-hosted sync server", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "2.17 and newer",
                how: "Settings → Sync → Custom sync server. Then go back to Sync → AnkiWeb account to log in.",
                fields: &[("Sync url", Form::Whole)],
            },
            App {
                name: "AnkiMobile",
                versions: "iPhone and iPad",
                how: "Settings → Syncing. When iOS asks, allow AnkiMobile to use the local network.",
                fields: &[("Custom sync server", Form::Whole)],
            },
        ],
        older_title: "Older versions",
        older: [
            App {
                name: "Anki",
                versions: "2.1.28 to 2.1.56",
                how: "Two environment variables, set before Anki starts; both with the last slash.",
                fields: &[("SYNC_ENDPOINT", Form::Sync), ("SYNC_ENDPOINT_MEDIA", Form::Media)],
            },
            App {
                name: "Anki",
                versions: "2.1.26 and older",
                how: "An add-on that changes the sync address.",
                fields: &[("Address", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "2.16",
                how: "Settings → Sync → Custom sync server.",
                fields: &[("Sync url", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "2.15 and older",
                how: "Settings → Advanced → Custom sync server, two addresses; both without a last slash.",
                fields: &[("Sync url", Form::Bare), ("Media sync url", Form::BareMedia)],
            },
        ],
    },
    certificate: Certificate {
        title: "The certificate",
        what: "With this certificate your devices know this endpoint, and nobody in the network reads along. Install \
               it once, then use the address with https.",
        for_apps: "For AnkiDroid and Linux (PEM)",
        for_systems: "For Windows, macOS, Android and iOS",
        fingerprint: "Compare the fingerprint with the one that Deckport shows:",
        steps: [
            (
                "Windows",
                "Open the file → Install Certificate → Trusted Root Certification Authorities.",
            ),
            ("macOS", "Open the file in Keychain Access, then set it to “Always Trust”."),
            (
                "Linux",
                "Copy it to /usr/local/share/ca-certificates and run update-ca-certificates.",
            ),
            (
                "Android",
                "AnkiDroid: Settings → Sync → Custom sync server, paste the text of the PEM file.",
            ),
            (
                "iOS",
                "Allow the profile, install it in Settings, then switch it on in General → About → Certificate \
                 Trust Settings.",
            ),
        ],
    },
    check: Check {
        title: "Does this device get through?",
        without_scripts: "That you read this shows that it does, over the address above. With scripts switched on, \
                          this page tries the other ways, too.",
        again: "Check again",
        waiting: "Trying …",
        unwell: "It answers, and tells that something is wrong:",
        not_from_https: "Not tried: browsers do not let a page that came over https ask over http. Open this address \
                         in a new tab to see.",
        http: Answered {
            good: "This device gets through.",
            bad: "No answer any more. Deckport may have stopped, or this device has left the network.",
        },
        https: Answered {
            good: "This device gets through, and trusts the certificate.",
            bad: "No connection. Either this device does not trust the certificate yet, or something in between \
                  blocks https.",
        },
        name: Answered {
            good: "This device finds the endpoint by its name, which stays when the network changes.",
            bad: "This device does not find the endpoint by its name. Use the address with numbers.",
        },
    },
    trouble: Trouble {
        title: "This page appears, and Anki still fails?",
        hints: [
            "Compare the address in Anki with the one here, letter by letter. It begins with http:// or https://.",
            "Restart Anki after you changed the address.",
            "Anki says that the password is wrong: log out in Anki, and log in anew with the account that Deckport \
             shows.",
            "Switch off a VPN or proxy: Anki may take another way than the browser.",
        ],
    },
    nothing_private: "Whoever can open this page may read it. So it shows no accounts, no devices and no cards.",
};
