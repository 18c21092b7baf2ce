//! `hostKey`: name and password for a token (`collection-sync` 3.1); and whose a token is.

use std::net::IpAddr;
use std::sync::Arc;

use deckport_wire::{ErrorKind, HostKeyRequest, HostKeyResponse, WireError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Shared;
use super::handler::Walk;
use crate::events::Event;
use crate::refusal::Refusal;
use crate::registry::{Identity, Login, LoginError, RegistryError};
use crate::throttle::TooManyLogins;

/// Enough for the longest name and password.
pub(super) const MAX_LOGIN_BYTES: u64 = 16 * 1024;

/// Answers the JSON of a login with JSON. Guessing is slowed down, see [`crate::throttle`].
pub(super) async fn log_in(
    walk: &mut Walk<'_>,
    json: &[u8],
    client_version: &str,
) -> Result<Vec<u8>, Refusal> {
    let request: HostKeyRequest = serde_json::from_slice(json).map_err(WireError::from)?;
    let (login, paired) = check(walk, client_version, request).await?;
    walk.record.fields.account = Some(login.account.name.clone());
    walk.record.fields.device = Some(login.device.name.clone());
    let (account, device, peer) = (login.account.name, login.device.name, walk.peer.ip());
    walk.shared.options.events.event(&Event::LoggedIn { account, device, peer, paired });
    Ok(serde_json::to_vec(&HostKeyResponse { key: login.token }).map_err(WireError::from)?)
}

impl Shared {
    /// Whether somebody of this account, or of any, was last seen where `peer` is.
    fn has_logged_in(&self, account: Option<&str>, peer: IpAddr) -> Result<bool, RegistryError> {
        let peer = self.origins.of(peer).own;
        let seen = self.registry.addresses(account)?;
        Ok(seen.into_iter().any(|address| peer.holds(address)))
    }
}

async fn check(
    walk: &Walk<'_>,
    client_version: &str,
    request: HostKeyRequest,
) -> Result<(Login, bool), Refusal> {
    let (peer, account) = (walk.peer.ip(), &request.username);
    let is_known = walk.shared.has_logged_in(Some(account), peer)?;
    let ticket = walk.shared.gate.login(account, walk.shared.origins.of(peer), is_known);
    let ticket = ticket.map_err(too_many)?;
    sleep(ticket.wait()).await;
    // Of strangers one at most stands in front of somebody else.
    let _strangers =
        if ticket.is_strange() { Some(walk.shared.strange_logins.lock().await) } else { None };
    let _turn = walk.shared.password_check.lock().await;
    let (shared, version) = (Arc::clone(walk.shared), client_version.to_owned());
    let checked = spawn_blocking(move || log_in_now(&shared, &request, &version, peer)).await;
    match checked {
        Ok(Ok(login)) => {
            ticket.succeeded();
            Ok(login)
        }
        Ok(Err(LoginError::WrongNameOrPassword)) => {
            walk.shared.options.events.event(&Event::LoginRefused { peer });
            Err(Refusal::new(ErrorKind::NotLoggedIn, LoginError::WrongNameOrPassword.to_string()))
        }
        Ok(Err(LoginError::Registry(error))) => Err(error.into()),
        Err(_) => Err(Refusal::internal("the password could not be checked")),
    }
}

/// Whose a token is. Random ones are looked up at once, and nobody can guess one. Any other may be
/// a guess at a shared one, which is made from a password, and waits its time before it is looked
/// at.
pub(super) async fn identify(
    shared: &Shared,
    token: &str,
    peer: IpAddr,
) -> Result<Identity, Refusal> {
    // Readers wait for nobody, and the lookup takes some microseconds: less than handing it to
    // another thread.
    if let Some(identity) = shared.registry.by_own_token(token)? {
        return Ok(identity);
    }
    let is_known = shared.has_logged_in(None, peer)?;
    let ticket = shared.gate.token(token, shared.origins.of(peer), is_known).map_err(too_many)?;
    sleep(ticket.wait()).await;
    // The only answer that makes clients forget their login (`transport` 5.2).
    let unknown = || Refusal::new(ErrorKind::NotLoggedIn, "the token is unknown or was revoked");
    let identity = shared.registry.by_shared_token(token)?.ok_or_else(unknown)?;
    ticket.succeeded();
    Ok(identity)
}

fn too_many(error: TooManyLogins) -> Refusal {
    Refusal::new(ErrorKind::Unavailable, error.to_string())
}

/// Logs in with the password of a pairing window or of the account; tells which it was.
fn log_in_now(
    shared: &Shared,
    request: &HostKeyRequest,
    version: &str,
    peer: IpAddr,
) -> Result<(Login, bool), LoginError> {
    let HostKeyRequest { username, password, .. } = request;
    if shared.pairings.is_any_open()
        && let Some(account) = shared.registry.account(username)?
        && let Some(admission) = shared.pairings.admit(account.id, password, &*shared.options.clock)
    {
        let name = admission.device_name.as_deref();
        let login = shared.registry.login_paired(account.id, name, version, peer)?;
        return Ok((login, true));
    }
    shared.registry.login(username, password, version, peer).map(|login| (login, false))
}
