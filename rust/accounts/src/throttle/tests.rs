use std::net::IpAddr;

use deckport_ground::clock::ManualClock;

use super::tally::{FORGET_AFTER, MAX_KEYS};
use super::*;
use crate::origin::testing::at_home;

fn gate() -> (Arc<Gate>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(0));
    (Arc::new(Gate::new(clock.clone())), clock)
}

fn origin(text: &str) -> Origin {
    at_home(text.parse().unwrap())
}

fn peer(n: u32) -> Origin {
    at_home(IpAddr::from((0x0a00_0000 + n).to_be_bytes()))
}

fn login(gate: &Arc<Gate>, account: &str, address: &str) -> Result<Ticket, TooManyLogins> {
    gate.login(account, origin(address), false)
}

/// One login that fails; returns the wait in milliseconds.
fn fail(gate: &Arc<Gate>, account: &str, address: &str) -> u128 {
    login(gate, account, address).unwrap().wait().as_millis()
}

/// One that succeeds.
fn succeed(gate: &Arc<Gate>, account: &str, address: &str) {
    login(gate, account, address).unwrap().succeeded();
}

/// One token that is wrong; returns the wait in milliseconds.
fn wrong_token(gate: &Arc<Gate>, token: &str, address: &str) -> u128 {
    gate.token(token, origin(address), false).unwrap().wait().as_millis()
}

#[test]
fn the_first_five_failures_cost_nothing_then_the_wait_doubles_up_to_8_seconds() {
    let (gate, _) = gate();
    let waits: Vec<u128> = (0..12).map(|_| fail(&gate, "a", "192.0.2.1")).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    assert_eq!(fail(&gate, "a", "192.0.2.2"), 0, "another address is not slowed down");
}

#[test]
fn a_success_or_a_quarter_of_an_hour_forgives() {
    let (gate, clock) = gate();
    let fail_often = || {
        for _ in 0..7 {
            fail(&gate, "a", "192.0.2.1");
        }
    };
    fail_often();
    succeed(&gate, " A ", "192.0.2.1");
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 0);
    fail_often();
    clock.advance(FORGET_AFTER);
    assert_ne!(fail(&gate, "a", "192.0.2.1"), 0);
    clock.advance(FORGET_AFTER + Duration::from_millis(1));
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 0);
}

#[test]
fn ones_own_account_does_not_pay_for_guessing_another_ones_password() {
    let (gate, _) = gate();
    let mut waits = Vec::new();
    for _ in 0..8 {
        waits.push(fail(&gate, "victim", "192.0.2.1"));
        succeed(&gate, "mallory", "192.0.2.1");
    }
    assert_eq!(waits, [0, 0, 0, 0, 0, 500, 1000, 2000]);
}

#[test]
fn guessing_one_accounts_password_from_many_addresses_is_slow_too() {
    let (gate, _) = gate();
    let mut waits: Vec<Duration> = Vec::new();
    for n in 0..25 {
        waits.push(gate.login("victim", peer(n), false).unwrap().wait());
    }
    assert!(waits[..20].iter().all(Duration::is_zero), "{waits:?}");
    assert_eq!(waits[24], LONGEST_DELAY);
    assert_eq!(fail(&gate, "other", "192.0.2.1"), 0, "other accounts do not notice");
    // The owner, where they have logged in before: known to the registry, or since the start.
    assert!(gate.login("victim", origin("192.0.2.2"), true).unwrap().wait().is_zero());
    assert_ne!(fail(&gate, "victim", "192.0.2.3"), 0);
    succeed(&gate, "victim", "192.0.2.3");
    assert_eq!(fail(&gate, "victim", "192.0.2.3"), 0);
}

#[test]
fn strangers_take_no_places_of_those_who_logged_in_before() {
    let (gate, _) = gate();
    let tickets: Vec<Ticket> =
        (0..MAX_UNDER_WAY).map(|n| gate.login("victim", peer(n), false).unwrap()).collect();
    assert_eq!(login(&gate, "victim", "192.0.2.1").unwrap_err(), TooManyLogins);
    let owner = gate.login("victim", origin("192.0.2.1"), true).unwrap();
    assert!(owner.wait().is_zero() && !owner.is_strange());
    assert!(gate.token("x", origin("192.0.2.2"), false).is_ok(), "tokens have places of their own");
    drop(tickets);
    assert!(login(&gate, "victim", "192.0.2.9").is_ok());
}

#[test]
fn wrong_tokens_count_like_wrong_passwords() {
    let (gate, _) = gate();
    let waits: Vec<u128> =
        (0..8).map(|n| wrong_token(&gate, &format!("guess {n}"), "192.0.2.1")).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 500, 1000, 2000]);
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 4000);
    succeed(&gate, "mallory", "192.0.2.1");
    assert_ne!(wrong_token(&gate, "guess 9", "192.0.2.1"), 0, "a login does not pay for them");
}

#[test]
fn a_device_that_asks_again_with_an_ended_token_is_not_a_guesser() {
    let (gate, _) = gate();
    for _ in 0..20 {
        assert_eq!(wrong_token(&gate, "ended", "192.0.2.1"), 0);
    }
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 0);
}

#[test]
fn right_tokens_leave_no_trace() {
    let (gate, _) = gate();
    for _ in 0..20 {
        gate.token("shared", origin("192.0.2.1"), false).unwrap().succeeded();
    }
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 0);
}

#[test]
fn guessing_in_parallel_is_not_faster() {
    let (gate, _) = gate();
    for _ in 0..5 {
        fail(&gate, "a", "192.0.2.1");
    }
    let enter = || login(&gate, "a", "192.0.2.1");
    let tickets: Vec<Ticket> = (0..4).map(|_| enter().unwrap()).collect();
    let waits: Vec<u128> = tickets.iter().map(|ticket| ticket.wait().as_millis()).collect();
    assert_eq!(waits, [500, 1000, 2000, 4000]);
    assert_eq!(enter().unwrap_err(), TooManyLogins);
    drop(tickets);
    assert!(enter().is_ok());
}

#[test]
fn clients_behind_a_proxy_of_this_machine_are_slowed_down_but_not_refused() {
    let (gate, _) = gate();
    let guesses: Vec<Ticket> = (0..10).map(|_| login(&gate, "a", "127.0.0.1").unwrap()).collect();
    let right = login(&gate, "b", "127.0.0.1").unwrap();
    assert_eq!(right.wait(), LONGEST_DELAY);
    drop(guesses);
}

#[test]
fn at_home_one_device_does_not_slow_down_the_others() {
    let (gate, _) = gate();
    for network in ["fe80::", "2001:db8:0:1::"] {
        for _ in 0..10 {
            fail(&gate, "a", &format!("{network}1"));
        }
        assert_eq!(fail(&gate, "b", &format!("{network}2")), 0);
        // One that keeps taking new addresses is held by the network's limit.
        for n in 0..FREE_OF_NETWORK {
            fail(&gate, &format!("c{n}"), &format!("{network}c:{n:x}"));
        }
        assert_ne!(fail(&gate, "d", &format!("{network}3")), 0);
        let known = gate.login("d", origin(&format!("{network}4")), true).unwrap();
        assert!(known.wait().is_zero(), "who has logged in from there does not wait for it");
    }
}

#[test]
fn from_far_an_ipv6_household_counts_as_one() {
    let (gate, _) = gate();
    for n in 0..6 {
        fail(&gate, "a", &format!("2001:db8:0:7::{n}"));
    }
    assert_ne!(fail(&gate, "a", "2001:db8:0:7:ffff::1"), 0);
    assert_eq!(fail(&gate, "a", "2001:db8:0:8::1"), 0);
}

#[test]
fn memory_is_bounded_and_the_address_not_seen_for_longest_is_forgotten() {
    let (gate, clock) = gate();
    for n in 0..5000 {
        drop(gate.login(&n.to_string(), peer(n), false).unwrap());
        drop(gate.token(&n.to_string(), peer(n), false).unwrap());
        gate.login(&n.to_string(), peer(n), false).unwrap().succeeded();
        // Seen again and again, so it stays.
        fail(&gate, "a", "192.0.2.1");
        clock.advance(Duration::from_millis(1));
    }
    let throttle = gate.throttle();
    assert_eq!(throttle.addresses.len(), MAX_KEYS);
    assert_eq!(throttle.accounts.len(), MAX_KEYS);
    assert!(throttle.pairs.len() <= MAX_KEYS);
    assert_eq!(throttle.welcome.len(), MAX_KEYS);
    assert_eq!(throttle.wrong_tokens.len(), MAX_KEYS);
    drop(throttle);
    assert_eq!(fail(&gate, "a", "192.0.2.1"), 8000);
}
