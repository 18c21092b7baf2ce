//! `deckport doctor`: why a device does not get through.

use std::net::IpAddr;
use std::path::Path;

use deckport_endpoint::{AnnounceState, Clock, RecentRefusal, SystemClock};

use crate::ago;
use crate::args::DoctorArgs;
use crate::failure::Failure;
use crate::output::printable;
use crate::status::Serving;
use crate::work::Workplace;

/// Carries out the command. What keeps the endpoint from its work is a failure: exit code 1.
pub(crate) fn run(place: &Workplace, args: DoctorArgs) -> Result<(), Failure> {
    let Some(serving) = place.serving else {
        let serve = place.typed.command(&["serve"]);
        return Err(Failure::Failed(format!(
            "Deckport does not run, so no device gets through: start it with `{serve}`"
        )));
    };
    place.line("Deckport runs, and answers at these addresses:");
    for address in serving.addresses() {
        place.line(&format!("  {}", address.url));
    }
    place.line(&name(place));
    place.line(if place.handle.speaks_tls() {
        "https works with devices that trust the certificate; http works with all."
    } else {
        "https is not spoken: addresses begin with http://."
    });
    refusals(place, args.from);
    place.line("");
    for line in silence(serving) {
        place.line(&line);
    }
    place.handle.check_health().map_err(Failure::Failed)
}

fn name(place: &Workplace) -> String {
    let told = place.handle.announcement();
    match &told.state {
        AnnounceState::Announced => format!("Devices find it by the name {}.", told.name),
        AnnounceState::Not(why) => format!("Its name {} is not announced: {why}.", told.name),
        _ => format!("Its name {} will be announced in a moment.", told.name),
    }
}

/// What was refused lately, with what to do.
fn refusals(place: &Workplace, from: Option<IpAddr>) {
    let is_meant = |refusal: &RecentRefusal| from.is_none_or(|from| refusal.address == from);
    let refusals: Vec<RecentRefusal> =
        place.handle.recent_refusals().into_iter().filter(is_meant).collect();
    place.line("");
    if refusals.is_empty() {
        let whom = from.map_or_else(|| "Nobody".to_owned(), |from| format!("Nobody from {from}"));
        place.line(&format!("{whom} was refused since it started."));
        return;
    }
    place.line("Refused lately, the newest first:");
    let now_ms = SystemClock::new().now_ms();
    for refusal in refusals {
        place.line(&format!(
            "  {}, {}: {}",
            ago::text(refusal.at_ms, now_ms),
            refusal.address,
            printable(&refusal.reason, 200)
        ));
        place.line(&format!("    {}", printable(&refusal.advice(), 500)));
    }
}

/// What keeps a device from arriving here at all.
fn silence(serving: &Serving) -> Vec<String> {
    let mut lines = vec![
        "A device that fails and is not listed does not arrive here:".to_owned(),
        "  * It is in another network, or in a guest Wi-Fi that keeps its devices apart."
            .to_owned(),
        "  * A VPN on one of the two takes the way: switch it off for a moment.".to_owned(),
        "  * It has another address in its settings than the ones above.".to_owned(),
    ];
    let port = serving.bound.first().map_or(0, std::net::SocketAddr::port);
    lines.extend(firewall(port).map(|how| format!("  * The firewall here is closed: {how}")));
    lines
}

/// How the firewall is opened, where one is known.
fn firewall(port: u16) -> Option<String> {
    let has = |program: &str| {
        ["/usr/sbin", "/usr/bin", "/sbin"].iter().any(|dir| Path::new(dir).join(program).exists())
    };
    if cfg!(windows) {
        return Some(format!(
            "netsh advfirewall firewall add rule name=Deckport dir=in action=allow protocol=TCP \
             localport={port}"
        ));
    }
    if cfg!(target_os = "macos") {
        return Some("allow deckport in System Settings > Network > Firewall > Options".to_owned());
    }
    if has("ufw") {
        return Some(format!("sudo ufw allow {port}/tcp"));
    }
    has("firewall-cmd").then(|| {
        format!("sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload")
    })
}
