//! `deckport media …`: what is wrong with an account's media, and what is unused.

use std::path::Path;

use deckport_endpoint::{Clock, MediaCare, SystemClock, UnusedFile};
use serde::Serialize;

use crate::args::{ListArgs, MediaCommand};
use crate::failure::Failure;
use crate::output::{self, line, printable};
use crate::{registry, size};

/// Longest name that is printed; clients make none longer.
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
    let Some(mut care) = open(account, data_dir)? else {
        line("no media yet");
        return Ok(());
    };
    let report = care.check(repair).map_err(Failure::failed)?;
    care.close().map_err(Failure::failed)?;
    line(&format!("{} files are right ({})", report.right, size::text(report.bytes)));
    for name in &report.lost {
        line(&format!("lost: {} is missing or damaged", printable(name, MAX_NAME)));
    }
    if report.waiting > 0 {
        line(&format!(
            "{} lost files wait to be sent again by a device that has them",
            report.waiting
        ));
    }
    for name in &report.foreign {
        line(&format!("foreign: {} belongs to no file of a device", printable(name, MAX_NAME)));
    }
    match report.lost.len() + report.foreign.len() {
        0 => Ok(()),
        _ if repair => {
            line("repaired: lost files wait to be sent again, foreign ones are in media.trash");
            Ok(())
        }
        count => Err(Failure::Failed(format!(
            "{count} findings; `deckport media check --repair` lets devices send lost files again \
             and moves foreign ones to media.trash"
        ))),
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
    let Some(mut care) = open(account, data_dir)? else {
        if list.json {
            return output::json(&[(); 0]);
        }
        line("no media yet");
        return Ok(());
    };
    let files = care.unused().map_err(Failure::failed)?;
    let moved = if delete { care.delete(&files).map_err(Failure::failed)? } else { 0 };
    care.close().map_err(Failure::failed)?;
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

fn open(account: Option<&str>, data_dir: &Path) -> Result<Option<MediaCare>, Failure> {
    let account = registry::one_account(&registry::open(data_dir)?, account)?;
    let folder = data_dir.join(&account.folder);
    MediaCare::open(&folder, SystemClock::new().now_ms()).map_err(Failure::failed)
}
