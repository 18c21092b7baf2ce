//! What an app that holds an endpoint relies on: serving again, pairing, a look at an account, and
//! events that tell what moved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use common::{ACCOUNT, Connection, Device, Host, collection_with_review};
use deckport_endpoint::{Endpoint, EndpointOptions, Event, OverviewError, ServeError, SyncCounts};
use serde_json::json;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

/// Logs in; gives the status and the token.
fn log_in(host: &Host, name: &str, password: &str) -> (u16, String) {
    let (token, session) = (String::new(), "s".to_owned());
    let mut device = Device { connection: Connection::new(host.address), token, session };
    let answer = device.call("hostKey", &json!({"u": name, "p": password}));
    let token = (answer.status == 200).then(|| answer.json()["key"].as_str().unwrap().to_owned());
    (answer.status, token.unwrap_or_default())
}

#[test]
fn an_endpoint_serves_again_after_it_stopped_and_not_twice_at_once() {
    let data = tempfile::tempdir().unwrap();
    let endpoint = Arc::new(Endpoint::open(EndpointOptions::new(data.path())).unwrap());
    endpoint.registry().add_account(ACCOUNT, "p").unwrap();
    wait(async {
        for _ in 0..3 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let serving = Arc::clone(&endpoint);
            let task = tokio::spawn(async move {
                let shutdown = async {
                    let _ = stopped.await;
                };
                serving.serve(vec![listener], shutdown).await
            });
            let page = move || Connection::new(address).request("GET", "/health", "", b"").status;
            assert_eq!(tokio::task::spawn_blocking(page).await.unwrap(), 200);
            // An account's worker runs, and a stop ends it.
            endpoint.handle().overview(ACCOUNT).await.unwrap();
            let second = endpoint.serve(Vec::new(), async {}).await;
            assert!(matches!(second, Err(ServeError::AlreadyServing)));
            drop(stop);
            task.await.unwrap().unwrap();
        }
        // Also in between.
        assert!(endpoint.handle().overview(ACCOUNT).await.is_ok());
        let handle = endpoint.handle();
        drop(endpoint);
        assert!(matches!(handle.overview(ACCOUNT).await, Err(OverviewError::Stopping)));
    });
}

#[test]
fn a_pairing_window_lets_devices_in_and_names_them() {
    let host = Host::start();
    let window = Duration::from_secs(60);
    let pairing = host.handle.open_pairing("ME", Some("tablet"), window).unwrap();
    assert_eq!(pairing.account, ACCOUNT);
    assert!(!format!("{pairing:?}").contains(&pairing.password));
    for _ in 0..2 {
        let (status, token) = log_in(&host, ACCOUNT, &pairing.password);
        assert_eq!((status, token.len()), (200, 64));
    }
    let names: Vec<String> =
        host.registry.devices(None).unwrap().into_iter().map(|device| device.name).collect();
    assert_eq!(names, ["tablet", "tablet 2"]);
    let paired = |event: &Event| matches!(event, Event::LoggedIn { paired: true, .. });
    assert_eq!(host.all_events().iter().filter(|event| paired(event)).count(), 2);
    // The account's own password goes on to work, and another account has no window.
    assert_eq!(log_in(&host, ACCOUNT, common::PASSWORD).0, 200);
    host.registry.add_account("other", "p").unwrap();
    assert_eq!(log_in(&host, "other", &pairing.password).0, 403);
    host.handle.close_pairing(ACCOUNT).unwrap();
    assert_eq!(log_in(&host, ACCOUNT, &pairing.password).0, 403);
}

#[test]
fn a_look_at_an_account_shows_what_is_committed_also_while_a_device_syncs() {
    let host = Host::start();
    assert_eq!(wait(host.handle.overview(ACCOUNT)).unwrap(), Default::default());
    assert!(!host.account_folder().exists(), "looking makes nothing");
    let mut device = host.device("s0");
    device.meta();
    assert_eq!(device.upload(&collection_with_review(1)).text(), "OK");
    device.session = "s1".to_owned();
    device.meta();
    assert_eq!(device.start().status, 200);
    assert_eq!(device.send_review(2).status, 200);
    let reviews = || wait(host.handle.overview(ACCOUNT)).unwrap().collection.summary.reviews;
    assert_eq!(reviews(), 1);
    assert_eq!(device.finish().status, 200);
    assert_eq!(reviews(), 2);

    let counts = SyncCounts { received: 1, ..SyncCounts::default() };
    let events = host.all_events();
    let told = |wanted: fn(&Event) -> Option<SyncCounts>| events.iter().rev().find_map(wanted);
    let finished = told(|event| match event {
        Event::SyncFinished { counts, .. } => Some(*counts),
        _ => None,
    });
    let progress = told(|event| match event {
        Event::SyncProgress { counts, .. } => Some(*counts),
        _ => None,
    });
    assert_eq!((finished, progress), (Some(counts), Some(counts)));
    assert!(
        events.iter().any(|event| matches!(event, Event::TransferStarted { upload: true, .. }))
    );
}
