//! The names of this machine in its own network.

use crate::environment::Environment;

/// The names under which other devices may find this machine: its own, and the one of mDNS.
pub(crate) fn of_machine(environment: &Environment) -> Vec<String> {
    let name = host_name().or_else(|| environment.computer_name.clone());
    name.map_or_else(Vec::new, |name| variants(&name))
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    None
}

fn variants(name: &str) -> Vec<String> {
    let short = name.split('.').next().unwrap_or_default();
    // What Linux calls a machine without a name.
    if short.is_empty() || short == "(none)" {
        return Vec::new();
    }
    let mut names = vec![name.to_owned(), short.to_owned(), format!("{short}.local")];
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_its_name_and_in_mdns() {
        assert_eq!(variants("shelf"), ["shelf", "shelf.local"]);
        assert_eq!(variants("shelf.home.arpa"), ["shelf.home.arpa", "shelf", "shelf.local"]);
        assert!(variants("").is_empty() && variants("(none)").is_empty());
    }
}
