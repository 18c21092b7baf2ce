//! Closing for a while, and for good.

use std::sync::Arc;
use std::thread;

use super::super::Workers;
use super::account;
use crate::options::HouseholdOptions;
use crate::work_error::WorkError;

#[test]
fn an_end_that_comes_while_everything_is_being_closed_is_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let workers = Arc::new(Workers::new(&HouseholdOptions::new(folder.path())));
    workers.of(&account(1, "me")).unwrap();
    let (ending, mut thread) = (Arc::clone(&workers), None);
    workers.rest(|| {
        thread = Some(thread::spawn(move || ending.end()));
        while !workers.lock().ended {
            thread::yield_now();
        }
    });
    thread.unwrap().join().unwrap();
    assert!(matches!(workers.of(&account(1, "me")), Err(WorkError::Stopping)));
    assert!(workers.errands().begin().is_err());
}

#[test]
fn after_a_rest_everything_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let workers = Workers::new(&HouseholdOptions::new(folder.path()));
    workers.of(&account(1, "me")).unwrap();
    workers.rest(|| assert!(workers.of(&account(1, "me")).is_err()));
    workers.of(&account(1, "me")).unwrap();
    assert!(workers.errands().begin().is_ok());
    workers.end();
}
