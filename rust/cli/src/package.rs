//! `deckport import` and `deckport export`: whole collections as files.

use std::path::Path;

use deckport_endpoint::{ExportOptions, ExportReport, ImportReport};

use crate::args::{ExportArgs, ImportArgs};
use crate::failure::Failure;
use crate::output::printable;
use crate::work::Workplace;

/// Replaces an account's collection with that of a file.
pub(crate) fn import(place: &Workplace, args: &ImportArgs) -> Result<(), Failure> {
    let account = place.care(args.account.as_deref())?;
    let done = account.care.import(&args.file, &mut place.stages()).map_err(Failure::failed)?;
    tell_import(place, &account.name, &done);
    Ok(())
}

/// Writes an account's collection to a file.
pub(crate) fn export(place: &Workplace, args: &ExportArgs) -> Result<(), Failure> {
    let account = place.care(args.account.as_deref())?;
    let options =
        ExportOptions { media: !args.no_media, legacy: args.legacy, overwrite: args.force };
    let done =
        account.care.export(&args.file, options, &mut place.stages()).map_err(Failure::failed)?;
    tell_export(place, &args.file, &done);
    Ok(())
}

fn tell_import(place: &Workplace, account: &str, done: &ImportReport) {
    let ImportReport { summary, media, .. } = done;
    place.line(&format!(
        "imported {} notes, {} cards and {} reviews into {account}",
        summary.notes, summary.cards, summary.reviews
    ));
    if media.new + media.replaced + media.same > 0 {
        place.line(&format!(
            "media files: {} new, {} replaced (the old ones are in media.trash), {} already there",
            media.new, media.replaced, media.same
        ));
    }
    if media.unfit > 0 {
        place.line(&format!("{} media files were left out: they are empty", media.unfit));
    }
    list(place, "left out, because Anki syncs no files over 100 MiB", &done.too_large);
    if let Some(backup) = &done.backup {
        place.line(&format!("what was there before is kept as {}", backup.name));
    }
    place.line("At the next sync each device asks for a direction: choose Download.");
}

fn tell_export(place: &Workplace, file: &Path, done: &ExportReport) {
    let media = match done.media {
        0 => String::new(),
        files => format!(" with {files} media files"),
    };
    place.line(&format!("wrote {}: {} bytes{media}", file.display(), done.bytes));
    list(place, "left out, because its content is missing or damaged", &done.damaged);
    list(place, "left out, because Anki takes no file of that name", &done.unfit);
}

fn list(place: &Workplace, what: &str, names: &[String]) {
    for name in names {
        place.line(&format!("{what}: {}", printable(name, 200)));
    }
}
