//! What the page says, by language. A language is one table; the compiler sees to it that none
//! lacks a sentence.

mod de;
mod en;

use super::Language;

/// The table of a language.
pub(super) fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &en::WORDS,
        Language::German => &de::WORDS,
    }
}

/// All that the page says in one language.
#[derive(Debug)]
pub(super) struct Words {
    /// The language's code.
    pub(super) code: &'static str,
    /// Title: before the owner's name, and without one.
    pub(super) sync_with: (&'static str, &'static str),
    pub(super) sync_here: &'static str,
    pub(super) lead: &'static str,
    pub(super) address: Address,
    pub(super) login: Login,
    pub(super) apps: Apps,
    pub(super) certificate: Certificate,
    pub(super) check: Check,
    pub(super) trouble: Trouble,
    pub(super) nothing_private: &'static str,
}

#[derive(Debug)]
pub(super) struct Address {
    pub(super) title: &'static str,
    /// It is the one under which the visitor came.
    pub(super) works_here: &'static str,
    /// It leads to the visitor's own machine.
    pub(super) this_device_only: &'static str,
    pub(super) copy: &'static str,
    pub(super) copied: &'static str,
    /// The browser does not copy by itself.
    pub(super) copy_yourself: &'static str,
}

#[derive(Debug)]
pub(super) struct Login {
    pub(super) title: &'static str,
    /// A step is a few words, and the sentences below.
    pub(super) steps: [(&'static str, &'static str); 4],
}

#[derive(Debug)]
pub(super) struct Apps {
    pub(super) title: &'static str,
    pub(super) today: [App; 3],
    pub(super) older_title: &'static str,
    pub(super) older: [App; 4],
}

/// Where an app takes which address.
#[derive(Debug)]
pub(super) struct App {
    pub(super) name: &'static str,
    pub(super) versions: &'static str,
    pub(super) how: &'static str,
    /// What the app calls each field, and what goes there.
    pub(super) fields: &'static [(&'static str, Form)],
}

/// In which form an app takes the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is shown, with its last slash.
    Whole,
    /// With `sync/` or `msync/` behind it.
    Sync,
    Media,
    /// Without its last slash; the same with `/msync` behind it.
    Bare,
    BareMedia,
}

#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) title: &'static str,
    pub(super) what: &'static str,
    pub(super) for_apps: &'static str,
    pub(super) for_systems: &'static str,
    pub(super) fingerprint: &'static str,
    /// Where systems take it.
    pub(super) steps: [(&'static str, &'static str); 5],
}

/// Each sentence is about one way.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) title: &'static str,
    /// Instead of all the rest, where scripts do not run.
    pub(super) without_scripts: &'static str,
    pub(super) again: &'static str,
    pub(super) waiting: &'static str,
    /// The endpoint answers that something is wrong; its English sentence follows.
    pub(super) unwell: &'static str,
    /// A page that came over TLS may not ask without it.
    pub(super) not_from_https: &'static str,
    pub(super) http: Answered,
    pub(super) https: Answered,
    pub(super) name: Answered,
}

/// What it means that a way works, or does not.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
}

#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) title: &'static str,
    pub(super) hints: [&'static str; 4],
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sentence of a table, as its `Debug` form writes them.
    fn all(language: Language) -> String {
        format!("{:?}", of(language))
    }

    #[test]
    fn german_is_set_as_german_is() {
        let german = all(Language::German);
        for wrong in ["\\\"Anki", "\u{201d}", " - ", "...", "z. B.", "'"] {
            assert!(!german.contains(wrong), "{wrong}");
        }
        assert_eq!(german.matches('„').count(), german.matches('“').count());
    }

    #[test]
    fn english_is_set_as_english_is() {
        let english = all(Language::English);
        for wrong in ["„", " - ", "...", "'"] {
            assert!(!english.contains(wrong), "{wrong}");
        }
        assert_eq!(english.matches('“').count(), english.matches('”').count());
    }

    #[test]
    fn both_languages_send_apps_to_the_same_addresses() {
        let forms = |language| {
            let Apps { today, older, .. } = &of(language).apps;
            let of_app =
                |app: &App| -> Vec<Form> { app.fields.iter().map(|(_, form)| *form).collect() };
            today.iter().chain(older).map(of_app).collect::<Vec<_>>()
        };
        assert_eq!(forms(Language::English), forms(Language::German));
    }
}
