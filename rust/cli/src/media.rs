//! `deckport media …`: what is wrong with an account's media, and what is unused.

use std::path::Path;

use deckport_endpoint::{MediaFindings, UnusedFile, go_on};
use serde::Serialize;

use crate::args::{ListArgs, MediaCommand};
use crate::failure::Failure;
use crate::output::{self, line, printable};
use crate::{size, unserved};

/// Longest name that is printed; clients make no longer ones.
const MAX_NAME: usize = 255;

/// Carries out one media command.
pub(crate) fn run(command: &MediaCommand, data_dir: &Path) -> Result<(), Failure> {
    match command {
        MediaCommand::Check { account, repair } => check(account.as_deref(), *repair, data_dir),
        MediaCommand::Unused { account, delete, list } => {
            unused(account.as_deref(), *delete, *list, data_dir)
        }
    }
}

fn check(account: Option<&str>, repair: bool, data_dir: &Path) -> Result<(), Failure> {
    let account = unserved::care(account, data_dir)?;
    let Some(found) = account.care.check_media(repair, &mut go_on).map_err(Failure::failed)? else {
        line("no media yet");
        return Ok(());
    };
    line(&format!("{} files are right ({})", found.right, size::text(found.bytes)));
    tell(&found);
    let wrong = found.lost.len() + found.foreign.len();
    match wrong {
        0 => Ok(()),
        _ if repair => {
            line("repaired: lost files wait to be sent again, foreign ones are in media.trash");
            Ok(())
        }
        _ => Err(Failure::Failed(format!(
            "{wrong} findings; `deckport media check --repair` lets devices send lost files again \
             and moves foreign ones to media.trash"
        ))),
    }
}

/// One sentence for each finding.
pub(crate) fn tell(found: &MediaFindings) {
    for name in &found.lost {
        line(&format!("media file missing or damaged: {}", printable(name, MAX_NAME)));
    }
    for name in &found.waiting {
        let name = printable(name, MAX_NAME);
        line(&format!("media file lost, waits for a device to send it again: {name}"));
    }
    for name in &found.foreign {
        line(&format!("not a media file of this account: {}", printable(name, MAX_NAME)));
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
    account: Option<&str>,
    delete: bool,
    list: ListArgs,
    data_dir: &Path,
) -> Result<(), Failure> {
    let account = unserved::care(account, data_dir)?;
    let files = account.care.unused_media().map_err(Failure::failed)?;
    let moved =
        if delete { account.care.delete_media(&files).map_err(Failure::failed)? } else { 0 };
    if list.json {
        let rows: Vec<Row> = files.iter().map(Row::of).collect();
        return output::json(&rows);
    }
    for file in &files {
        line(&printable(&file.name, MAX_NAME));
    }
    let bytes = size::text(files.iter().map(|file| file.bytes).sum());
    line(&match (files.len(), delete) {
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
