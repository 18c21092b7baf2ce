//! Commands that the program tells people to type, complete for their data folder.

use std::path::{Path, PathBuf};

use deckport_endpoint::{EnglishTexts, KeptCopy, Texts};
use deckport_ground::calendar::readable_time;

use crate::settings;

/// How commands are typed for one data folder.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    /// The folder, when it is not the one that commands take by themselves.
    data: Option<PathBuf>,
}

impl Typed {
    /// For this data folder. Where it came from does not matter: another terminal has neither our flags
    /// nor our environment.
    pub(crate) fn of(data_dir: &Path) -> Typed {
        let path = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        Typed { data: Some(path).filter(|path| settings::usual_data_dir().as_ref() != Some(path)) }
    }

    /// A command with these words.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let words = std::iter::once("deckport").chain(words.iter().copied()).map(quoted);
        let data = self
            .data
            .iter()
            .flat_map(|path| ["--data".to_owned(), quoted(&path.display().to_string())]);
        words.chain(data).collect::<Vec<_>>().join(" ")
    }
}

/// The texts for devices name the commands that help.
impl Texts for Typed {
    fn copy_kept(&self, account: &str, copy: &KeptCopy) -> String {
        let restore = self.command(&["backup", "restore", &copy.backup, "--account", account]);
        // Clients may take the text for HTML, and what has these signs would not come through.
        if restore.contains(['<', '>', '&']) {
            return EnglishTexts.copy_kept(account, copy);
        }
        let how = format!("type this where your sync server runs: \u{201c}{restore}\u{201d}");
        copy.in_english(&readable_time(copy.made_ms, 0), &how)
    }
}

/// A word as shells take it.
fn quoted(word: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || "-_./@+:,=%".contains(c) || cfg!(windows) && c == '\\';
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if cfg!(windows) { format!("\"{word}\"") } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use deckport_endpoint::WhyKept;

    use super::*;

    #[test]
    fn the_folder_is_named_where_commands_would_take_another() {
        let usual = settings::usual_data_dir().unwrap();
        assert_eq!(Typed::of(&usual).command(&["status"]), "deckport status");
        let other = Typed::of(Path::new("/srv/anki"));
        assert_eq!(other.command(&["status"]), "deckport status --data /srv/anki");
    }

    #[cfg(unix)]
    #[test]
    fn shells_get_the_words_that_are_meant() {
        let typed = Typed::of(Path::new("/srv/my decks"));
        let command = typed.command(&["account", "password", "it's"]);
        assert_eq!(command, r"deckport account password 'it'\''s' --data '/srv/my decks'");
        assert_eq!(quoted(r"~a\b"), r"'~a\b'");
    }

    #[test]
    fn a_command_that_would_not_come_through_is_not_in_a_text_for_devices() {
        let (backup, why) = ("2026-11-20-123127-upload".to_owned(), WhyKept::NotSeen);
        let copy = KeptCopy { backup, made_ms: 0, why };
        let typed = Typed::of(Path::new("/srv/anki"));
        assert!(typed.copy_kept("anna", &copy).contains("deckport backup restore"));
        let told = typed.copy_kept("anna & ben", &copy);
        assert!(!told.contains('&') && told.contains("restore the backup 2026-11-20"), "{told}");
    }
}
