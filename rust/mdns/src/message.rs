//! Messages of multicast DNS, as bytes and back.
//!
//! Reading takes what strangers send: a message that is damaged somewhere counts up to there, and
//! nothing is set aside for what its head only announces.

/// Longest packet that is read (RFC 6762, 17).
pub const MAX_PACKET: usize = 9000;

/// Most questions, and most records, of one message that are looked at.
const MAX_ENTRIES: usize = 256;
/// Longest name, with its lengths.
const MAX_NAME: usize = 255;
/// The head of a message.
const HEAD: usize = 12;

/// Types of records.
pub(crate) mod kind {
    pub(crate) const A: u16 = 1;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const TXT: u16 = 16;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const SRV: u16 = 33;
    pub(crate) const NSEC: u16 = 47;
    pub(crate) const ANY: u16 = 255;
}

/// The class of everything here.
pub(crate) const INTERNET: u16 = 1;
const ANY_CLASS: u16 = 255;
/// In a question: answer me alone. In a record: forget what you knew of this name and type.
const TOP_BIT: u16 = 0x8000;

const IS_RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const OPCODE_AND_RCODE: u16 = 0x780f;

/// A name of the DNS: its labels, each after its length, and a zero. Equal whatever the case.
#[derive(Debug, Clone)]
pub(crate) struct Name(Vec<u8>);

impl Name {
    /// Of labels that have 1 to 63 bytes each.
    pub(crate) fn of(labels: &[&str]) -> Name {
        let mut bytes = Vec::new();
        for label in labels {
            let label = label.as_bytes();
            let label = &label[..label.len().min(63)];
            bytes.push(u8::try_from(label.len()).unwrap_or_default());
            bytes.extend_from_slice(label);
        }
        bytes.push(0);
        Name(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        // Lengths are below 64, letters are not.
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub(crate) name: Name,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    /// The answer may go to who asks alone.
    pub(crate) unicast: bool,
}

impl Question {
    pub(crate) fn asks_for(&self, kind: u16) -> bool {
        let class = self.class == INTERNET || self.class == ANY_CLASS;
        class && (self.kind == kind || self.kind == kind::ANY)
    }
}

/// What somebody says about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub(crate) name: Name,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    /// It is all that there is of its name and type.
    pub(crate) flush: bool,
    /// For how many seconds it holds; 0: it ends.
    pub(crate) ttl: u32,
    /// Names in it are written out.
    pub(crate) data: Vec<u8>,
}

impl Record {
    /// Whether both say the same, for however long.
    pub(crate) fn says_the_same(&self, other: &Record) -> bool {
        self.kind == other.kind
            && self.class == other.class
            && self.name == other.name
            && self.data == other.data
    }
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub(crate) id: u16,
    pub(crate) is_response: bool,
    pub(crate) questions: Vec<Question>,
    /// In a question, what the asker knows already.
    pub(crate) answers: Vec<Record>,
    /// In a question, what the asker is about to claim.
    pub(crate) authorities: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
}

impl Message {
    /// Reads a packet. `None`: it is none of the DNS, or too large, or of a kind that must be ignored.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Message> {
        if packet.len() > MAX_PACKET {
            return None;
        }
        let mut reader = Reader { packet, at: 0 };
        let (id, flags) = (reader.u16()?, reader.u16()?);
        if flags & OPCODE_AND_RCODE != 0 {
            return None;
        }
        let is_response = flags & IS_RESPONSE != 0;
        let mut counts = [0; 4];
        for count in &mut counts {
            *count = reader.u16()?;
        }
        let mut message = Message { id, is_response, ..Message::default() };
        // What came before the damage is as good as ever.
        let _ = message.read_sections(&mut reader, counts);
        Some(message)
    }

    fn read_sections(&mut self, reader: &mut Reader<'_>, counts: [u16; 4]) -> Option<()> {
        let [questions, sections @ ..] = counts;
        for _ in 0..questions {
            let question = reader.question()?;
            if self.questions.len() < MAX_ENTRIES {
                self.questions.push(question);
            }
        }
        let places = [&mut self.answers, &mut self.authorities, &mut self.additionals];
        for (count, place) in sections.into_iter().zip(places) {
            for _ in 0..count {
                let record = reader.record()?;
                if place.len() < MAX_ENTRIES {
                    place.push(record);
                }
            }
        }
        Some(())
    }

    /// As a packet. Names are written out: what is sent here is short.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let flags = if self.is_response { IS_RESPONSE | AUTHORITATIVE } else { 0 };
        let sections = [&self.answers, &self.authorities, &self.additionals];
        let mut packet = Vec::new();
        let counts = sections.map(Vec::len);
        for number in [self.id, flags, short(self.questions.len())]
            .into_iter()
            .chain(counts.into_iter().map(short))
        {
            packet.extend(number.to_be_bytes());
        }
        for question in &self.questions {
            packet.extend_from_slice(question.name.bytes());
            packet.extend(question.kind.to_be_bytes());
            packet.extend(with_top_bit(question.class, question.unicast).to_be_bytes());
        }
        for record in sections.into_iter().flatten() {
            packet.extend_from_slice(record.name.bytes());
            packet.extend(record.kind.to_be_bytes());
            packet.extend(with_top_bit(record.class, record.flush).to_be_bytes());
            packet.extend(record.ttl.to_be_bytes());
            packet.extend(short(record.data.len()).to_be_bytes());
            packet.extend_from_slice(&record.data);
        }
        packet
    }
}

fn with_top_bit(class: u16, set: bool) -> u16 {
    if set { class | TOP_BIT } else { class }
}

/// What is written here is always short.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Where in a packet reading has come to.
struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.packet.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A name, which may go on at an earlier place of the packet. Between two jumps to the same place
    /// stands a label at least, and a name has an end, so the jumps have one, too.
    fn name(&mut self) -> Option<Name> {
        let mut name = Vec::new();
        let mut part = Reader { packet: self.packet, at: self.at };
        let mut after = None;
        loop {
            let begin = part.at;
            let length = part.u8()?;
            match length {
                0 => break,
                1..=63 => {
                    let label = part.take(length.into())?;
                    name.push(length);
                    name.extend_from_slice(label);
                    if name.len() >= MAX_NAME {
                        return None;
                    }
                }
                0xc0.. => {
                    let place = usize::from(length & 0x3f) << 8 | usize::from(part.u8()?);
                    after.get_or_insert(part.at);
                    if !(HEAD..begin).contains(&place) {
                        return None;
                    }
                    part.at = place;
                }
                _ => return None,
            }
        }
        name.push(0);
        self.at = after.unwrap_or(part.at);
        Some(Name(name))
    }

    fn question(&mut self) -> Option<Question> {
        let (name, kind, class) = (self.name()?, self.u16()?, self.u16()?);
        let unicast = class & TOP_BIT != 0;
        Some(Question { name, kind, class: class & !TOP_BIT, unicast })
    }

    fn record(&mut self) -> Option<Record> {
        let (name, kind, class) = (self.name()?, self.u16()?, self.u16()?);
        let (ttl, length) = (self.u32()?, usize::from(self.u16()?));
        let end = self.at.checked_add(length).filter(|end| *end <= self.packet.len())?;
        let data = self.data(kind, end)?;
        self.at = end;
        let flush = class & TOP_BIT != 0;
        Some(Record { name, kind, class: class & !TOP_BIT, flush, ttl, data })
    }

    /// What a record says, with its names written out.
    fn data(&mut self, kind: u16, end: usize) -> Option<Vec<u8>> {
        let mut data = Vec::new();
        match kind {
            kind::PTR => data.extend_from_slice(self.name()?.bytes()),
            kind::SRV => {
                data.extend_from_slice(self.take(6)?);
                data.extend_from_slice(self.name()?.bytes());
            }
            _ => data.extend_from_slice(self.packet.get(self.at..end)?),
        }
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn name() -> impl Strategy<Value = Name> {
        vec("[a-zA-Z0-9_-]{1,20}", 1..5)
            .prop_map(|labels| Name::of(&labels.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    fn record() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            vec(any::<u8>(), 0..40).prop_map(|data| (kind::TXT, data)),
            name().prop_map(|name| (kind::PTR, name.0)),
            name().prop_map(|name| (kind::SRV, [&[0, 0, 0, 0, 1, 2], name.bytes()].concat())),
        ];
        (name(), data, any::<bool>(), any::<u32>()).prop_map(|(name, (kind, data), flush, ttl)| {
            Record { name, kind, class: INTERNET, flush, ttl, data }
        })
    }

    fn message() -> impl Strategy<Value = Message> {
        let question = (name(), any::<u16>(), any::<bool>())
            .prop_map(|(name, kind, unicast)| Question { name, kind, class: INTERNET, unicast });
        let records = || vec(record(), 0..4);
        (any::<u16>(), any::<bool>(), vec(question, 0..4), records(), records(), records())
            .prop_map(|(id, is_response, questions, answers, authorities, additionals)| Message {
                id,
                is_response,
                questions,
                answers,
                authorities,
                additionals,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(message in message()) {
            prop_assert_eq!(Message::read(&message.write()), Some(message));
        }

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in vec(any::<u8>(), 0..200)) {
            let _ = Message::read(&bytes);
        }

        #[test]
        fn a_message_that_breaks_off_counts_up_to_there(message in message(), cut in 12usize..400) {
            let packet = message.write();
            let part = Message::read(&packet[..packet.len().min(cut)]).unwrap();
            prop_assert!(message.questions.starts_with(&part.questions));
            prop_assert!(message.answers.starts_with(&part.answers));
        }
    }

    #[test]
    fn names_may_go_on_earlier_and_never_in_a_circle() {
        // Two questions: `a.local`, and `b` with the rest of the first.
        let mut packet = vec![0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0];
        packet.extend(b"\x01a\x05local\0\0\x01\0\x01\x01B\xc0\x0e\0\x01\0\x01");
        let names: Vec<Name> =
            Message::read(&packet).unwrap().questions.into_iter().map(|q| q.name).collect();
        assert_eq!(names, [Name::of(&["a", "local"]), Name::of(&["b", "LOCAL"])]);
        for end in [b"\xc0\x0c", b"\xc0\x0e", b"\xc0\x00", b"\x40\x00", b"\xff\xff"] {
            let mut packet = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            packet.extend(end);
            packet.extend([0, 1, 0, 1]);
            assert!(Message::read(&packet).unwrap().questions.is_empty(), "{end:?}");
        }
    }

    #[test]
    fn what_only_its_head_announces_takes_no_room() {
        let mut packet = vec![0; HEAD];
        packet[4..].fill(0xff);
        assert_eq!(Message::read(&packet), Some(Message::default()));
        assert_eq!(Message::read(&vec![0; MAX_PACKET + 1]), None);
        packet[2] = 0x28;
        assert_eq!(Message::read(&packet), None, "an update");
    }
}
