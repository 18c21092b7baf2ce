//! `deckport certificate`: what devices have to trust for https, and how they come to.

use std::io::Write;
use std::path::Path;

use deckport_endpoint::{CaCertificate, SystemClock, certificate};
use deckport_ground::files::write_whole;

use crate::args::CertificateArgs;
use crate::failure::Failure;
use crate::output::{line, note};

/// Prints or writes the certificate of a data folder, which is made when there is none yet.
pub(crate) fn run(args: &CertificateArgs, data_dir: &Path) -> Result<(), Failure> {
    let CaCertificate { pem, fingerprint, .. } =
        certificate(data_dir, &SystemClock::new()).map_err(Failure::failed)?;
    match &args.out {
        None => line(pem.trim_end()),
        Some(file) => {
            write_whole(file, |out| out.write_all(pem.as_bytes())).map_err(|error| {
                Failure::Failed(format!("{} cannot be written: {error}", file.display()))
            })?;
            line(&format!("the certificate is in {}", file.display()));
        }
    }
    note(&explained(&fingerprint));
    Ok(())
}

/// The fingerprint in two lines, and what to do.
fn explained(fingerprint: &str) -> String {
    let groups: Vec<&str> = fingerprint.split(' ').collect();
    let halves: Vec<String> =
        groups.chunks(8).map(|half| format!("  {}", half.join(" "))).collect();
    format!("Fingerprint (SHA-256):\n{}\n{STEPS}", halves.join("\n"))
}

const STEPS: &str = "
A device that trusts this certificate can use https:// in place of http:// in the address that
`deckport serve` shows. It finds the certificate at that address with certificate.pem behind it;
compare the fingerprint before you trust it.

Windows    certutil -user -addstore Root deckport.pem
macOS      open deckport.pem, then in Keychain Access: Trust > Always Trust
Debian     copy it to /usr/local/share/ca-certificates/deckport.crt, then:
           sudo update-ca-certificates
Fedora     sudo trust anchor deckport.pem
Linux      for one program alone: SSL_CERT_FILE=/path/to/deckport.pem anki
AnkiDroid  2.20 and newer: Settings > Sync > Custom sync server > custom certificate: paste all of
           it, from -----BEGIN to CERTIFICATE-----
iOS        open certificate.crt in Safari; Settings > General > VPN & Device Management: install;
           then General > About > Certificate Trust Settings: switch it on";
