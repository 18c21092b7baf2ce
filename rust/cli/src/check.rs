//! `deckport check`: what is wrong with an account's collection and media.

use std::path::Path;

use deckport_endpoint::{AccountCare, CheckReport};

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::media;
use crate::output::printable;
use crate::work::{Cared, Workplace};

/// Carries out the command. Findings are a failure of their own: exit code 1.
pub(crate) fn run(place: &Workplace, args: &CheckArgs) -> Result<(), Failure> {
    let account = place.care(args.account.as_deref()).map_err(not_checked)?;
    match &args.compare {
        Some(file) => compare(place, &account.care, file),
        None => check(place, &account, args.repair),
    }
}

fn check(place: &Workplace, account: &Cared, repair: bool) -> Result<(), Failure> {
    let report = account.care.check(repair, &mut place.stages()).map_err(not_checked)?;
    tell(place, &report);
    if !report.repaired {
        return verdict(place, &account.name, &report, repair);
    }
    place.line("Mended.");
    if let Some(backup) = &report.backup {
        place.line(&format!("What was there before is kept as {}.", backup.name));
    }
    if report.one_way {
        place.line("At the next sync each device asks for a direction: choose Download.");
    }
    // What no repair can mend is still there.
    let rest = account.care.check(false, &mut place.stages()).map_err(not_checked)?;
    if rest.is_clean() {
        return Ok(());
    }
    place.line("Still there:");
    tell(place, &rest);
    verdict(place, &account.name, &rest, repair)
}

fn verdict(
    place: &Workplace,
    account: &str,
    report: &CheckReport,
    repair: bool,
) -> Result<(), Failure> {
    if report.is_clean() {
        place.line("Nothing is wrong.");
        return Ok(());
    }
    let advice = match (report.findings.is_empty(), report.mendable, repair) {
        (false, true, false) => {
            let repair = place.typed.command(&["check", "--repair", "--account", account]);
            format!("; `{repair}` mends what can be mended")
        }
        (false, false, _) => "; the collection cannot be mended: restore a backup".to_owned(),
        _ => String::new(),
    };
    Err(Failure::Failed(format!("the check found something{advice}")))
}

fn tell(place: &Workplace, report: &CheckReport) {
    if let Some(digest) = &report.digest {
        place.line(&format!("Digest of the collection: {digest}"));
    }
    if !report.taken_in.is_empty() {
        let changes = &report.taken_in;
        place.line(&format!(
            "Another program had changed {changes}. Devices get it at their next sync."
        ));
    }
    for finding in &report.findings {
        place.line(&finding.to_string());
    }
    if let Some(media) = &report.media {
        media::tell(place, media);
    }
}

fn compare(place: &Workplace, account: &AccountCare, file: &Path) -> Result<(), Failure> {
    let mut differences = 0u64;
    account
        .compare(file, &mut place.stages(), &mut |difference| {
            differences += 1;
            place.line(&printable(&difference.to_string(), 500));
        })
        .map_err(not_checked)?;
    match differences {
        0 => {
            place.line("No difference: the account and the file hold the same.");
            Ok(())
        }
        1 => Err(Failure::Failed("there is 1 difference".to_owned())),
        many => Err(Failure::Failed(format!("there are {many} differences"))),
    }
}

fn not_checked(error: impl std::fmt::Display) -> Failure {
    Failure::NotChecked(error.to_string())
}
