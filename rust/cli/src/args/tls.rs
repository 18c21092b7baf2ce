//! TLS and certificates.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which of http and https is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tls {
    /// Both
    On,
    /// http alone
    Off,
    /// https; http from this computer alone
    Only,
}

const CERTIFICATE_EXAMPLE: &str = "Examples:
  deckport certificate
  deckport certificate --out deckport.pem

The certificate goes to standard output, everything else to standard error. Devices that trust it
trust every endpoint of this data folder, for ten years.";

#[derive(Debug, Args)]
#[command(after_help = CERTIFICATE_EXAMPLE)]
pub(crate) struct CertificateArgs {
    /// Write the certificate (PEM) to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
