//! Which folder an account gets: its own name where that is safe on every file system.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use deckport_ground::hex::hex;

/// Longest name made here, in bytes, without the mark that tells two of the same name apart.
const MAX_BYTES: usize = 64;
/// What is left of a longer name before its hash.
const KEPT_BYTES: usize = 40;
/// Folders that are tried for one name.
const MAX_ATTEMPTS: u32 = 10_000;
/// Start of the names of our own files in the data folder.
const OWN_PREFIX: &str = "deckport.";
/// Names of devices on Windows, with any extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
const RESERVED_NUMBERED: [&str; 2] = ["com", "lpt"];

/// Chooses a folder for a new account. `taken` tells which folders belong to others.
///
/// A folder that exists under exactly the account's name is taken as it is: the reference server
/// made it. Otherwise the name is written so that it is one harmless path component everywhere,
/// and two accounts never get names that differ only in case.
pub(super) fn choose<E: From<io::Error>>(
    data_dir: &Path,
    name: &str,
    taken: impl Fn(&str) -> Result<bool, E>,
) -> Result<String, E> {
    let entries = list(data_dir)?;
    if let Some(found) = of_reference(data_dir, &entries, name)
        && !taken(&found)?
    {
        return Ok(found);
    }
    let base = safe_name(name);
    for attempt in 1..=MAX_ATTEMPTS {
        let candidate = if attempt == 1 { base.clone() } else { format!("{base}~{attempt}") };
        if taken(&candidate)? {
            continue;
        }
        match entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(&candidate)) {
            None => return Ok(candidate),
            Some(entry) if entry.is_folder => return Ok(entry.name.clone()),
            Some(_) => {}
        }
    }
    Err(io::Error::other("no free folder name").into())
}

/// The folder that the reference server made for exactly this name. A slash in a name is one in its
/// path there; accents may be written otherwise.
fn of_reference(data_dir: &Path, entries: &[Entry], name: &str) -> Option<String> {
    if name.contains('/') {
        return is_nested_account(data_dir, name).then(|| name.to_owned());
    }
    let is_meant = |entry: &&Entry| entry.is_folder && entry.name.nfc().eq(name.chars());
    let found = entries.iter().find(|e| e.name == name && e.is_folder);
    let found = found.or_else(|| entries.iter().find(is_meant))?;
    is_one_component(&found.name).then(|| found.name.clone())
}

/// Whether there is an account's folder below folders that are none: not a part of another account.
fn is_nested_account(data_dir: &Path, name: &str) -> bool {
    let has_collection = |folder: &Path| folder.join("collection.anki2").is_file();
    let own = data_dir.join(name);
    let mut above = Path::new(name).ancestors().skip(1).map(|folder| data_dir.join(folder));
    name.split('/').all(is_one_component)
        && has_collection(&own)
        && !above.any(|folder| has_collection(&folder))
}

struct Entry {
    name: String,
    is_folder: bool,
}

fn list(data_dir: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        // A name that is not Unicode cannot be an account's.
        if let Ok(name) = entry.file_name().into_string() {
            // Follows links: someone may keep a collection on another disk.
            entries.push(Entry { name, is_folder: entry.path().is_dir() });
        }
    }
    Ok(entries)
}

/// Whether the text is the name of something directly inside a folder, on every system.
fn is_one_component(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':', '\0'])
        && !is_own(name)
}

fn is_own(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with(OWN_PREFIX)
}

/// The name itself when it is safe, else with `%41` for each byte that is not, cut to a bounded
/// length with a hash of the whole name.
fn safe_name(name: &str) -> String {
    let last = name.len().saturating_sub(1);
    let special = is_own(name) || is_reserved(name);
    let mut safe = String::new();
    for (index, byte) in name.bytes().enumerate() {
        let allowed = match byte {
            b'.' => index != 0 && index != last,
            b'-' => index != 0,
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'+'),
        };
        if allowed && !(special && index == 0) {
            safe.push(char::from(byte));
        } else {
            safe.push('%');
            safe.push_str(&hex(&[byte]));
        }
    }
    if safe.len() > MAX_BYTES {
        let hash = hex(&Sha256::digest(name));
        // Escaped text is ASCII, so every place is a character boundary.
        safe.truncate(KEPT_BYTES);
        safe.push('~');
        safe.extend(hash.chars().take(16));
    }
    safe
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &&str| {
        stem.strip_prefix(*prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    RESERVED.contains(&stem.as_str()) || RESERVED_NUMBERED.iter().any(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose_among(dir: &Path, name: &str, others: &[&str]) -> String {
        let taken = |folder: &str| {
            io::Result::Ok(others.iter().any(|other| other.eq_ignore_ascii_case(folder)))
        };
        choose(dir, name, taken).unwrap()
    }

    #[test]
    fn a_safe_name_is_its_own_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["alice", "Alice-B_2", "me@example.org", "a+b", "v1.2"] {
            assert_eq!(choose_among(dir.path(), name, &[]), name);
        }
    }

    #[test]
    fn the_reference_servers_folders_are_found_under_their_own_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("team/anna/media")).unwrap();
        fs::write(dir.path().join("team/anna/collection.anki2"), "x").unwrap();
        fs::write(dir.path().join("team/anna/media/collection.anki2"), "a file of this name")
            .unwrap();
        fs::create_dir(dir.path().join("Zoe\u{308}")).unwrap();
        assert_eq!(choose_among(dir.path(), "team/anna", &[]), "team/anna");
        assert_ne!(choose_among(dir.path(), "team/anna/media", &[]), "team/anna/media");
        assert_ne!(choose_among(dir.path(), "team/anna", &["team/anna"]), "team/anna");
        assert_eq!(choose_among(dir.path(), "Zo\u{eb}", &[]), "Zoe\u{308}");
    }

    #[test]
    fn every_other_name_becomes_one_harmless_component() {
        let dir = tempfile::tempdir().unwrap();
        let long = "x".repeat(100);
        let names = [
            "..",
            ".",
            "../x",
            "a/b",
            "a\\b",
            "a\0b",
            "c:",
            ".hidden",
            "dot.",
            "-rf",
            "two words",
            "Jürgen",
            "100%",
            "CON",
            "nul.txt",
            "Com1",
            "lpt9.x",
            "deckport.db",
            "DECKPORT.lock",
            "*",
            "a\u{202e}b",
            "",
            &long,
        ];
        let mut made: Vec<String> =
            names.iter().map(|name| choose_among(dir.path(), name, &["", "~2"])).collect();
        for (folder, name) in made.iter().zip(names) {
            assert_ne!(folder, name);
            assert!(folder.len() <= MAX_BYTES, "{folder}");
            assert!(!folder.starts_with(['.', '-']) && !folder.ends_with('.'), "{folder}");
            assert!(!is_reserved(folder) && !is_own(folder), "{folder}");
            let safe = |c: char| c.is_ascii_alphanumeric() || "._@+-%~".contains(c);
            assert!(folder.chars().all(safe), "{folder}");
        }
        made.sort();
        made.dedup();
        assert_eq!(made.len(), names.len(), "all different");
    }

    #[test]
    fn a_folder_of_exactly_that_name_is_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["alice", "two words", "Jürgen", "dot."] {
            fs::create_dir(dir.path().join(name)).unwrap();
            assert_eq!(choose_among(dir.path(), name, &[]), name);
        }
        assert_eq!(choose_among(dir.path(), "Alice", &[]), "alice", "the same but for case");
    }

    #[test]
    fn existing_folders_are_never_reached_by_a_path_trick() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("data");
        for folder in ["data/alice/media", "data/.hidden", "data/deckport.db", "other"] {
            fs::create_dir_all(parent.path().join(folder)).unwrap();
        }
        for name in ["..", ".", "../other", "alice/media", "./alice", ".hidden", "deckport.db"] {
            let folder = choose_among(&data, name, &[]);
            assert!(!data.join(&folder).exists(), "{name} -> {folder}");
            assert_eq!(data.join(&folder).parent(), Some(data.as_path()));
        }
    }

    #[test]
    fn folders_of_others_are_left_alone_whatever_their_case() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("bob")).unwrap();
        assert_eq!(choose_among(dir.path(), "bob", &["bob"]), "bob~2");
        assert_eq!(choose_among(dir.path(), "Bob", &["bob", "bob~2"]), "Bob~3");
        fs::write(dir.path().join("carol"), "a file").unwrap();
        assert_eq!(choose_among(dir.path(), "carol", &[]), "carol~2");
    }
}
