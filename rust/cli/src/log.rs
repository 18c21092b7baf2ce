//! The endpoint's events as lines on standard error: for people, or JSON for machines.
//!
//! People read one line for each sync, as one would say it, and what matters beside; each request only
//! when they ask for it. JSON has everything.
//!
//! One line per event, without waiting for whoever reads it: see [`Queue`]. Events hold no secrets,
//! and what they quote from the network is made printable here.

use std::sync::Arc;
use std::time::Duration;

use deckport_endpoint::{
    AnnounceState, Announcement, Clock, Event, EventSink, MediaCounts, RequestRecord, SyncCounts,
    WhyNotAnnounced,
};
use deckport_ground::calendar::utc_milliseconds;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::ago::counted;
use crate::args::LogFormat;
use crate::local;
use crate::output::printable;
use crate::queue::{LAST_LINES, Queue};
use crate::size;

/// How much of a text from the network a line shows, in characters.
const SHOWN: usize = 100;

/// Writes events to standard error.
#[derive(Debug)]
pub(crate) struct Log {
    form: Form,
    queue: Arc<Queue>,
}

/// What lines look like.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) format: LogFormat,
    /// The least that a text line must matter.
    pub(crate) least: Weight,
    /// Stamps the lines.
    pub(crate) clock: Arc<dyn Clock>,
    /// The zone of the stamps of text lines.
    pub(crate) zone: TimeZone,
}

/// How much a line matters to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Each request.
    Detail,
    /// A sync, a new device, a backup.
    News,
    /// What went wrong.
    Failure,
}

impl EventSink for Log {
    fn event(&self, event: &Event) {
        if let Some(line) = self.form.line(event) {
            self.queue.push(&line);
        }
    }
}

impl Log {
    /// A log on standard error.
    pub(crate) fn start(form: Form) -> Log {
        let own = form.clone();
        let tell = move |count| {
            own.warning(&format!("{count} lines of this log were not read in time and are lost"))
        };
        let queue = Queue::start(std::io::stderr(), Box::new(tell));
        Log { form, queue }
    }

    /// A sentence of the command itself, in the log's form. Shown even when quiet.
    pub(crate) fn warning(&self, message: &str) {
        self.queue.push(&self.form.warning(message));
    }

    /// The endpoint was asked to stop and waits for running requests.
    pub(crate) fn stopping(&self) {
        let text = "stopping; a second signal stops at once".to_owned();
        if let Some(line) = self.form.entry(Entry::success("stopping", text, json!({}))) {
            self.queue.push(&line);
        }
    }

    /// Waits a moment until the last lines are read.
    pub(crate) fn finish(&self) {
        self.queue.flush(LAST_LINES);
    }
}

impl Form {
    fn line(&self, event: &Event) -> Option<String> {
        self.entry(Entry::of(event)?)
    }

    fn entry(&self, entry: Entry) -> Option<String> {
        let least = match self.format {
            LogFormat::Json if self.least < Weight::Failure => Weight::Detail,
            _ => self.least,
        };
        (entry.weight >= least).then(|| self.stamped(entry))
    }

    fn warning(&self, message: &str) -> String {
        self.stamped(Entry::problem(None, message))
    }

    fn stamped(&self, entry: Entry) -> String {
        let now_ms = self.clock.now_ms();
        match self.format {
            LogFormat::Text => format!("{}  {}", local::second(now_ms, &self.zone), entry.text),
            LogFormat::Json => entry.json(utc_milliseconds(now_ms)),
        }
    }
}

/// One event in both forms.
struct Entry {
    weight: Weight,
    text: String,
    kind: &'static str,
    fields: Value,
}

impl Entry {
    /// `None` for what another line tells, or the greeting on standard output.
    fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Request(record) => Self::request(record),
            Event::Announcement(now) => return Self::announcement(now),
            Event::LoggedIn { account, device, peer, .. } => Self::success(
                "login",
                format!("logged in from {peer}"),
                json!({"device": shown(device), "peer": peer}),
            )
            .by(account, device),
            Event::ConnectionRefused { peer, reason } => Self::failure(
                "connection_refused",
                format!("connection from {peer} refused: {}", shown(reason)),
                json!({"peer": peer, "reason": shown(reason)}),
            ),
            Event::SyncFinished { account, device, duration, counts } => Self::success(
                "sync_finished",
                exchanged(counts),
                json!({
                    "device": shown(device),
                    "ms": millis(*duration),
                    "received": counts.received,
                    "sent": counts.sent,
                    "deleted": counts.deleted,
                }),
            )
            .by(account, device),
            Event::MediaFinished { account, device, counts }
                if *counts != MediaCounts::default() =>
            {
                Self::success(
                    "media_finished",
                    format!(
                        "sent {}, got {}",
                        counted(counts.received, "media file"),
                        counted(counts.sent, "media file")
                    ),
                    json!({
                        "device": shown(device),
                        "received": counts.received,
                        "sent": counts.sent,
                    }),
                )
                .by(account, device)
            }
            Event::TransferStarted { account, device, upload: false } => Self::success(
                "download",
                "downloads the whole collection".to_owned(),
                json!({"device": shown(device)}),
            )
            .by(account, device),
            Event::SyncRolledBack { account, device, reason } => Self::failure(
                "sync_rolled_back",
                format!("broke off its sync, which left no trace: {}", shown(reason)),
                json!({"device": shown(device), "reason": shown(reason)}),
            )
            .by(account, device),
            Event::CollectionReplaced { account, device, bytes } => Self::success(
                "collection_replaced",
                format!("replaced the collection here by its own ({})", size::text(*bytes)),
                json!({"device": shown(device), "bytes": bytes}),
            )
            .by(account, device),
            Event::ForeignChanges { account, changes } => Self::success(
                "foreign_changes",
                format!("another program had changed {changes}; devices get it at their next sync"),
                json!({"changes": changes}),
            )
            .about(account),
            Event::BackupMade { account, name, bytes } => Self::success(
                "backup_made",
                format!("kept backup {} ({})", shown(name), size::text(*bytes)),
                json!({"name": shown(name), "bytes": bytes}),
            )
            .about(account),
            Event::Problem { account, message } => Self::problem(account.as_deref(), message),
            Event::Stopped => Self::success("stopped", "stopped".to_owned(), json!({})),
            _ => return None,
        })
    }

    /// Whether the endpoint is found by its name. What was wished so is not told.
    fn announcement(now: &Announcement) -> Option<Self> {
        let why = match &now.state {
            AnnounceState::Announced => {
                let url = now.url().unwrap_or_default();
                let text = format!("found as {url} in the networks it serves");
                return Some(Self::success(
                    "announced",
                    text,
                    json!({"name": now.name, "url": url}),
                ));
            }
            AnnounceState::Not(WhyNotAnnounced::Off | WhyNotAnnounced::LoopbackOnly) => {
                return None;
            }
            AnnounceState::Not(why) => why.to_string(),
            _ => return None,
        };
        let text = format!("not found by the name {}: {why}", now.name);
        Some(Self::success("not_announced", text, json!({"name": now.name, "reason": why})))
    }

    fn problem(account: Option<&str>, message: &str) -> Self {
        let message = printable(message, 500);
        let text = format!("warning: {message}");
        let problem = Self::failure("problem", text, json!({"message": message}));
        match account {
            Some(account) => problem.about(account),
            None => problem,
        }
    }

    /// Names the account that it concerns.
    fn about(mut self, account: &str) -> Self {
        let account = shown(account);
        self.text = format!("{account}: {}", self.text);
        if let Value::Object(fields) = &mut self.fields {
            fields.insert("account".to_owned(), account.into());
        }
        self
    }

    /// Names the device that did it, and its account.
    fn by(mut self, account: &str, device: &str) -> Self {
        self.text = format!("{} \u{b7} {}: {}", shown(account), shown(device), self.text);
        if let Value::Object(fields) = &mut self.fields {
            fields.insert("account".to_owned(), shown(account).into());
        }
        self
    }

    fn request(record: &RequestRecord) -> Self {
        let account = record.account.as_deref().map(shown);
        let device = record.device.as_deref().map(shown);
        let method = shown(&record.method);
        let outcome = printable(&record.outcome, 200);
        let text = format!(
            "{} account={} device={} {method} {} in={} out={} {}ms {outcome}",
            record.peer,
            account.as_deref().map_or("-".to_owned(), quoted),
            device.as_deref().map_or("-".to_owned(), quoted),
            record.status,
            record.bytes_in,
            record.bytes_out,
            millis(record.duration),
        );
        let fields = json!({
            "account": account,
            "device": device,
            "peer": record.peer,
            "method": method,
            "status": record.status,
            "bytes_in": record.bytes_in,
            "bytes_out": record.bytes_out,
            "ms": millis(record.duration),
            "outcome": outcome,
        });
        // A refused upload is answered with 200 and a sentence (`transport` 6.1).
        let failed = record.status >= 400 || record.outcome != "ok";
        let weight = if failed { Weight::Failure } else { Weight::Detail };
        Self { weight, text, kind: "request", fields }
    }

    fn success(kind: &'static str, text: String, fields: Value) -> Self {
        Self { weight: Weight::News, text, kind, fields }
    }

    fn failure(kind: &'static str, text: String, fields: Value) -> Self {
        Self { weight: Weight::Failure, text, kind, fields }
    }

    fn json(self, now: String) -> String {
        let mut line = Map::new();
        line.insert("time".to_owned(), now.into());
        line.insert("event".to_owned(), self.kind.into());
        if let Value::Object(fields) = self.fields {
            line.extend(fields);
        }
        Value::Object(line).to_string()
    }
}

/// What a device and the endpoint had for each other, as its person sees it.
fn exchanged(counts: &SyncCounts) -> String {
    let SyncCounts { received, sent, deleted } = *counts;
    let deletions = match deleted {
        0 => String::new(),
        _ => format!(", {}", counted(deleted, "deletion")),
    };
    format!("sent {}, got {sent}{deletions}", counted(received, "change"))
}

fn shown(text: &str) -> String {
    printable(text, SHOWN)
}

/// In quotes if it would otherwise read as several words.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "'"))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deckport_endpoint::ManualClock;

    fn log(format: LogFormat, least: Weight) -> Form {
        let clock = Arc::new(ManualClock::new(1_795_218_301_007));
        Form { format, least, clock, zone: TimeZone::UTC }
    }

    fn request(status: u16, outcome: &str) -> Event {
        Event::Request(RequestRecord {
            account: Some("anki".to_owned()),
            device: Some("Anna's laptop".to_owned()),
            peer: "192.168.1.7:50123".parse().unwrap(),
            method: "meta".to_owned(),
            status,
            bytes_in: 62,
            bytes_out: 126,
            duration: Duration::from_micros(4_700),
            outcome: outcome.to_owned(),
        })
    }

    #[test]
    fn a_request_is_one_readable_line() {
        assert_eq!(
            log(LogFormat::Text, Weight::Detail).line(&request(200, "ok")).unwrap(),
            "2026-11-20 23:45:01  192.168.1.7:50123 account=anki device=\"Anna's laptop\" \
             meta 200 in=62 out=126 4ms ok"
        );
    }

    #[test]
    fn a_request_is_one_json_object() {
        let line = log(LogFormat::Json, Weight::News).line(&request(200, "ok")).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&line).unwrap(),
            json!({
                "time": "2026-11-20T23:45:01.007Z",
                "event": "request",
                "account": "anki",
                "device": "Anna's laptop",
                "peer": "192.168.1.7:50123",
                "method": "meta",
                "status": 200,
                "bytes_in": 62,
                "bytes_out": 126,
                "ms": 4,
                "outcome": "ok",
            })
        );
    }

    #[test]
    fn a_sync_is_one_line_as_one_would_say_it() {
        let log = log(LogFormat::Text, Weight::News);
        let (account, device) = ("anna".to_owned(), "laptop".to_owned());
        let counts = SyncCounts { received: 12, sent: 3, deleted: 1 };
        let duration = Duration::from_secs(1);
        let (name, other) = (account.clone(), device.clone());
        let sync = Event::SyncFinished { account: name, device: other, counts, duration };
        assert_eq!(
            log.line(&sync).unwrap(),
            "2026-11-20 23:45:01  anna · laptop: sent 12 changes, got 3, 1 deletion"
        );
        let media = |received| Event::MediaFinished {
            account: account.clone(),
            device: device.clone(),
            counts: MediaCounts { received, sent: 0 },
        };
        assert_eq!(log.line(&media(0)), None);
        assert!(log.line(&media(1)).unwrap().ends_with("sent 1 media file, got 0 media files"));
        assert_eq!(log.line(&request(200, "ok")), None);
    }

    #[test]
    fn quiet_shows_failures_alone() {
        let log = log(LogFormat::Text, Weight::Failure);
        assert_eq!(log.line(&request(200, "ok")), None);
        assert_eq!(log.line(&Event::Stopped), None);
        assert!(log.line(&request(409, "another device is syncing")).is_some());
        assert!(log.line(&request(200, "upload refused: too large")).is_some());
        let problem = Event::Problem { account: None, message: "disk almost full".to_owned() };
        assert_eq!(log.line(&problem).unwrap(), "2026-11-20 23:45:01  warning: disk almost full");
    }

    #[test]
    fn what_happened_to_an_account_names_it() {
        let event = Event::SyncRolledBack {
            account: "anki".to_owned(),
            device: "Anki 26.09.3 on linux".to_owned(),
            reason: "no request for a while".to_owned(),
        };
        assert_eq!(
            log(LogFormat::Text, Weight::Failure).line(&event).unwrap(),
            "2026-11-20 23:45:01  anki · Anki 26.09.3 on linux: broke off its sync, which left no \
             trace: no request for a while"
        );
        let line = log(LogFormat::Json, Weight::Failure).line(&event).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["event"], &line["account"]),
            (&json!("sync_rolled_back"), &json!("anki"))
        );
    }

    #[test]
    fn names_from_the_network_cannot_forge_lines() {
        let event = Event::LoggedIn {
            account: "anki".to_owned(),
            device: "x\n2026-11-20T23:45:01.007Z forged".to_owned(),
            paired: false,
            peer: "10.0.0.1".parse().unwrap(),
        };
        let line = log(LogFormat::Text, Weight::News).line(&event).unwrap();
        assert!(line.contains("x·2026") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_request_before_the_login_has_no_account() {
        let Event::Request(mut record) = request(403, "unknown token") else { unreachable!() };
        (record.account, record.device) = (None, None);
        let line = log(LogFormat::Text, Weight::Failure).line(&Event::Request(record)).unwrap();
        assert!(line.contains(" account=- device=- meta 403 "), "{line}");
    }
}
