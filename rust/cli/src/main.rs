//! The `deckport` command: reads the command line, calls the endpoint crate, prints.
//!
//! No logic of syncing, accounts or storage lives here.

mod account;
mod args;
mod device;
mod environment;
mod failure;
mod log;
mod media;
mod output;
mod password;
mod qr;
mod registry;
mod serve;
mod settings;
mod shutdown;
mod size;
mod utc;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::environment::Environment;
use crate::failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&format!("deckport: {failure}"));
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let environment = Environment::of_process()?;
    let data_dir = settings::data_dir(cli.data, &environment)?;
    match cli.command {
        Command::Serve(args) => serve::run(&args, &environment, data_dir),
        Command::Account(command) => account::run(&command, &data_dir),
        Command::Device(command) => device::run(&command, &data_dir),
        Command::Media(command) => media::run(&command, &data_dir),
    }
}
