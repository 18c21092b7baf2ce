//! `download`: a copy of the collection, compressed on the way (`collection-sync` 10.2).

use super::answer::Answer;
use super::outgoing::{self, Packing};
use crate::refusal::Refusal;
use crate::worker::{Caller, FileForm, Worker};

/// Answers a download. Other devices wait only while the copy is made, not while it is sent.
pub(super) async fn download(
    worker: &Worker,
    caller: Caller,
    form: FileForm,
    packing: Packing,
) -> Result<Answer, Refusal> {
    let snapshot = worker.snapshot(caller, form).await?;
    let size = snapshot.bytes;
    // A client takes an empty answer for an empty collection (`transport` 11).
    if size == 0 || u32::try_from(size).is_err() {
        return Err(Refusal::internal("the collection's size does not fit into an answer"));
    }
    outgoing::stream(worker.errands(), snapshot, size, packing)
}
