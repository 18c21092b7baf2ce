//! `hostKey`: name and password for a token (`collection-sync` 3.1).

use std::sync::Arc;

use deckport_wire::{ErrorKind, HostKeyRequest, HostKeyResponse, SyncHeader, WireError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::answer::Answer;
use super::framing;
use super::handler::Walk;
use crate::events::Event;
use crate::refusal::Refusal;
use crate::registry::{Login, LoginError};

/// Enough for the longest name and password.
const MAX_LOGIN_BYTES: u64 = 16 * 1024;

/// Answers a login. Guessing is slowed down by address.
pub(super) async fn log_in(walk: &mut Walk<'_>, header: &SyncHeader) -> Result<Answer, Refusal> {
    let json = framing::read_json(walk.body, MAX_LOGIN_BYTES).await?;
    let request: HostKeyRequest = serde_json::from_slice(&json).map_err(WireError::from)?;
    let login = check(walk, header, request).await?;
    walk.record.fields.account = Some(login.account.name.clone());
    walk.record.fields.device = Some(login.device.name.clone());
    let (account, device, peer) = (login.account.name, login.device.name, walk.peer.ip());
    walk.shared.options.events.event(&Event::LoggedIn { account, device, peer });
    let answer = serde_json::to_vec(&HostKeyResponse { key: login.token });
    framing::answer(&answer.map_err(WireError::from)?)
}

async fn check(
    walk: &Walk<'_>,
    header: &SyncHeader,
    request: HostKeyRequest,
) -> Result<Login, Refusal> {
    let peer = walk.peer.ip();
    let ticket = walk
        .shared
        .logins
        .enter(peer)
        .map_err(|error| Refusal::new(ErrorKind::Unavailable, error.to_string()))?;
    sleep(ticket.wait()).await;
    let _turn = walk.shared.password_check.lock().await;
    let (registry, version) = (Arc::clone(&walk.shared.registry), header.client_version.clone());
    let checked = spawn_blocking(move || {
        registry.login(&request.username, &request.password, &version, peer)
    })
    .await;
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
