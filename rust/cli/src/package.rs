//! `deckport import` and `deckport export`: whole collections as files.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deckport_endpoint::{ExportOptions, ExportReport, ImportReport, Progress, Stage};

use crate::args::{ExportArgs, ImportArgs};
use crate::failure::Failure;
use crate::output::{line, note, printable};
use crate::{shutdown, unserved};

/// Replaces an account's collection with that of a file.
pub(crate) fn import(args: &ImportArgs, data_dir: &Path) -> Result<(), Failure> {
    let account = unserved::care(args.account.as_deref(), data_dir)?;
    let mut stages = Stages::new();
    let done = account
        .care
        .import(&args.file, &mut |progress| stages.tell(progress))
        .map_err(Failure::failed)?;
    tell_import(&account.name, &done);
    Ok(())
}

/// Writes an account's collection to a file.
pub(crate) fn export(args: &ExportArgs, data_dir: &Path) -> Result<(), Failure> {
    let account = unserved::care(args.account.as_deref(), data_dir)?;
    let options =
        ExportOptions { media: !args.no_media, legacy: args.legacy, overwrite: args.force };
    let mut stages = Stages::new();
    let done = account
        .care
        .export(&args.file, options, &mut |progress| stages.tell(progress))
        .map_err(Failure::failed)?;
    tell_export(&args.file, &done);
    Ok(())
}

fn tell_import(account: &str, done: &ImportReport) {
    let ImportReport { summary, media, .. } = done;
    line(&format!(
        "imported {} notes, {} cards and {} reviews into {account}",
        summary.notes, summary.cards, summary.reviews
    ));
    if media.new + media.replaced + media.same > 0 {
        line(&format!(
            "media files: {} new, {} replaced (the old ones are in media.trash), {} already there",
            media.new, media.replaced, media.same
        ));
    }
    if media.unfit > 0 {
        line(&format!("{} media files were left out: they are empty", media.unfit));
    }
    list("left out, because Anki syncs no files over 100 MiB", &done.too_large);
    if let Some(backup) = &done.backup {
        line(&format!("what was there before is kept as {}", backup.name));
    }
    line("At the next sync each device asks for a direction: choose Download.");
}

fn tell_export(file: &Path, done: &ExportReport) {
    let media = match done.media {
        0 => String::new(),
        files => format!(" with {files} media files"),
    };
    line(&format!("wrote {}: {} bytes{media}", file.display(), done.bytes));
    list("left out, because its content is missing or damaged", &done.damaged);
    list("left out, because Anki takes no file of that name", &done.unfit);
}

fn list(what: &str, names: &[String]) {
    for name in names {
        line(&format!("{what}: {}", printable(name, 200)));
    }
}

/// Tells a waiting person what takes so long, and hears whether they give up.
struct Stages {
    shown: bool,
    last: Option<Stage>,
    given_up: Arc<AtomicBool>,
}

impl Stages {
    fn new() -> Stages {
        let shown = std::io::stderr().is_terminal();
        Stages { shown, last: None, given_up: shutdown::signalled() }
    }

    fn tell(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.shown && self.last != Some(progress.stage) {
            self.last = Some(progress.stage);
            note(&match (progress.stage, progress.total) {
                (Stage::Collection, _) => "copying the collection …".to_owned(),
                (Stage::Checking, _) => "checking the collection …".to_owned(),
                (Stage::Media, Some(files)) => format!("copying {files} media files …"),
                (Stage::Media, None) => "copying media files …".to_owned(),
            });
        }
        if self.given_up.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
