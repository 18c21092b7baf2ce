//! The life of a name: asked for, announced, defended, given up for another one, taken leave of.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::host_name::HostName;
use crate::message::{Message, Question, Record, kind};
use crate::records::{Link, Records, Service};

/// The port of multicast DNS. Who asks from another one knows nothing of it (RFC 6762, 6.7).
const PORT: u16 = 5353;

/// So often, and so far apart, it is asked whether somebody has the name (RFC 6762, 8.1).
const PROBES: u32 = 3;
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// So often, and so far apart, it is announced (8.3).
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// Who asks for the same name at the same moment and has the smaller records waits so long (8.2).
const YIELD: Duration = Duration::from_secs(1);
/// After so many names that were taken within this time each further one waits (8.1).
const MANY_TAKEN: usize = 15;
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(5);

/// No record is sent to all again within this time, whoever asks; when it is defended, this (6).
const REPEAT_AFTER: Duration = Duration::from_secs(1);
const DEFEND_AFTER: Duration = Duration::from_millis(250);
/// What others may answer, too, waits from 20 to 120 ms (6).
const SHARED_WAIT: Duration = Duration::from_millis(20);
const SHARED_SPREAD_MS: u64 = 100;
/// For how long at most an answer to one who knows nothing of multicast holds, in seconds (6.7).
const LEGACY_TTL: u32 = 10;

/// Answers that wait, of one link; and answers a second, of all.
const MAX_WAITING: usize = 16;
const MAX_ANSWERS: u32 = 200;
/// Packets of our own that are known again when they come back.
const OWN_PACKETS: usize = 64;

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Over which link: its place in what was passed to [`Claim::set_links`].
    pub link: usize,
    /// To whom.
    pub to: To,
    /// What.
    pub packet: Vec<u8>,
}

/// Whom a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The groups of all families that the link has addresses of.
    All,
    /// The group of IPv4, or that of IPv6.
    Group {
        /// Which.
        ipv4: bool,
    },
    /// One who asked.
    One(SocketAddr),
}

/// What a claim draws lots with: a number below another one.
type Lots = fn(u64) -> u64;

/// The claim to a name, on all links of an endpoint.
pub struct Claim {
    wanted: HostName,
    /// How many names were found taken.
    taken: u32,
    taken_at: VecDeque<Instant>,
    service: Service,
    records: Records,
    links: Vec<OnLink>,
    own_packets: VecDeque<u64>,
    /// Answers since a moment.
    answers: (Option<Instant>, u32),
    lots: Lots,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// How far it has come on one link.
#[derive(Debug)]
struct OnLink {
    link: Link,
    phase: Phase,
    /// When the next step is due.
    due: Option<Instant>,
    waiting: Vec<(Instant, To, Vec<u8>)>,
    /// What was sent to all a moment ago.
    recent: Vec<(u64, Instant)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// So many questions were sent.
    Probing(u32),
    /// So many announcements.
    Announcing(u32),
    Settled,
}

impl OnLink {
    fn new(link: Link, due: Instant) -> OnLink {
        let (phase, due) = (Phase::Probing(0), Some(due));
        OnLink { link, phase, due, waiting: Vec::new(), recent: Vec::new() }
    }

    fn begin(&mut self, phase: Phase, due: Instant) {
        (self.phase, self.due) = (phase, Some(due));
        self.waiting.clear();
    }

    fn is_probing(&self) -> bool {
        matches!(self.phase, Phase::Probing(_))
    }

    /// When something is to be sent.
    fn next(&self) -> Option<Instant> {
        self.waiting.iter().map(|(at, ..)| *at).chain(self.due).min()
    }

    /// Takes out what was sent to all within `within`, and notes that the rest is sent now.
    fn leave_recent(&mut self, records: &mut Vec<Record>, within: Duration, now: Instant) {
        self.recent.retain(|(_, at)| now.saturating_duration_since(*at) < REPEAT_AFTER);
        records.retain(|record| {
            let record = hash(&(record.kind, record.name.bytes(), &record.data));
            let is_recent = self
                .recent
                .iter()
                .any(|(other, at)| *other == record && now.saturating_duration_since(*at) < within);
            if !is_recent {
                self.recent.push((record, now));
            }
            !is_recent
        });
    }
}

impl Claim {
    /// A claim to `name`, on no link yet. `lots` gives a random number below the one it is given.
    pub fn new(name: HostName, service: Service, lots: fn(u64) -> u64) -> Claim {
        Claim {
            records: Records::new(&name, &service),
            wanted: name,
            taken: 0,
            taken_at: VecDeque::new(),
            service,
            links: Vec::new(),
            own_packets: VecDeque::new(),
            answers: (None, 0),
            lots,
        }
    }

    /// The name that is claimed now: the one that was wanted, or with a number where it is taken.
    #[must_use]
    pub fn name(&self) -> HostName {
        self.wanted.after(self.taken)
    }

    /// Whether it is ours on every link.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !self.links.is_empty() && self.links.iter().all(|on| !on.is_probing())
    }

    /// When [`Claim::tick`] is to be called next; `None`: not before something happens.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.links.iter().filter_map(OnLink::next).min()
    }

    /// The links are these from now on. On those that are new it is asked for the name first; where
    /// an address changed, it is announced anew. Where no link is left of before, the wanted name
    /// is tried again.
    pub fn set_links(&mut self, links: Vec<Link>, now: Instant) {
        let mut before = std::mem::take(&mut self.links);
        let stay = |link: &Link| before.iter().any(|on| is_same_network(&on.link, link));
        if !links.iter().any(stay) {
            self.taken = 0;
            self.records = Records::new(&self.wanted, &self.service);
        }
        for link in links {
            let same = before.iter().position(|on| is_same_network(&on.link, &link));
            let on = match same.map(|place| before.swap_remove(place)) {
                Some(on) if on.link == link => on,
                Some(on) if !on.is_probing() => {
                    let mut on = OnLink { link, ..on };
                    on.begin(Phase::Announcing(0), now);
                    on
                }
                _ => OnLink::new(link, now + self.spread(PROBE_EVERY)),
            };
            self.links.push(on);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) -> Vec<Outgoing> {
        let mut out = Vec::new();
        for place in 0..self.links.len() {
            let on = &mut self.links[place];
            let (ready, waiting) =
                std::mem::take(&mut on.waiting).into_iter().partition(|(at, ..)| *at <= now);
            on.waiting = waiting;
            let ready: Vec<(Instant, To, Vec<u8>)> = ready;
            out.extend(ready.into_iter().map(|(_, to, packet)| Outgoing {
                link: place,
                to,
                packet,
            }));
            if on.due.is_some_and(|due| due <= now) {
                out.push(self.step(place, now));
            }
        }
        self.note_own(&out);
        out
    }

    /// The next step on a link.
    fn step(&mut self, place: usize, now: Instant) -> Outgoing {
        let on = &mut self.links[place];
        let sent = match on.phase {
            Phase::Probing(sent) if sent < PROBES => {
                (on.phase, on.due) = (Phase::Probing(sent + 1), Some(now + PROBE_EVERY));
                let message = Message {
                    questions: self.records.probes(),
                    authorities: self.records.claimed(&on.link),
                    ..Message::default()
                };
                return Outgoing { link: place, to: To::All, packet: message.write() };
            }
            Phase::Probing(_) | Phase::Settled => 0,
            Phase::Announcing(sent) => sent,
        };
        (on.phase, on.due) = if sent + 1 < ANNOUNCEMENTS {
            (Phase::Announcing(sent + 1), Some(now + ANNOUNCE_EVERY))
        } else {
            (Phase::Settled, None)
        };
        let packet = answer(self.records.all(&on.link)).write();
        Outgoing { link: place, to: To::All, packet }
    }

    /// Takes a packet that came from `from`. Who is on none of the links is not heard (RFC 6762, 11).
    pub fn received(&mut self, packet: &[u8], from: SocketAddr, now: Instant) -> Vec<Outgoing> {
        if self.own_packets.contains(&hash(packet)) {
            return Vec::new();
        }
        let near = self.links_towards(from);
        let Some(message) = Message::read(packet).filter(|_| !near.is_empty()) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        if message.is_response {
            if from.port() == PORT {
                self.hear(&message, &near, now);
            }
        } else {
            for place in near {
                self.yield_to(&message, place, now);
                out.extend(self.answer(&message, place, from, now));
            }
        }
        self.note_own(&out);
        out
    }

    /// Says on all links that the name ends.
    #[must_use]
    pub fn goodbye(&self) -> Vec<Outgoing> {
        let ours = self.links.iter().enumerate().filter(|(_, on)| !on.is_probing());
        let leave = |(link, on): (usize, &OnLink)| {
            let mut all = self.records.all(&on.link);
            all.iter_mut().for_each(|record| record.ttl = 0);
            Outgoing { link, to: To::All, packet: answer(all).write() }
        };
        ours.map(leave).collect()
    }

    fn links_towards(&self, peer: SocketAddr) -> Vec<usize> {
        let (ip, scope) = match peer {
            SocketAddr::V4(v4) => (IpAddr::V4(*v4.ip()), 0),
            SocketAddr::V6(v6) => (v6.ip().to_canonical(), v6.scope_id()),
        };
        let links = self.links.iter().enumerate();
        links.filter(|(_, on)| on.link.may_have_sent(ip, scope)).map(|(place, _)| place).collect()
    }

    /// Looks whether somebody says about our name what we do not (RFC 6762, 8.1 and 9).
    fn hear(&mut self, message: &Message, near: &[usize], now: Instant) {
        let said = message.answers.iter().chain(&message.additionals);
        let links = || self.links.iter().map(|on| &on.link);
        if !said.into_iter().any(|record| self.records.contradict(record, links())) {
            return;
        }
        if near.iter().any(|place| self.links[*place].is_probing()) {
            self.take_another_name(now);
        } else {
            // Perhaps it was a mistake: whoever has the name will answer.
            for place in near {
                self.links[*place].begin(Phase::Probing(0), now);
            }
        }
    }

    fn take_another_name(&mut self, now: Instant) {
        self.taken = self.taken.saturating_add(1);
        self.records = Records::new(&self.name(), &self.service);
        self.taken_at.push_back(now);
        self.taken_at.retain(|at| now.saturating_duration_since(*at) < TAKEN_WITHIN);
        let many = self.taken_at.len() >= MANY_TAKEN;
        let wait = if many { PAUSE } else { self.spread(PROBE_EVERY) };
        for on in &mut self.links {
            on.begin(Phase::Probing(0), now + wait);
        }
    }

    /// Waits where somebody else asks for the name at the same moment and comes first (RFC 6762,
    /// 8.2).
    fn yield_to(&mut self, message: &Message, place: usize, now: Instant) {
        let on = &mut self.links[place];
        if !on.is_probing() {
            return;
        }
        let ours = self.records.claimed(&on.link);
        let comes_first = |question: &Question| {
            let of_name = |records: &[Record]| {
                let of_name = records.iter().filter(|record| record.name == question.name);
                let mut sorted: Vec<(u16, u16, Vec<u8>)> = of_name
                    .map(|record| (record.class, record.kind, record.data.clone()))
                    .collect();
                sorted.sort();
                sorted
            };
            of_name(&message.authorities) > of_name(&ours)
        };
        if self.records.probes().iter().any(comes_first) {
            on.begin(Phase::Probing(0), now + YIELD);
        }
    }

    fn answer(
        &mut self,
        message: &Message,
        place: usize,
        from: SocketAddr,
        now: Instant,
    ) -> Option<Outgoing> {
        if self.links[place].is_probing() {
            return None;
        }
        let mut found = Found::of(message, &self.records, &self.links[place].link)?;
        if !self.may_answer(now) {
            return None;
        }
        let legacy = from.port() != PORT;
        if legacy || found.unicast {
            let packet = found.for_one(message.id, legacy).write();
            return Some(Outgoing { link: place, to: To::One(from), packet });
        }
        let is_claimed = message.authorities.iter().any(|it| self.records.are_about(&it.name));
        let within = if is_claimed { DEFEND_AFTER } else { REPEAT_AFTER };
        let wait = SHARED_WAIT + Duration::from_millis((self.lots)(SHARED_SPREAD_MS));
        let on = &mut self.links[place];
        on.leave_recent(&mut found.answers, within, now);
        if found.answers.is_empty() {
            return None;
        }
        let is_shared = found.answers.iter().any(|record| record.kind == kind::PTR);
        let packet = found.for_all().write();
        let to = To::Group { ipv4: from.is_ipv4() };
        if !is_shared {
            return Some(Outgoing { link: place, to, packet });
        }
        if on.waiting.len() < MAX_WAITING {
            on.waiting.push((now + wait, to, packet));
        }
        None
    }

    /// Whether there may be another answer in this second.
    fn may_answer(&mut self, now: Instant) -> bool {
        let (since, count) = &mut self.answers;
        if since.is_none_or(|since| now.saturating_duration_since(since) >= REPEAT_AFTER) {
            (*since, *count) = (Some(now), 0);
        }
        *count += 1;
        *count <= MAX_ANSWERS
    }

    fn note_own(&mut self, out: &[Outgoing]) {
        for outgoing in out {
            self.own_packets.push_back(hash(outgoing.packet.as_slice()));
        }
        while self.own_packets.len() > OWN_PACKETS {
            self.own_packets.pop_front();
        }
    }

    fn spread(&mut self, within: Duration) -> Duration {
        let most = u64::try_from(within.as_millis()).unwrap_or(1);
        Duration::from_millis((self.lots)(most.max(1)))
    }
}

/// What is found for the questions of a message.
struct Found {
    questions: Vec<Question>,
    answers: Vec<Record>,
    more: Vec<Record>,
    /// Nobody else needs it.
    unicast: bool,
}

impl Found {
    fn of(message: &Message, records: &Records, link: &Link) -> Option<Found> {
        let (mut answers, mut more): (Vec<Record>, Vec<Record>) = (Vec::new(), Vec::new());
        let mut questions = Vec::new();
        for question in &message.questions {
            let (mut found, next) = records.answer(question, link);
            if !found.is_empty() {
                questions.push(question.clone());
            }
            found.retain(|record| !has(&answers, record));
            answers.append(&mut found);
            more.extend(next);
        }
        // What is known and holds for long enough is not told (RFC 6762, 7.1).
        let is_known = |record: &Record| {
            let same = |known: &Record| known.says_the_same(record) && known.ttl >= record.ttl / 2;
            message.answers.iter().any(same)
        };
        answers.retain(|record| !is_known(record));
        let unicast = questions.iter().all(|question| question.unicast);
        let mut found = Found { questions, answers, more: Vec::new(), unicast };
        for record in more {
            if !has(&found.answers, &record) && !has(&found.more, &record) {
                found.more.push(record);
            }
        }
        (!found.answers.is_empty()).then_some(found)
    }

    fn for_all(self) -> Message {
        Message { additionals: self.more, ..answer(self.answers) }
    }

    /// The answer to one alone; who knows nothing of multicast gets it as it knows answers.
    fn for_one(self, id: u16, legacy: bool) -> Message {
        // They ask one at a time.
        let questions = self.questions.iter().take(usize::from(legacy)).cloned().collect();
        let mut message = Message { id, questions, ..self.for_all() };
        if legacy {
            message.questions.iter_mut().for_each(|question| question.unicast = false);
            for record in message.answers.iter_mut().chain(&mut message.additionals) {
                (record.flush, record.ttl) = (false, record.ttl.min(LEGACY_TTL));
            }
        }
        message
    }
}

fn has(records: &[Record], record: &Record) -> bool {
    records.iter().any(|other| other.says_the_same(record))
}

fn answer(answers: Vec<Record>) -> Message {
    Message { is_response: true, answers, ..Message::default() }
}

/// Whether two links are the same network, though perhaps with other addresses.
fn is_same_network(one: &Link, other: &Link) -> bool {
    one.interface == other.interface
        && one.addresses.iter().any(|address| other.addresses.contains(address))
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
