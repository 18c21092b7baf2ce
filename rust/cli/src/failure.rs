//! Why a command did not do what it was asked, and the exit code that says so.
//!
//! Every failure is one sentence for a person. It never holds passwords or tokens.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// A command that did not succeed.
#[derive(Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// The command line or the environment asks for something impossible: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// A check could not be made, which must not be mistaken for findings: exit code 2.
    #[error("{0}")]
    NotChecked(String),
    /// Anything that went wrong while doing it, and findings of a check: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// The process's exit code: 2 for usage (as the argument parser does) and for checks that
    /// could not be made, 1 for the rest.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::NotChecked(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }

    /// A [`Failure::Failed`] from any error's sentence.
    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}
