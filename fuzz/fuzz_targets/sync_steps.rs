//! A whole sync with whatever JSON a logged-in client sends: no panic, and after an abort nothing
//! of it is left.
#![no_main]

mod scratch;

use std::sync::LazyLock;

use deckport_collection::Collection;
use deckport_collection::sync::ServerSync;
use deckport_wire::{Chunk, Graves, ReceivedChanges, StartRequest};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

/// 2026-01-10, in ms.
const NOW: i64 = 1_768_040_000_000;

#[derive(Deserialize)]
struct Steps {
    graves: Option<Graves>,
    changes: Option<ReceivedChanges>,
    chunk: Option<Chunk>,
}

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(scratch::folder);

thread_local! {
    static COLLECTION: Collection =
        Collection::create(&FOLDER.path().join("collection.anki2"), NOW).expect("a collection");
}

fuzz_target!(|data: &[u8]| {
    let Ok(steps) = serde_json::from_slice::<Steps>(data) else { return };
    COLLECTION.with(|collection| {
        let conn = collection.conn();
        let before = collection.state().expect("a state");
        let request = StartRequest { client_usn: 0, client_is_newer: false, graves: steps.graves };
        let (mut sync, _) = ServerSync::start(conn, &request, NOW).expect("a sync");
        let mut fine = true;
        if let Some(changes) = steps.changes {
            fine = sync.apply_changes(conn, changes).is_ok();
        }
        if let (true, Some(chunk)) = (fine, steps.chunk) {
            fine = sync.apply_chunk(conn, chunk).is_ok();
        }
        while fine {
            match sync.chunk(conn) {
                Ok(chunk) if chunk.done => break,
                answer => fine = answer.is_ok(),
            }
        }
        sync.abort(conn).expect("an abort");
        assert_eq!(collection.state().expect("a state"), before);
    });
});
