//! `import`, `export` and `check`: a whole account and files.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

const IMPORT_EXAMPLE: &str = "Examples:
  deckport import collection.colpkg
  deckport import backup.anki2 --account anna

Afterwards each device asks for a direction at its next sync:
choose Download. Media files that the package does not have stay.";

#[derive(Debug, Args, Serialize, Deserialize)]
#[command(after_help = IMPORT_EXAMPLE)]
pub(crate) struct ImportArgs {
    /// A collection package (.colpkg) or collection file (.anki2)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

const CHECK_EXAMPLE: &str = "Examples:
  deckport check
  deckport check --repair
  deckport check --compare collection.anki2

Exit codes: 0 nothing found, 1 something found, 2 not checked.
--repair keeps a backup first. --compare prints one line for each difference.";

#[derive(Debug, Args, Serialize, Deserialize)]
#[command(after_help = CHECK_EXAMPLE)]
pub(crate) struct CheckArgs {
    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Mend what Anki's own Check Database would mend
    #[arg(long)]
    pub(crate) repair: bool,

    /// Compare with a collection (.anki2) or package (.colpkg) of a device instead
    #[arg(long, value_name = "FILE", conflicts_with = "repair")]
    pub(crate) compare: Option<PathBuf>,
}

const EXPORT_EXAMPLE: &str = "Examples:
  deckport export anki.colpkg
  deckport export old.colpkg --legacy --no-media
  deckport export collection.anki2 --account anna

In Anki: File > Import.";

#[derive(Debug, Args, Serialize, Deserialize)]
#[command(after_help = EXPORT_EXAMPLE)]
pub(crate) struct ExportArgs {
    /// The file to write; its name ends with .colpkg, or .anki2 for only the collection
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The account [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,

    /// Without images and sounds
    #[arg(long)]
    pub(crate) no_media: bool,

    /// For Anki before 2.1.50; every Anki can import it
    #[arg(long)]
    pub(crate) legacy: bool,

    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}
