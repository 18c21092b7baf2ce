//! Work on an account's collection and media. The process that owns the data folder does it: a running
//! endpoint, or this one.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use deckport_endpoint::{AccountCare, EndpointHandle, Interrupt, Progress, Stage};
use serde::{Deserialize, Serialize};

use crate::args::{CheckArgs, DoctorArgs, ExportArgs, ImportArgs, ListArgs, MediaCommand};
#[cfg(unix)]
use crate::door;
use crate::failure::Failure;
use crate::output::{Output, Terminal};
use crate::registry::{self, one_account};
use crate::status::{self, Serving};
use crate::typed::Typed;
use crate::{backup, check, doctor, media, package, shutdown, unserved};

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    CreateBackup { account: Option<String> },
    RestoreBackup { account: Option<String>, name: String },
    Import(ImportArgs),
    Export(ExportArgs),
    Check(CheckArgs),
    Media(MediaCommand),
    Status(ListArgs),
    Doctor(DoctorArgs),
}

/// Does it where it can be done, and says here what happens.
pub(crate) fn run(work: Work, data_dir: &Path) -> Result<(), Failure> {
    // A mistyped folder is not filled with a new one.
    let registry = registry::open(data_dir).map_err(|failure| work.not_done(failure))?;
    let work = work.with_absolute_paths()?;
    let interrupt = shutdown::signalled();
    #[cfg(unix)]
    if let Some(running) = door::knock(data_dir) {
        return running.ask(work, &interrupt, &Terminal);
    }
    drop(registry);
    let endpoint = unserved::open(data_dir).map_err(|failure| work.not_done(failure))?;
    let (handle, output, watched) = (endpoint.handle(), &Terminal, is_watched());
    let typed = Typed::of(data_dir);
    Workplace { handle, output, interrupt, watched, typed, serving: None }.do_it(&work)
}

/// Whether a person waits for what is done here.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Where work is done: the endpoint that has the accounts, and who hears of it.
pub(crate) struct Workplace<'a> {
    pub(crate) handle: EndpointHandle,
    pub(crate) output: &'a dyn Output,
    /// Ends the work soon.
    pub(crate) interrupt: Interrupt,
    /// Whether a person wants to know how far it is.
    pub(crate) watched: bool,
    /// How commands for this endpoint are typed.
    pub(crate) typed: Typed,
    /// Set when the endpoint serves.
    pub(crate) serving: Option<&'a Serving>,
}

/// An account that is worked on.
pub(crate) struct Cared {
    pub(crate) name: String,
    pub(crate) care: AccountCare,
}

impl Workplace<'_> {
    /// Does the work to its end.
    pub(crate) fn do_it(&self, work: &Work) -> Result<(), Failure> {
        match work {
            Work::CreateBackup { account } => backup::create(self, account.as_deref()),
            Work::RestoreBackup { account, name } => {
                backup::restore(self, account.as_deref(), name)
            }
            Work::Import(args) => package::import(self, args),
            Work::Export(args) => package::export(self, args),
            Work::Check(args) => check::run(self, args),
            Work::Media(command) => media::run(self, command),
            Work::Status(args) => status::run(self, *args),
            Work::Doctor(args) => doctor::run(self, *args),
        }
    }

    /// The account that is named, or the only one.
    pub(crate) fn care(&self, account: Option<&str>) -> Result<Cared, Failure> {
        let name = one_account(self.handle.registry(), account)?.name;
        let care = self.handle.care(&name).map_err(Failure::failed)?;
        Ok(Cared { name, care: care.ended_by(self.interrupt.clone()) })
    }

    /// Says one line of the result.
    pub(crate) fn line(&self, text: &str) {
        self.output.line(text);
    }

    /// Says what takes so long, once for each stage.
    pub(crate) fn stages(&self) -> impl FnMut(Progress) -> ControlFlow<()> + '_ {
        let mut last = None;
        move |progress| {
            if self.watched && last != Some(progress.stage) {
                last = Some(progress.stage);
                self.output.note(&stage(&progress));
            }
            ControlFlow::Continue(())
        }
    }
}

fn stage(progress: &Progress) -> String {
    match (progress.stage, progress.total) {
        (Stage::Collection, _) => "copying the collection …".to_owned(),
        (Stage::Checking, _) => "checking the collection …".to_owned(),
        (Stage::Media, Some(files)) => format!("copying {files} media files …"),
        (Stage::Media, None) => "copying media files …".to_owned(),
    }
}

impl Work {
    /// Another process has another working directory.
    fn with_absolute_paths(mut self) -> Result<Work, Failure> {
        let absolute = |path: &mut PathBuf| {
            *path = std::path::absolute(&*path).map_err(Failure::failed)?;
            Ok(())
        };
        match &mut self {
            Work::Import(args) => absolute(&mut args.file)?,
            Work::Export(args) => absolute(&mut args.file)?,
            Work::Check(CheckArgs { compare: Some(file), .. }) => absolute(file)?,
            _ => {}
        }
        Ok(self)
    }

    /// A check that cannot be made is no finding.
    fn not_done(&self, failure: Failure) -> Failure {
        match (self, failure) {
            (Work::Check(_), Failure::Failed(reason)) => Failure::NotChecked(reason),
            (_, failure) => failure,
        }
    }
}
