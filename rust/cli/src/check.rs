//! `deckport check`: what is wrong with an account's collection and media.

use std::path::Path;

use deckport_endpoint::{AccountCare, CheckReport, go_on};

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::output::{line, printable};
use crate::{media, unserved};

/// Carries out the command. Findings are a failure of their own: exit code 1.
pub(crate) fn run(args: &CheckArgs, data_dir: &Path) -> Result<(), Failure> {
    let account = unserved::care(args.account.as_deref(), data_dir)
        .map_err(|failure| Failure::NotChecked(failure.to_string()))?;
    match &args.compare {
        Some(file) => compare(&account.care, file),
        None => check(&account.care, args.repair),
    }
}

fn check(account: &AccountCare, repair: bool) -> Result<(), Failure> {
    let report = account.check(repair, &mut go_on).map_err(not_checked)?;
    tell(&report);
    if !report.repaired {
        return verdict(&report, repair);
    }
    line("Mended.");
    if let Some(backup) = &report.backup {
        line(&format!("What was there before is kept as {}.", backup.name));
    }
    if report.one_way {
        line("At the next sync each device asks for a direction: choose Download.");
    }
    // What no repair can mend is still there.
    let rest = account.check(false, &mut go_on).map_err(not_checked)?;
    if rest.is_clean() {
        return Ok(());
    }
    line("Still there:");
    tell(&rest);
    verdict(&rest, repair)
}

fn verdict(report: &CheckReport, repair: bool) -> Result<(), Failure> {
    if report.is_clean() {
        line("Nothing is wrong.");
        return Ok(());
    }
    let advice = match (report.findings.is_empty(), report.mendable, repair) {
        (false, true, false) => "; `deckport check --repair` mends what can be mended",
        (false, false, _) => "; the collection cannot be mended: restore a backup",
        _ => "",
    };
    Err(Failure::Failed(format!("the check found something{advice}")))
}

fn tell(report: &CheckReport) {
    if let Some(digest) = &report.digest {
        line(&format!("Digest of the collection: {digest}"));
    }
    if !report.taken_in.is_empty() {
        let changes = &report.taken_in;
        line(&format!("Another program had changed {changes}. Devices get it at their next sync."));
    }
    for finding in &report.findings {
        line(&finding.to_string());
    }
    if let Some(media) = &report.media {
        media::tell(media);
    }
}

fn compare(account: &AccountCare, file: &Path) -> Result<(), Failure> {
    let mut differences = 0u64;
    account
        .compare(file, &mut go_on, &mut |difference| {
            differences += 1;
            line(&printable(&difference.to_string(), 500));
        })
        .map_err(not_checked)?;
    match differences {
        0 => {
            line("No difference: the account and the file hold the same.");
            Ok(())
        }
        1 => Err(Failure::Failed("there is 1 difference".to_owned())),
        many => Err(Failure::Failed(format!("there are {many} differences"))),
    }
}

fn not_checked(error: impl std::fmt::Display) -> Failure {
    Failure::NotChecked(error.to_string())
}
