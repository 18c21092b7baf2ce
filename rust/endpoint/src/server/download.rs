//! `download`: a copy of the collection, compressed on the way (`collection-sync` 10.2).

use deckport_household::FileForm;
use deckport_wire::{PROTOCOL_NEWEST, Sender};

use super::login::Client;
use super::outgoing::Reply;
use super::refusal::Refusal;

/// Answers a download. Other devices wait only while the copy is made, not while it is sent.
pub(super) async fn download(client: Client, sender: &Sender) -> Result<Reply, Refusal> {
    // Older protocols know nothing else (`transport` 1).
    let form = match sender.protocol {
        PROTOCOL_NEWEST.. => FileForm::for_client(&sender.client_version),
        _ => FileForm::Schema11,
    };
    let snapshot = client.worker.snapshot(client.caller, form).await?;
    let size = snapshot.bytes;
    // A client takes an empty answer for an empty collection (`transport` 11).
    if size == 0 || u32::try_from(size).is_err() {
        return Err(Refusal::internal("the collection's size does not fit into an answer"));
    }
    Ok(Reply::file(snapshot, size, false))
}
