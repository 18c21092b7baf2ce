//! `deckport name`: under which name other devices find the endpoint.

use std::path::Path;

use deckport_endpoint::{HostName, host_name, keep_host_name};

use crate::failure::Failure;
use crate::output::line;
use crate::registry;

/// Shows the name, or sets another one.
pub(crate) fn run(name: Option<&HostName>, data_dir: &Path) -> Result<(), Failure> {
    let registry = registry::open(data_dir)?;
    match name {
        None => line(&host_name(&registry).map_err(Failure::failed)?.full()),
        Some(name) => {
            keep_host_name(&registry, name).map_err(Failure::failed)?;
            line(&format!("{} from the next start of the endpoint on", name.full()));
        }
    }
    Ok(())
}
