//! What is said about an endpoint, on one link.

use std::net::IpAddr;

use crate::host_name::HostName;
use crate::message::{INTERNET, Name, Question, Record, kind};

/// The service's type in DNS service discovery.
pub const SERVICE: &str = "_anki-sync._tcp.local";

const SERVICE_LABELS: [&str; 3] = ["_anki-sync", "_tcp", "local"];
/// Where it is asked which types of services there are (RFC 6763, 9).
const TYPES_LABELS: [&str; 4] = ["_services", "_dns-sd", "_udp", "local"];

/// For how many seconds holds what has to do with a host's address (RFC 6762, 10).
const HOST_TTL: u32 = 120;
/// And everything else.
const OTHER_TTL: u32 = 4500;

/// Addresses of one link that are told. So everything fits into one packet of any network.
const MAX_ADDRESSES: usize = 6;
/// Longest `key=value` of the service's description.
const MAX_TEXT: usize = 96;

/// What is announced, besides the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The port.
    pub port: u16,
    /// The description: `key=value` each. One of more than 96 bytes is cut.
    pub texts: Vec<String>,
}

/// A network that the endpoint answers in: one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The interface's name.
    pub interface: String,
    /// Its number; `None`: not known, and then there is no IPv6 on it.
    pub index: Option<u32>,
    /// Its addresses. The first six are told.
    pub addresses: Vec<LinkAddress>,
}

/// An address of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkAddress {
    /// The address.
    pub ip: IpAddr,
    /// How many leading bits the link's addresses share; `None`: not known.
    pub prefix_len: Option<u8>,
}

impl LinkAddress {
    /// Whether a neighbour may have this address.
    fn is_near(&self, peer: IpAddr) -> bool {
        match (self.ip, peer, self.prefix_len) {
            (IpAddr::V4(ours), IpAddr::V4(peer), Some(len)) => {
                let differ = ours.to_bits() ^ peer.to_bits();
                differ.leading_zeros() >= u32::from(len)
            }
            (IpAddr::V6(ours), IpAddr::V6(peer), Some(len)) => {
                let differ = ours.to_bits() ^ peer.to_bits();
                differ.leading_zeros() >= u32::from(len)
            }
            (IpAddr::V4(_), IpAddr::V4(peer), None) => peer.is_private() || peer.is_link_local(),
            _ => false,
        }
    }
}

impl Link {
    /// Whether a packet from `peer` may have come over this link; `scope` is the number of the interface
    /// that the system names for link-local addresses.
    #[must_use]
    pub fn may_have_sent(&self, peer: IpAddr, scope: u32) -> bool {
        match peer {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => self.index == Some(scope),
            peer => self.addresses.iter().any(|address| address.is_near(peer)),
        }
    }

    /// Whether it has addresses of this family.
    #[must_use]
    pub fn has(&self, ipv4: bool) -> bool {
        self.addresses.iter().any(|address| address.ip.is_ipv4() == ipv4)
    }

    /// What is told. A link-local IPv6 address means nothing without the number of an interface, so it
    /// is told only where there is nothing else.
    pub(crate) fn told(&self) -> impl Iterator<Item = IpAddr> {
        let all = || self.addresses.iter().map(|address| address.ip);
        let alone = all().all(is_link_local_v6);
        all().filter(move |ip| alone || !is_link_local_v6(*ip)).take(MAX_ADDRESSES)
    }
}

fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The records of a name and a service.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    host: Name,
    instance: Name,
    service: Name,
    types: Name,
    port: u16,
    text: Vec<u8>,
}

impl Records {
    pub(crate) fn new(name: &HostName, service: &Service) -> Records {
        let label = name.label();
        let [first, second, third] = SERVICE_LABELS;
        Records {
            host: Name::of(&[label, "local"]),
            instance: Name::of(&[label, first, second, third]),
            service: Name::of(&SERVICE_LABELS),
            types: Name::of(&TYPES_LABELS),
            port: service.port,
            text: text(&service.texts),
        }
    }

    /// Whether nobody else may say anything about this name.
    pub(crate) fn are_about(&self, name: &Name) -> bool {
        *name == self.host || *name == self.instance
    }

    /// The addresses on a link.
    pub(crate) fn addresses(&self, link: &Link) -> Vec<Record> {
        let record = |ip| match ip {
            IpAddr::V4(v4) => self.own(&self.host, kind::A, HOST_TTL, v4.octets().to_vec()),
            IpAddr::V6(v6) => self.own(&self.host, kind::AAAA, HOST_TTL, v6.octets().to_vec()),
        };
        link.told().map(record).collect()
    }

    /// What nobody else may say otherwise, as it is claimed.
    pub(crate) fn claimed(&self, link: &Link) -> Vec<Record> {
        let mut claimed = self.addresses(link);
        claimed.extend([self.place(), self.description()]);
        claimed
    }

    /// Everything, as it is announced.
    pub(crate) fn all(&self, link: &Link) -> Vec<Record> {
        let mut all = vec![self.pointer(), self.type_pointer()];
        all.extend(self.claimed(link));
        all
    }

    /// The questions that find out whether somebody has the name.
    pub(crate) fn probes(&self) -> Vec<Question> {
        let probe = |name: &Name| Question {
            name: name.clone(),
            kind: kind::ANY,
            class: INTERNET,
            unicast: false,
        };
        [&self.host, &self.instance].map(probe).to_vec()
    }

    /// Answers a question on a link; and what whoever asks will want to know next.
    pub(crate) fn answer(&self, question: &Question, link: &Link) -> (Vec<Record>, Vec<Record>) {
        let name = &question.name;
        if *name == self.service && question.asks_for(kind::PTR) {
            return (vec![self.pointer()], self.claimed(link));
        }
        if *name == self.types && question.asks_for(kind::PTR) {
            return (vec![self.type_pointer()], Vec::new());
        }
        let (of_name, more) = if *name == self.host {
            (self.addresses(link), Vec::new())
        } else if *name == self.instance {
            (vec![self.place(), self.description()], self.addresses(link))
        } else {
            return (Vec::new(), Vec::new());
        };
        let is_asked = |record: &Record| question.asks_for(record.kind);
        let (mut asked, others): (Vec<Record>, Vec<Record>) =
            of_name.into_iter().partition(is_asked);
        let absence = self.absence(name, asked.iter().chain(&others));
        if asked.is_empty() {
            // Or whoever asks waits in vain, and longer than people do.
            asked.push(absence);
            return (asked, Vec::new());
        }
        let of_host = *name == self.host;
        let more = if of_host { others.into_iter().chain([absence]).collect() } else { more };
        (asked, more)
    }

    /// Whether what somebody else says about a name of ours cannot be true together with what we say on
    /// any of our links. That a type is not there is no such thing.
    pub(crate) fn contradict<'a>(
        &self,
        record: &Record,
        links: impl Iterator<Item = &'a Link>,
    ) -> bool {
        let of_class = record.class == INTERNET && record.kind != kind::NSEC;
        if !of_class || record.ttl == 0 || !self.are_about(&record.name) {
            return false;
        }
        let mut ours = links.flat_map(|link| self.claimed(link));
        !ours.any(|own| own.says_the_same(record))
    }

    fn pointer(&self) -> Record {
        self.shared(&self.service, self.instance.bytes())
    }

    fn type_pointer(&self) -> Record {
        self.shared(&self.types, self.service.bytes())
    }

    fn place(&self) -> Record {
        let mut data = vec![0; 4];
        data.extend(self.port.to_be_bytes());
        data.extend_from_slice(self.host.bytes());
        self.own(&self.instance, kind::SRV, HOST_TTL, data)
    }

    fn description(&self) -> Record {
        self.own(&self.instance, kind::TXT, OTHER_TTL, self.text.clone())
    }

    /// That a name has these types and no others (RFC 6762, 6.1).
    fn absence<'a>(&self, name: &Name, there: impl Iterator<Item = &'a Record>) -> Record {
        let mut types = [0_u8; 5];
        for record in there {
            if let Some(byte) = types.get_mut(usize::from(record.kind / 8)) {
                *byte |= 0x80 >> (record.kind % 8);
            }
        }
        let length = types.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
        let mut data = name.bytes().to_vec();
        data.extend([0, u8::try_from(length).unwrap_or(1)]);
        data.extend_from_slice(&types[..length]);
        self.own(name, kind::NSEC, HOST_TTL, data)
    }

    fn own(&self, name: &Name, kind: u16, ttl: u32, data: Vec<u8>) -> Record {
        Record { name: name.clone(), kind, class: INTERNET, flush: true, ttl, data }
    }

    fn shared(&self, name: &Name, data: &[u8]) -> Record {
        let data = data.to_vec();
        let (name, kind) = (name.clone(), kind::PTR);
        Record { name, kind, class: INTERNET, flush: false, ttl: OTHER_TTL, data }
    }
}

/// The description: each text after its length.
fn text(texts: &[String]) -> Vec<u8> {
    let mut data = Vec::new();
    for text in texts {
        let text = cut(text).as_bytes();
        data.push(u8::try_from(text.len()).unwrap_or_default());
        data.extend_from_slice(text);
    }
    if data.is_empty() {
        data.push(0);
    }
    data
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(addresses: &[&str]) -> Link {
        let address = |text: &&str| {
            let (ip, len) = text.split_once('/').unwrap();
            LinkAddress { ip: ip.parse().unwrap(), prefix_len: len.parse().ok() }
        };
        let addresses = addresses.iter().map(address).collect();
        Link { interface: "eth0".into(), index: Some(3), addresses }
    }

    fn records() -> Records {
        let service = Service { port: 27701, texts: vec!["path=/".to_owned()] };
        Records::new(&"anna".parse().unwrap(), &service)
    }

    fn ask(name: &[&str], kind: u16, link: &Link) -> (Vec<u16>, Vec<u16>) {
        let question = Question { name: Name::of(name), kind, class: INTERNET, unicast: false };
        let (answers, more) = records().answer(&question, link);
        let kinds = |records: Vec<Record>| records.into_iter().map(|it| it.kind).collect();
        (kinds(answers), kinds(more))
    }

    #[test]
    fn each_question_gets_its_answer_and_what_will_be_asked_next() {
        let home = link(&["192.168.1.20/24", "fd00::1/64", "fe80::1/64"]);
        use kind::{A, AAAA, ANY, NSEC, PTR, SRV, TXT};
        let instance = ["ANNA", "_anki-sync", "_tcp", "local"];
        assert_eq!(ask(&["Anna", "local"], A, &home), (vec![A], vec![AAAA, NSEC]));
        assert_eq!(ask(&["anna", "local"], AAAA, &home), (vec![AAAA], vec![A, NSEC]));
        assert_eq!(ask(&["anna", "local"], ANY, &home), (vec![A, AAAA], vec![NSEC]));
        assert_eq!(ask(&SERVICE_LABELS, PTR, &home), (vec![PTR], vec![A, AAAA, SRV, TXT]));
        assert_eq!(ask(&instance, SRV, &home), (vec![SRV], vec![A, AAAA]));
        assert_eq!(ask(&TYPES_LABELS, PTR, &home), (vec![PTR], vec![]));
        assert_eq!(ask(&["bert", "local"], A, &home), (vec![], vec![]));
        assert_eq!(ask(&SERVICE_LABELS, A, &home), (vec![], vec![]));
    }

    #[test]
    fn what_is_not_there_is_said_so_at_once() {
        let v4_alone = link(&["192.168.1.20/24"]);
        assert_eq!(ask(&["anna", "local"], kind::AAAA, &v4_alone), (vec![kind::NSEC], vec![]));
        let name = Name::of(&["anna", "local"]);
        let question = Question { name, kind: kind::AAAA, class: INTERNET, unicast: false };
        let (answers, _) = records().answer(&question, &v4_alone);
        assert_eq!(answers[0].data, b"\x04anna\x05local\0\0\x01\x40");
    }

    #[test]
    fn link_local_addresses_are_told_only_where_there_are_no_others() {
        let told = |addresses: &[&str]| -> Vec<String> {
            link(addresses).told().map(|ip| ip.to_string()).collect()
        };
        assert_eq!(told(&["fe80::1/64", "10.0.0.3/8"]), ["10.0.0.3"]);
        assert_eq!(told(&["fe80::1/64"]), ["fe80::1"]);
        let many: Vec<String> = (1..20).map(|last| format!("10.0.0.{last}/8")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(told(&many).len(), 6);
    }

    #[test]
    fn everything_fits_into_one_packet_of_any_network() {
        let name: HostName = "a".repeat(40).parse().unwrap();
        let name = name.after(u32::MAX);
        let texts = vec!["t".repeat(200); 4];
        let records = Records::new(&name, &Service { port: 1, texts });
        let addresses: Vec<String> = (1..20).map(|last| format!("fd00::{last}/64")).collect();
        let link = link(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
        let message = crate::Message {
            is_response: true,
            answers: records.all(&link),
            ..crate::Message::default()
        };
        let length = message.write().len();
        assert!(length <= 1452, "{length}");
        // A probe asks two questions besides.
        let questions = records.probes();
        let probe = crate::Message {
            questions,
            authorities: records.claimed(&link),
            ..crate::Message::default()
        };
        assert!(probe.write().len() <= 1452);
    }

    #[test]
    fn neighbours_are_known_by_their_addresses() {
        let home = link(&["192.168.1.20/24", "fd00::1/64", "fe80::1/64"]);
        for (peer, scope, near) in [
            ("192.168.1.99", 0, true),
            ("192.168.2.99", 0, false),
            ("fd00::99", 0, true),
            ("fd01::99", 0, false),
            ("fe80::99", 3, true),
            ("fe80::99", 4, false),
        ] {
            assert_eq!(home.may_have_sent(peer.parse().unwrap(), scope), near, "{peer} {scope}");
        }
        let vague = link(&["192.168.1.20/x"]);
        assert!(vague.may_have_sent("192.168.1.99".parse().unwrap(), 0));
        assert!(!vague.may_have_sent("203.0.113.9".parse().unwrap(), 0));
    }
}
