//! The `deckport` command: reads the command line, calls the endpoint crate, prints.
//!
//! No logic of syncing, accounts or storage lives here.

mod account;
mod ago;
mod args;
mod backup;
mod certificate;
mod check;
mod device;
mod doctor;
#[cfg(unix)]
mod door;
mod environment;
mod failure;
mod found_name;
mod local;
mod log;
mod media;
mod name;
mod output;
mod own_names;
mod package;
mod password;
mod qr;
mod queue;
mod registry;
mod serve;
mod settings;
mod shutdown;
mod size;
mod status;
mod typed;
mod unserved;
mod work;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::work::Work;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::last_words(&format!("deckport: {failure}"));
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let environment = Environment::of_process()?;
    #[cfg(feature = "fault-points")]
    if let Ok(plan) = std::env::var("DECKPORT_FAULT") {
        deckport_ground::faults::arm(&plan);
    }
    let data_dir = settings::data_dir(cli.data, &environment)?;
    match cli.command {
        Command::Serve(args) => serve::run(&args, &environment, data_dir),
        Command::Doctor(args) => work::run(Work::Doctor(args), &data_dir),
        Command::Status(args) => work::run(Work::Status(args), &data_dir),
        Command::Account(command) => account::run(&command, &data_dir),
        Command::Device(command) => device::run(&command, &data_dir),
        Command::Media(command) => work::run(Work::Media(command), &data_dir),
        Command::Name { name } => name::run(name.as_ref(), &data_dir),
        Command::Backup(command) => backup::run(&command, &data_dir),
        Command::Import(args) => work::run(Work::Import(args), &data_dir),
        Command::Check(args) => work::run(Work::Check(args), &data_dir),
        Command::Certificate(args) => certificate::run(&args, &data_dir),
        Command::Export(args) => work::run(Work::Export(args), &data_dir),
    }
}
