//! `hostKey`: name and password for a token (`collection-sync` 3.1); and whose a token is.

use std::net::IpAddr;
use std::sync::Arc;

use deckport_accounts::{Identity, Login, LoginError, Permit, RegistryError, TooManyLogins};
use deckport_household::{Caller, DeviceKey, Event, RefusalKind, Worker};
use deckport_wire::{ErrorKind, HostKeyRequest, HostKeyResponse, Method, Sender, WireError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Shared;
use super::handler::Walk;
use super::hosts;
use super::outgoing::Reply;
use super::record::Tried;
use super::refusal::Refusal;

/// Whoever asks, found by its token.
pub(super) struct Client {
    pub(super) caller: Caller,
    pub(super) worker: Worker,
    /// What it was let in with.
    pub(super) permit: Permit,
    pub(super) token: String,
}

/// Answers a login. Guessing is slowed down, see [`deckport_accounts::Gate`].
pub(super) async fn log_in(
    walk: &mut Walk<'_>,
    request: HostKeyRequest,
    client_version: &str,
) -> Result<Reply, Refusal> {
    walk.record.tried.account = Some(request.username.clone());
    let (login, paired) = check(walk, client_version, request).await?;
    walk.record.fields.account = Some(login.account.name.clone());
    walk.record.fields.device = Some(login.device.name.clone());
    let (account, device, peer) = (login.account.name, login.device.name, walk.peer.ip());
    walk.shared.options.events.event(&Event::LoggedIn { account, device, peer, paired });
    let answer = serde_json::to_vec(&HostKeyResponse { key: login.token });
    Ok(Reply::whole(answer.map_err(WireError::from)?))
}

/// Finds out who asks. From then on it may take its time.
pub(super) async fn identify(
    walk: &mut Walk<'_>,
    sender: &Sender,
    method: Method,
) -> Result<Client, Refusal> {
    let Sender { token, client_version, .. } = sender;
    let (shared, address) = (walk.shared, walk.peer.ip());
    let Some(identity) = find(shared, token, address).await? else {
        return Err(not_any_more(walk, token)?);
    };
    if method.begins_a_run() {
        let now_ms = shared.options.clock.now_ms();
        // Only for people's information: no reason to refuse a sync.
        let host = hosts::said_in(walk.head);
        let _ = shared.registry.note_seen(&identity.device, client_version, address, host, now_ms);
    }
    walk.body.trust();
    walk.slot.is_known();
    walk.record.identify(&identity);
    let Identity { account, device } = &identity;
    let origin = device.shared.then(|| (address, client_version.clone()));
    let key = DeviceKey { device_id: device.id, origin };
    Ok(Client {
        caller: Caller { key, account: account.name.clone(), device: device.name.clone() },
        worker: shared.workers().of(account)?,
        permit: Permit::of(&shared.registry, token, &identity),
        token: token.clone(),
    })
}

impl Shared {
    /// Whether somebody of this account, or of any, was last seen where `peer` is.
    fn has_logged_in(&self, account: Option<&str>, peer: IpAddr) -> Result<bool, RegistryError> {
        self.registry.was_seen_at(account, self.origins.of(peer).own)
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
    let errand = shared.workers().errands().begin()?;
    let check = move || {
        let _errand = errand;
        let HostKeyRequest { username, password, .. } = &request;
        shared.inner.pairings.log_in(&shared.registry, username, password, &version, peer)
    };
    let checked = spawn_blocking(check).await;
    match checked {
        Ok(Ok(login)) => {
            ticket.succeeded();
            Ok(login)
        }
        Ok(Err(LoginError::WrongNameOrPassword)) => {
            walk.shared.options.events.event(&Event::LoginRefused { peer });
            Err(wrong_name_or_password(walk)?)
        }
        Ok(Err(LoginError::Registry(error))) => Err(error.into()),
        Err(_) => Err(Refusal::internal("the password could not be checked")),
    }
}

/// The client hears the same for both, and after the same time; the owner hears which one it was.
fn wrong_name_or_password(walk: &Walk<'_>) -> Result<Refusal, Refusal> {
    let tried = walk.record.tried.account.as_deref().unwrap_or_default();
    let known = walk.shared.registry.account(tried)?;
    let cause = match known.filter(|account| !account.dormant) {
        Some(_) => RefusalKind::WrongPassword,
        None => RefusalKind::UnknownAccount,
    };
    let reason = LoginError::WrongNameOrPassword.to_string();
    Ok(Refusal::new(ErrorKind::NotLoggedIn, reason).because(cause))
}

/// Whose a token is. Random ones are looked up at once, and nobody can guess one. Any other may be
/// a guess at a shared one, which is made from a password, and waits its time before it is looked
/// at. `None`: nobody's.
async fn find(shared: &Shared, token: &str, peer: IpAddr) -> Result<Option<Identity>, Refusal> {
    // Readers wait for nobody, and the lookup takes some microseconds: less than handing it to
    // another thread.
    if let Some(identity) = shared.registry.by_own_token(token)? {
        return Ok(Some(identity));
    }
    let is_known = shared.has_logged_in(None, peer)?;
    let ticket = shared.gate.token(token, shared.origins.of(peer), is_known).map_err(too_many)?;
    sleep(ticket.wait()).await;
    let identity = shared.registry.by_shared_token(token)?;
    if identity.is_some() {
        ticket.succeeded();
    }
    Ok(identity)
}

/// The refusal of a token that is nobody's; the owner hears whose it was.
fn not_any_more(walk: &mut Walk<'_>, token: &str) -> Result<Refusal, Refusal> {
    let Some(former) = walk.shared.registry.former_device(token)? else { return Ok(unknown()) };
    walk.record.tried = Tried { account: former.account, device: Some(former.name) };
    Ok(unknown().because(RefusalKind::RevokedToken))
}

/// The only answer that makes clients forget their login (`transport` 5.2).
pub(super) fn unknown() -> Refusal {
    Refusal::new(ErrorKind::NotLoggedIn, "the token is unknown or was revoked")
}

fn too_many(error: TooManyLogins) -> Refusal {
    Refusal::new(ErrorKind::Unavailable, error.to_string()).because(RefusalKind::Throttled)
}
