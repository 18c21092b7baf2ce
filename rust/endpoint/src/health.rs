//! Whether the endpoint can do its work: the account database opens, the data folder can be
//! written, there is free space.

use std::sync::Arc;
use std::time::Duration;

use deckport_accounts::Registry;
use deckport_ground::space::free_bytes;
use deckport_household::{Errands, check_writable};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::options::EndpointOptions;

/// How long an answer stays good: anybody may ask, so asking must be cheap.
const GOOD_FOR: Duration = Duration::from_secs(2);

/// The health check, made at most once in two seconds.
#[derive(Debug, Default)]
pub(crate) struct Health {
    last: Mutex<Option<Checked>>,
}

#[derive(Debug)]
struct Checked {
    at: Duration,
    result: Result<(), String>,
}

impl Health {
    /// Checks, or answers what was found a moment ago.
    ///
    /// # Errors
    /// One sentence that says what is wrong, without the machine's paths: anybody may read it.
    pub(crate) async fn check(
        &self,
        options: &EndpointOptions,
        registry: &Arc<Registry>,
        errands: &Errands,
    ) -> Result<(), String> {
        let mut last = self.last.lock().await;
        let now = options.clock.monotonic();
        if let Some(checked) = &*last
            && now.saturating_sub(checked.at) < GOOD_FOR
        {
            return checked.result.clone();
        }
        let (options, registry) = (options.clone(), Arc::clone(registry));
        let errand = errands.begin().map_err(|error| error.to_string())?;
        let checked = move || {
            let _errand = errand;
            check_now(&options, &registry)
        };
        let result = spawn_blocking(checked)
            .await
            .unwrap_or_else(|_| Err("the health check failed unexpectedly".to_owned()));
        *last = Some(Checked { at: now, result: result.clone() });
        result
    }
}

/// Checks now.
///
/// # Errors
/// As [`Health::check`].
pub(crate) fn check_now(options: &EndpointOptions, registry: &Registry) -> Result<(), String> {
    let data_dir = &*options.data_dir;
    registry.check().map_err(|error| error.to_string())?;
    check_writable(data_dir).map_err(|_| "the data folder cannot be written".to_owned())?;
    match free_bytes(data_dir) {
        Some(free) if free < options.limits.min_free_bytes => {
            Err(format!("only {} MB are free on the data folder's disk", free / 1_000_000))
        }
        _ => Ok(()),
    }
}
