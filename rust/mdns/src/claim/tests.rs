use super::*;
use crate::message::{INTERNET, Name};
use crate::records::LinkAddress;

const HOME: &str = "192.168.1.20";

fn link(interface: &str, addresses: &[&str]) -> Link {
    let address = |ip: &&str| LinkAddress { ip: ip.parse().unwrap(), prefix_len: Some(24) };
    Link {
        interface: interface.to_owned(),
        index: Some(3),
        addresses: addresses.iter().map(address).collect(),
    }
}

fn claim(name: &str, port: u16) -> Claim {
    let service = Service { port, texts: vec!["path=/".to_owned()] };
    Claim::new(name.parse().unwrap(), service, |most| most / 2)
}

/// A claim on a link, and a clock that goes only when something waits for it.
struct Stage {
    claim: Claim,
    now: Instant,
}

impl Stage {
    fn at_home(claim: Claim, ip: &str) -> Stage {
        let mut stage = Stage { claim, now: Instant::now() };
        stage.claim.set_links(vec![link("eth0", &[ip])], stage.now);
        stage
    }

    /// One that has the name.
    fn settled() -> Stage {
        let mut stage = Stage::at_home(claim("anna", 27701), HOME);
        while let Some(due) = stage.claim.due() {
            stage.now = due;
            stage.claim.tick(due);
        }
        stage.later(2000);
        stage
    }

    fn later(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    /// What is sent at the next due moment.
    fn next(&mut self) -> Vec<Message> {
        self.now = self.claim.due().unwrap();
        read(&self.claim.tick(self.now))
    }

    fn hears(&mut self, message: &Message, from: &str) -> Vec<Outgoing> {
        self.claim.received(&message.write(), from.parse().unwrap(), self.now)
    }
}

fn read(out: &[Outgoing]) -> Vec<Message> {
    out.iter().map(|outgoing| Message::read(&outgoing.packet).unwrap()).collect()
}

fn question(name: &[&str], kind: u16, unicast: bool) -> Message {
    let question = Question { name: Name::of(name), kind, class: INTERNET, unicast };
    Message { questions: vec![question], ..Message::default() }
}

/// Somebody else's address under a name.
fn foreign(name: &str, last: u8) -> Record {
    Record {
        name: Name::of(&[name, "local"]),
        kind: kind::A,
        class: INTERNET,
        flush: true,
        ttl: 120,
        data: vec![192, 168, 1, last],
    }
}

fn says(record: Record) -> Message {
    answer(vec![record])
}

const SERVICE: [&str; 3] = ["_anki-sync", "_tcp", "local"];

#[test]
fn a_name_is_asked_for_three_times_and_announced_twice_and_then_nothing_wakes() {
    let mut stage = Stage::at_home(claim("anna", 27701), HOME);
    let begin = stage.now;
    for _ in 0..3 {
        let probe = stage.next().remove(0);
        assert!(!probe.is_response && probe.questions.len() == 2, "{probe:?}");
        assert_eq!(probe.authorities.len(), 3);
        assert!(!stage.claim.is_ours());
    }
    for _ in 0..2 {
        let announcement = stage.next().remove(0);
        assert!(announcement.is_response && announcement.answers.len() == 5);
        assert!(stage.claim.is_ours());
    }
    assert_eq!(stage.claim.due(), None);
    assert_eq!((stage.now - begin).as_millis(), 125 + 3 * 250 + 1000);
}

#[test]
fn who_asks_is_answered_as_it_wishes() {
    let mut stage = Stage::settled();
    let neighbour = "192.168.1.9:5353";
    let out = stage.hears(&question(&["ANNA", "local"], kind::A, false), neighbour);
    assert_eq!(out[0].to, To::Group { ipv4: true });
    assert_eq!(read(&out)[0].answers[0].data, [192, 168, 1, 20]);
    let again = stage.hears(&question(&["anna", "local"], kind::A, false), neighbour);
    assert_eq!(again, [], "everybody has just heard it");
    stage.later(1000);
    assert_eq!(stage.hears(&question(&["anna", "local"], kind::A, false), neighbour).len(), 1);

    let out = stage.hears(&question(&["anna", "local"], kind::A, true), neighbour);
    assert_eq!(out[0].to, To::One(neighbour.parse().unwrap()));
    assert!(read(&out)[0].answers[0].flush && read(&out)[0].questions.is_empty());

    let plain = "192.168.1.9:40000";
    let asked = Message { id: 77, ..question(&["anna", "local"], kind::A, false) };
    let out = stage.hears(&asked, plain);
    let told = read(&out).remove(0);
    assert_eq!(
        (out[0].to, told.id, told.questions.len()),
        (To::One(plain.parse().unwrap()), 77, 1)
    );
    assert!(told.answers.iter().all(|record| !record.flush && record.ttl == 10));
}

#[test]
fn what_others_could_answer_too_waits_a_little() {
    let mut stage = Stage::settled();
    let asked = stage.hears(&question(&SERVICE, kind::PTR, false), "192.168.1.9:5353");
    assert_eq!(asked, []);
    let before = stage.now;
    let told = stage.next().remove(0);
    assert_eq!((stage.now - before).as_millis(), 70);
    assert_eq!(told.answers.len(), 1);
    assert_eq!(
        told.additionals.iter().map(|it| it.kind).collect::<Vec<_>>(),
        [kind::A, kind::SRV, kind::TXT]
    );
    assert_eq!(stage.claim.due(), None);
}

#[test]
fn what_is_known_is_not_told_again() {
    let mut stage = Stage::settled();
    let pointer = stage.claim.records.all(&link("eth0", &[HOME]))[0].clone();
    let mut asked = question(&SERVICE, kind::PTR, true);
    asked.answers = vec![Record { ttl: pointer.ttl / 2, ..pointer.clone() }];
    assert_eq!(stage.hears(&asked, "192.168.1.9:5353"), []);
    asked.answers = vec![Record { ttl: pointer.ttl / 2 - 1, ..pointer }];
    assert_eq!(stage.hears(&asked, "192.168.1.9:5353").len(), 1);
}

#[test]
fn who_is_on_no_link_is_not_heard() {
    let mut stage = Stage::settled();
    for far in ["203.0.113.9:5353", "192.168.2.9:5353", "[fe80::1%4]:5353", "[2001:db8::1]:5353"] {
        assert_eq!(stage.hears(&question(&["anna", "local"], kind::A, true), far), [], "{far}");
        stage.hears(&says(foreign("anna", 9)), far);
        assert!(stage.claim.is_ours());
    }
}

#[test]
fn a_name_that_is_taken_gets_a_number_and_is_tried_again_in_another_network() {
    let mut stage = Stage::at_home(claim("anna", 27701), HOME);
    stage.next();
    stage.hears(&says(foreign("anna", 9)), "192.168.1.9:5353");
    assert_eq!(stage.claim.name().full(), "anna-2.local");
    stage.hears(&says(foreign("anna-2", 8)), "192.168.1.8:5353");
    assert_eq!(stage.claim.name().full(), "anna-3.local");
    while !stage.claim.is_ours() {
        stage.next();
    }
    // The same network with one more address: the name stays.
    stage.claim.set_links(vec![link("eth0", &[HOME, "fd00::1"])], stage.now);
    assert!(stage.claim.is_ours());
    assert_eq!(stage.claim.name().full(), "anna-3.local");
    stage.claim.set_links(vec![link("eth0", &["10.0.0.3"])], stage.now);
    assert!(!stage.claim.is_ours());
    assert_eq!(stage.claim.name().full(), "anna.local");
}

#[test]
fn a_name_of_ours_is_defended_and_given_up_only_to_one_who_has_it() {
    let mut stage = Stage::settled();
    // Somebody wants it: told at once that it is taken.
    let mut probe = question(&["anna", "local"], kind::ANY, false);
    probe.authorities = vec![foreign("anna", 9)];
    assert_eq!(stage.hears(&probe, "192.168.1.9:5353").len(), 1);
    assert!(stage.claim.is_ours());
    // Somebody has it, too: asked whether that is so, and whoever answers keeps it.
    stage.hears(&says(foreign("anna", 9)), "192.168.1.9:5353");
    assert_eq!((stage.claim.is_ours(), stage.claim.name().label()), (false, "anna"));
    stage.next();
    stage.hears(&says(foreign("anna", 9)), "192.168.1.9:5353");
    assert_eq!(stage.claim.name().label(), "anna-2");
}

#[test]
fn what_agrees_with_us_or_ends_or_comes_back_is_no_conflict() {
    let mut stage = Stage::settled();
    let ours = stage.claim.goodbye();
    for message in [
        says(foreign("anna", 20)),
        says(foreign("bert", 9)),
        says(Record { ttl: 0, ..foreign("anna", 9) }),
        says(Record { kind: kind::NSEC, ..foreign("anna", 9) }),
        Message::read(&ours[0].packet).unwrap(),
    ] {
        stage.hears(&message, "192.168.1.9:5353");
        assert!(stage.claim.is_ours(), "{message:?}");
    }
    stage.hears(&says(foreign("anna", 9)), "192.168.1.9:40000");
    assert!(stage.claim.is_ours(), "no answer of multicast DNS");
}

#[test]
fn of_two_who_ask_at_once_one_gets_the_name() {
    let mut stages = [("192.168.1.20", 1), ("192.168.1.21", 1)]
        .map(|(ip, port)| Stage::at_home(claim("anna", port), ip));
    let start = stages[0].now;
    stages[1].now = start;
    stages[1].claim.set_links(vec![link("eth0", &["192.168.1.21"])], start);
    // Both hear each other, until nothing is due any more.
    for _ in 0..100 {
        let due: Vec<Option<Instant>> = stages.iter().map(|stage| stage.claim.due()).collect();
        let Some(now) = due.iter().flatten().min().copied() else { break };
        let sent: Vec<Vec<Outgoing>> =
            stages.iter_mut().map(|stage| stage.claim.tick(now)).collect();
        for (sender, out) in sent.into_iter().enumerate() {
            let (from, mut queue) = (["192.168.1.20:5353", "192.168.1.21:5353"], out);
            let (mut speaks, mut depth) = (sender, 0);
            while !queue.is_empty() && depth < 4 {
                let listens = 1 - speaks;
                let heard = from[speaks].parse().unwrap();
                queue = queue
                    .iter()
                    .flat_map(|it| stages[listens].claim.received(&it.packet, heard, now))
                    .collect();
                (speaks, depth) = (listens, depth + 1);
            }
        }
    }
    let names: Vec<String> = stages.iter().map(|stage| stage.claim.name().full()).collect();
    assert!(stages.iter().all(|stage| stage.claim.is_ours()));
    assert_eq!(names, ["anna-2.local", "anna.local"], "the greater address wins");
}

#[test]
fn a_network_where_every_name_is_taken_is_not_flooded() {
    let mut stage = Stage::at_home(claim("anna", 27701), HOME);
    for _ in 0..20 {
        let name = stage.claim.name();
        stage.hears(&says(foreign(name.label(), 9)), "192.168.1.9:5353");
    }
    assert_eq!(stage.claim.due(), Some(stage.now + PAUSE));
    let mut stage = Stage::settled();
    let asked = question(&["anna", "local"], kind::A, true);
    let answered = (0..1000).filter(|_| !stage.hears(&asked, "192.168.1.9:5353").is_empty());
    assert_eq!(answered.count(), 200);
}

#[test]
fn a_link_whose_addresses_change_is_announced_anew_and_a_new_one_asked_on() {
    let mut stage = Stage::settled();
    let both = vec![link("eth0", &[HOME, "fd00::1"]), link("wlan0", &["10.0.0.3"])];
    stage.claim.set_links(both, stage.now);
    let out = stage.claim.tick(stage.now);
    assert_eq!((out.len(), out[0].link), (1, 0));
    assert_eq!(read(&out)[0].answers.len(), 6);
    assert!(!stage.claim.is_ours());
    let asked = stage.hears(&question(&["anna", "local"], kind::A, false), "10.0.0.9:5353");
    assert_eq!(asked, [], "not ours there yet");
    while stage.claim.due().is_some() {
        stage.next();
    }
    assert!(stage.claim.is_ours());
    let asked = stage.hears(&question(&["anna", "local"], kind::A, false), "10.0.0.9:5353");
    assert_eq!((asked[0].link, &*read(&asked)[0].answers[0].data), (1, &[10, 0, 0, 3][..]));
}

#[test]
fn leaving_ends_everything_that_was_announced() {
    let mut stage = Stage::at_home(claim("anna", 27701), HOME);
    assert_eq!(stage.claim.goodbye(), [], "nobody knows of it");
    stage = Stage::settled();
    let leave = read(&stage.claim.goodbye()).remove(0);
    assert_eq!(leave.answers.len(), 5);
    assert!(leave.answers.iter().all(|record| record.ttl == 0));
}
