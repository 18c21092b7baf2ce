//! `deckport media …`: what is wrong with an account's media, and what is unused.

use deckport_endpoint::{MediaFindings, UnusedFile};
use serde::Serialize;

use crate::args::{ListArgs, MediaCommand};
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::size;
use crate::work::Workplace;

/// Longest name that is printed; clients make no longer ones.
const MAX_NAME: usize = 255;

/// Carries out one media command.
pub(crate) fn run(place: &Workplace, command: &MediaCommand) -> Result<(), Failure> {
    match command {
        MediaCommand::Check { account, repair } => check(place, account.as_deref(), *repair),
        MediaCommand::Unused { account, delete, list } => {
            unused(place, account.as_deref(), *delete, *list)
        }
    }
}

fn check(place: &Workplace, account: Option<&str>, repair: bool) -> Result<(), Failure> {
    let account = place.care(account)?;
    let Some(found) =
        account.care.check_media(repair, &mut place.stages()).map_err(Failure::failed)?
    else {
        place.line("no media yet");
        return Ok(());
    };
    place.line(&format!("{} files are right ({})", found.right, size::text(found.bytes)));
    tell(place, &found);
    let wrong = found.lost.len() + found.foreign.len();
    match wrong {
        0 => Ok(()),
        _ if repair => {
            place.line(
                "repaired: lost files wait to be sent again, foreign ones are in media.trash",
            );
            Ok(())
        }
        _ => {
            let words = ["media", "check", "--repair", "--account", &account.name];
            Err(Failure::Failed(format!(
                "{wrong} findings; `{}` lets devices send lost files again and moves foreign ones \
                 to media.trash",
                place.typed.command(&words)
            )))
        }
    }
}

/// One sentence for each finding.
pub(crate) fn tell(place: &Workplace, found: &MediaFindings) {
    for name in &found.lost {
        place.line(&format!("media file missing or damaged: {}", printable(name, MAX_NAME)));
    }
    for name in &found.waiting {
        let name = printable(name, MAX_NAME);
        place.line(&format!("media file lost, waits for a device to send it again: {name}"));
    }
    for name in &found.foreign {
        place.line(&format!("not a media file of this account: {}", printable(name, MAX_NAME)));
    }
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    bytes: u64,
}

impl Row<'_> {
    fn of(file: &UnusedFile) -> Row<'_> {
        Row { name: &file.name, bytes: file.bytes }
    }
}

fn unused(
    place: &Workplace,
    account: Option<&str>,
    delete: bool,
    list: ListArgs,
) -> Result<(), Failure> {
    let account = place.care(account)?;
    let files = account.care.unused_media().map_err(Failure::failed)?;
    let moved =
        if delete { account.care.delete_media(&files).map_err(Failure::failed)? } else { 0 };
    if list.json {
        let rows: Vec<Row> = files.iter().map(Row::of).collect();
        place.line(&output::as_json(&rows)?);
        return Ok(());
    }
    for file in &files {
        place.line(&printable(&file.name, MAX_NAME));
    }
    let bytes = size::text(files.iter().map(|file| file.bytes).sum());
    place.line(&match (files.len(), delete) {
        (0, _) => "no unused files".to_owned(),
        (count, false) => {
            format!("{count} unused files ({bytes}); --delete moves them to the trash")
        }
        (_, true) => format!(
            "{moved} files ({bytes}) moved to media.trash; devices delete them at their next sync"
        ),
    });
    Ok(())
}
