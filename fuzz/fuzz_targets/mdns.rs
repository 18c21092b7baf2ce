//! What neighbours say by multicast DNS: any packets, one after the other, to a claim in any phase of its life.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use deckport_mdns::{Claim, Link, LinkAddress, MAX_PACKET, Message, Service};
use libfuzzer_sys::fuzz_target;

/// Longest answer: one packet of any network, and the question of who knows nothing of multicast.
const LONGEST: usize = 2 * 1452;

fuzz_target!(|data: &[u8]| {
    if let Some(message) = Message::read(data) {
        // Names may get longer by being written out; what is written is read as the same.
        let written = message.write();
        if written.len() <= MAX_PACKET {
            assert_eq!(Message::read(&written).map(|it| it.write()), Some(written));
        }
    }
    let [ticks, rest @ ..] = data else { return };
    let Ok(name) = "anna".parse() else { return };
    let service = Service { port: 27701, texts: vec!["path=/".to_owned()] };
    let mut claim = Claim::new(name, service, |most| most / 2);
    let address = LinkAddress { ip: [192, 168, 1, 20].into(), prefix_len: Some(24) };
    let link = Link { interface: "eth0".to_owned(), index: Some(2), addresses: vec![address] };
    let mut now = Instant::now();
    claim.set_links(vec![link], now);
    for _ in 0..ticks % 8 {
        now = claim.due().unwrap_or(now);
        claim.tick(now);
    }
    for port in [5353, 40_000] {
        let from = SocketAddr::from(([192, 168, 1, 9], port));
        for packet in rest.chunks(512) {
            now += Duration::from_millis(100);
            let mut out = claim.received(packet, from, now);
            out.extend(claim.tick(now));
            assert!(out.iter().all(|it| it.link == 0 && it.packet.len() <= LONGEST));
        }
    }
    assert!(claim.name().label().starts_with("anna"));
});
