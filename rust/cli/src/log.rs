//! The endpoint's events as lines on standard error: for people, or JSON for machines.
//!
//! One line per event, without waiting for whoever reads it: see [`Queue`]. Events hold no secrets,
//! and what they quote from the network is made printable here.

use std::sync::Arc;
use std::time::Duration;

use deckport_endpoint::{
    AnnounceState, Announcement, Clock, Event, EventSink, RequestRecord, WhyNotAnnounced,
};
use deckport_ground::calendar::utc_milliseconds;
use serde_json::{Map, Value, json};

use crate::args::LogFormat;
use crate::output::printable;
use crate::queue::{LAST_LINES, Queue};

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
    /// Only failures and problems.
    pub(crate) quiet: bool,
    /// Stamps the lines.
    pub(crate) clock: Arc<dyn Clock>,
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
        (entry.failure || !self.quiet).then(|| self.stamped(entry))
    }

    fn warning(&self, message: &str) -> String {
        self.stamped(Entry::problem(None, message))
    }

    fn stamped(&self, entry: Entry) -> String {
        let now = utc_milliseconds(self.clock.now_ms());
        match self.format {
            LogFormat::Text => format!("{now} {}", entry.text),
            LogFormat::Json => entry.json(now),
        }
    }
}

/// One event in both forms.
struct Entry {
    failure: bool,
    text: String,
    kind: &'static str,
    fields: Value,
}

impl Entry {
    /// `None` for what a request's line tells already, or the greeting on standard output.
    fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Request(record) => Self::request(record),
            Event::Announcement(now) => return Self::announcement(now),
            Event::LoggedIn { account, device, peer, .. } => Self::success(
                "login",
                format!("new device {} from {peer}", shown(device)),
                json!({"device": shown(device), "peer": peer}),
            )
            .about(account),
            Event::ConnectionRefused { peer, reason } => Self::failure(
                "connection_refused",
                format!("connection from {peer} refused: {}", shown(reason)),
                json!({"peer": peer, "reason": shown(reason)}),
            ),
            Event::SyncFinished { account, device, duration, .. } => Self::success(
                "sync_finished",
                format!("sync by {} finished after {} ms", shown(device), millis(*duration)),
                json!({"device": shown(device), "ms": millis(*duration)}),
            )
            .about(account),
            Event::SyncRolledBack { account, device, reason } => Self::failure(
                "sync_rolled_back",
                format!("sync by {} rolled back: {}", shown(device), shown(reason)),
                json!({"device": shown(device), "reason": shown(reason)}),
            )
            .about(account),
            Event::CollectionReplaced { account, device, bytes } => Self::success(
                "collection_replaced",
                format!("collection replaced by {}, {bytes} bytes", shown(device)),
                json!({"device": shown(device), "bytes": bytes}),
            )
            .about(account),
            Event::ForeignChanges { account, changes } => Self::success(
                "foreign_changes",
                format!("another program had changed {changes}; devices get it at their next sync"),
                json!({"changes": changes}),
            )
            .about(account),
            Event::BackupMade { account, name, bytes } => Self::success(
                "backup_made",
                format!("kept backup {}, {bytes} bytes", shown(name)),
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
        let failure = record.status >= 400 || record.outcome != "ok";
        Self { failure, text, kind: "request", fields }
    }

    fn success(kind: &'static str, text: String, fields: Value) -> Self {
        Self { failure: false, text, kind, fields }
    }

    fn failure(kind: &'static str, text: String, fields: Value) -> Self {
        Self { failure: true, text, kind, fields }
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

    fn log(format: LogFormat, quiet: bool) -> Form {
        Form { format, quiet, clock: Arc::new(ManualClock::new(1_795_218_301_007)) }
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
            log(LogFormat::Text, false).line(&request(200, "ok")).unwrap(),
            "2026-11-20T23:45:01.007Z 192.168.1.7:50123 account=anki device=\"Anna's laptop\" \
             meta 200 in=62 out=126 4ms ok"
        );
    }

    #[test]
    fn a_request_is_one_json_object() {
        let line = log(LogFormat::Json, false).line(&request(200, "ok")).unwrap();
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
    fn quiet_shows_failures_alone() {
        let log = log(LogFormat::Text, true);
        assert_eq!(log.line(&request(200, "ok")), None);
        assert_eq!(log.line(&Event::Stopped), None);
        assert!(log.line(&request(409, "another device is syncing")).is_some());
        assert!(log.line(&request(200, "upload refused: too large")).is_some());
        let problem = Event::Problem { account: None, message: "disk almost full".to_owned() };
        assert_eq!(
            log.line(&problem).unwrap(),
            "2026-11-20T23:45:01.007Z warning: disk almost full"
        );
    }

    #[test]
    fn what_happened_to_an_account_names_it() {
        let event = Event::SyncRolledBack {
            account: "anki".to_owned(),
            device: "Anki 26.09.3 on linux".to_owned(),
            reason: "no request for a while".to_owned(),
        };
        assert_eq!(
            log(LogFormat::Text, true).line(&event).unwrap(),
            "2026-11-20T23:45:01.007Z anki: sync by Anki 26.09.3 on linux rolled back: no request \
             for a while"
        );
        let line = log(LogFormat::Json, true).line(&event).unwrap();
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
        let line = log(LogFormat::Text, false).line(&event).unwrap();
        assert!(line.contains("x·2026") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_request_before_the_login_has_no_account() {
        let Event::Request(mut record) = request(403, "unknown token") else { unreachable!() };
        (record.account, record.device) = (None, None);
        let line = log(LogFormat::Text, true).line(&Event::Request(record)).unwrap();
        assert!(line.contains(" account=- device=- meta 403 "), "{line}");
    }
}
