//! Names of backups.
//!
//! A name is what comes before `.anki2` or `.anki2.zst`. It stays when a backup is compressed.

use deckport_ground::calendar::Moment;

use super::facts::BackupReason;

/// End of the file name of a backup as it was made.
pub(super) const PLAIN: &str = ".anki2";
/// End of the file name of a compressed backup.
pub(super) const COMPRESSED: &str = ".anki2.zst";
/// End of the file name of what is known about a backup.
pub(super) const FACTS: &str = ".json";

/// The name of a backup made now; `attempt` distinguishes those of the same second.
pub(super) fn of_new(reason: BackupReason, now_ms: i64, attempt: u32) -> String {
    let Moment { year, month, day, hour, minute, second } = Moment::of(now_ms);
    let stamp = format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}");
    match attempt {
        0 | 1 => format!("{stamp}-{reason}"),
        _ => format!("{stamp}-{reason}-{attempt}"),
    }
}

/// The name behind a file name, and whether the file is compressed; `None` for other files.
pub(super) fn of_file(file: &str) -> Option<(&str, bool)> {
    let (name, compressed) = match file.strip_suffix(COMPRESSED) {
        Some(name) => (name, true),
        None => (file.strip_suffix(PLAIN)?, false),
    };
    // A name that begins with a dot belongs to some other program.
    (!name.is_empty() && !name.starts_with('.')).then_some((name, compressed))
}

/// The name that a person means by `text`: a name or one of the file names.
pub(super) fn meant(text: &str) -> &str {
    of_file(text).map_or(text, |(name, _)| name)
}

/// When a backup was made and why, as its name says. `None`: an endpoint did not name it.
pub(super) fn parse(name: &str) -> Option<(i64, BackupReason)> {
    let (stamp, reason) = (name.get(..17)?, name.get(17..)?.strip_prefix('-')?);
    let number = |range: std::ops::Range<usize>| -> Option<u16> {
        let digits = stamp.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let small = |start: usize| u8::try_from(number(start..start + 2)?).ok();
    let moment = Moment {
        year: number(0..4)?.into(),
        month: small(5)?,
        day: small(8)?,
        hour: small(11)?,
        minute: small(13)?,
        second: small(15)?,
    };
    let made_ms = moment.unix_ms()?;
    let word = reason.split('-').next().unwrap_or_default();
    // Also refuses other characters between the numbers.
    let exact = of_new(BackupReason::Other, made_ms, 1).strip_suffix("other")? == &name[..18];
    exact.then(|| (made_ms, BackupReason::of_word(word)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_tells_time_and_reason() {
        let name = |now_ms| of_new(BackupReason::Upload, now_ms, 1);
        assert_eq!(name(0), "1970-01-01-000000-upload");
        assert_eq!(name(951_782_400_000), "2000-02-29-000000-upload");
        assert_eq!(name(1_795_177_887_205), "2026-11-20-123127-upload");
        assert_eq!(name(4_107_542_399_999), "2100-02-28-235959-upload");
        assert_eq!(name(4_107_542_400_000), "2100-03-01-000000-upload");
        assert_eq!(of_new(BackupReason::Manual, 0, 2), "1970-01-01-000000-manual-2");
    }

    #[test]
    fn foreign_names_are_not_taken_for_ours() {
        for name in [
            "",
            "mine",
            "1960-notes",
            "2026-11-20-123127",
            "2026-13-20-123127-upload",
            "2026-02-30-123127-upload",
            "2026-11-20-253127-upload",
            "2026_11_20_123127_upload",
            "+026-11-20-123127-upload",
            "2026-11-20-12312é-upload",
            "äöüäöüäöüäöüäöüäöü",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn files_that_are_not_backups_have_no_name() {
        assert_eq!(of_file("a.anki2"), Some(("a", false)));
        assert_eq!(of_file("a.anki2.zst"), Some(("a", true)));
        for file in ["a.json", "a.anki2-wal", "a.anki2.part", ".anki2", ".a.anki2", "anki2"] {
            assert_eq!(of_file(file), None, "{file}");
        }
        for text in ["a", "a.anki2", "a.anki2.zst"] {
            assert_eq!(meant(text), "a");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(secs in 0_i64..253_402_300_800, attempt in 1_u32..50) {
            let name = of_new(BackupReason::Restore, secs * 1000, attempt);
            prop_assert_eq!(parse(&name), Some((secs * 1000, BackupReason::Restore)));
        }

        #[test]
        fn no_text_is_too_strange(name in "\\PC*") {
            let _ = parse(&name);
        }
    }
}
