//! Every message in both framings and both directions: what one side writes, the other one reads.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Coding, Envelope, Framing, RequestHead, RequestHeaders, RequestReader};
use crate::media::{
    MediaAnswer, MediaBeginResponse, MediaChange, MediaChangesResponse, MediaSanityResponse,
    UploadChangesResponse,
};
use crate::method::{MediaMethod, Method, Route, SyncMethod};
use crate::{
    Call, Changes, Chunk, Exchange, Graves, HostKeyResponse, MetaResponse, Request, SYNC_HEADER,
    SanityCheckResponse, Sender, Step,
};

type File = Cursor<Vec<u8>>;
const FRAMINGS: [Framing; 2] = [Framing::Header, Framing::Form];
const LIMIT: u64 = 1 << 20;
const CHUNK: &[u8] = br#"{"chunk":{"done":true}}"#;

/// A request on its way.
struct Sent {
    path: String,
    headers: RequestHeaders,
    body: Vec<u8>,
}

impl Sent {
    fn new(call: Call<File>, framing: Framing) -> Sent {
        let path = format!("/{}", call.request.method().path());
        let headers = call.headers(framing).unwrap();
        let mut body = Vec::new();
        call.write(framing, &mut body).unwrap();
        Sent { path, headers, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| &**value)
    }

    fn method(&self) -> Method {
        Route::parse(&self.path).method().unwrap()
    }

    /// What the other side makes of it when it comes in pieces of that many bytes.
    fn received(&self, pieces: usize) -> Call<File> {
        let head = RequestHead {
            sync_header: self.header(SYNC_HEADER).map(str::as_bytes),
            content_type: self.header("content-type").unwrap_or_default(),
            user_agent: self.header("user-agent").unwrap_or_default(),
            ..Default::default()
        };
        let mut reader = RequestReader::new(self.method(), &head).unwrap();
        let mut data = Vec::new();
        for piece in self.body.chunks(pieces) {
            let more = reader.push(piece).unwrap();
            data.retain(|_| !more.is_new);
            data.extend(more.bytes);
        }
        let told_early = reader.sender();
        let Envelope { sender, coding, json } = reader.finish().unwrap();
        assert!(told_early.is_none_or(|early| early == sender));
        let data = json.unwrap_or_else(|| unpacked(coding, &data));
        let request = match self.method() {
            Method::Sync(SyncMethod::Upload) => Request::Upload(Cursor::new(data)),
            Method::Media(MediaMethod::UploadChanges) => Request::UploadChanges(Cursor::new(data)),
            method => Request::read(method, &data).unwrap(),
        };
        Call { sender, request }
    }
}

fn unpacked(coding: Coding, packed: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let take = |piece: &[u8]| {
        data.extend_from_slice(piece);
        Ok(())
    };
    coding.unpack(&mut &*packed, LIMIT, take).unwrap();
    data
}

fn payload(request: Request<File>) -> Vec<u8> {
    let mut data = Vec::new();
    request.into_payload().unwrap().read_to_end(&mut data).unwrap();
    data
}

fn names() -> impl Strategy<Value = String> {
    "[^\"\\\\]{0,12}"
}

fn graves() -> impl Strategy<Value = Value> {
    let ids = || proptest::collection::vec(any::<i64>(), 0..5);
    (ids(), ids(), ids())
        .prop_map(|(cards, decks, notes)| json!({"cards": cards, "decks": decks, "notes": notes}))
}

/// Rows as they travel.
fn chunk() -> impl Strategy<Value = Value> {
    let notes =
        (any::<i64>(), names(), names(), any::<u32>()).prop_map(|(id, tags, text, flags)| {
            json!([id, "g", 5, 7, -1, tags, text, "", "", flags, ""])
        });
    let cards = (any::<i64>(), any::<u16>(), 0..=3_u8, -3..=4_i8, any::<i32>(), any::<u32>())
        .prop_map(|(id, ord, kind, queue, due, interval)| {
            json!([id, 1, 2, ord, 9, -1, kind, queue, due, interval, 2500, 1, 0, 0, 0, 0, 0, "{}"])
        });
    let reviews = (any::<i64>(), any::<i32>(), any::<u32>())
        .prop_map(|(id, interval, time)| json!([id, 1, -1, 3, interval, 1, 2500, time, 0]));
    (
        any::<bool>(),
        proptest::collection::vec(reviews, 1..4),
        proptest::collection::vec(cards, 1..4),
        proptest::collection::vec(notes, 1..4),
    )
        .prop_map(|(done, revlog, cards, notes)| {
            json!({"done": done, "revlog": revlog, "cards": cards, "notes": notes})
        })
}

fn changes() -> impl Strategy<Value = Value> {
    (any::<i64>(), names(), any::<i32>(), any::<bool>(), proptest::option::of(any::<i64>()))
        .prop_map(|(id, name, usn, collapsed, creation)| {
            let deck = json!({
                "id": id, "mod": 7, "name": name, "usn": usn, "lrnToday": [0, 0],
                "revToday": [0, 0], "newToday": [0, 0], "timeToday": [0, 0],
                "collapsed": collapsed, "browserCollapsed": false, "desc": "", "dyn": 0,
                "conf": 1, "extendNew": 0, "extendRev": 0, "addon": {"x": [1]},
            });
            let notetype = json!({
                "id": id, "name": name, "type": 0, "mod": 1, "usn": usn, "sortf": 0, "did": null,
                "css": "", "latexPre": "", "latexPost": "", "latexsvg": false, "req": [],
                "flds": [{
                    "name": "F", "ord": 0, "sticky": false, "rtl": false, "font": "", "size": 20,
                }],
                "tmpls": [{"name": "T", "ord": 0, "qfmt": "q", "afmt": name}],
            });
            let mut changes = json!({"models": [notetype], "decks": [[deck], []], "tags": [name]});
            if let Some(creation) = creation {
                changes["conf"] = json!({"key": [1, {"b": 2.5}]});
                changes["crt"] = json!(creation);
            }
            changes
        })
}

fn counts() -> impl Strategy<Value = Value> {
    any::<[u32; 3]>()
        .prop_map(|[cards, notes, reviews]| json!([[1, 2, 3], cards, notes, reviews, 4, 5, 6, 7]))
}

/// A request with the JSON that it has, in the words of clients.
fn json_requests() -> impl Strategy<Value = (Method, Value)> {
    let nothing = || Just(json!({"_pad": null}));
    let sync = |method, json: BoxedStrategy<Value>| (Just(Method::Sync(method)), json);
    let media = |method, json: BoxedStrategy<Value>| (Just(Method::Media(method)), json);
    let login = (names(), names()).prop_map(|(user, password)| json!({"u": user, "p": password}));
    let meta = (8..=11_u8, names()).prop_map(|(v, cv)| json!({"v": v, "cv": cv}));
    let start = (any::<i32>(), any::<bool>(), proptest::option::of(graves()))
        .prop_map(|(usn, newer, g)| json!({"minUsn": usn, "lnewer": newer, "graves": g}));
    let sanity = prop_oneof![counts(), names().prop_map(Value::from)];
    prop_oneof![
        sync(SyncMethod::HostKey, login.boxed()),
        sync(SyncMethod::Meta, meta.boxed()),
        sync(SyncMethod::Start, start.boxed()),
        sync(SyncMethod::ApplyGraves, graves().prop_map(|g| json!({"chunk": g})).boxed()),
        sync(SyncMethod::ApplyChanges, changes().prop_map(|c| json!({"changes": c})).boxed()),
        sync(SyncMethod::Chunk, nothing().boxed()),
        sync(SyncMethod::ApplyChunk, chunk().prop_map(|c| json!({"chunk": c})).boxed()),
        sync(SyncMethod::SanityCheck2, sanity.prop_map(|c| json!({"client": c})).boxed()),
        sync(SyncMethod::Finish, nothing().boxed()),
        sync(SyncMethod::Abort, nothing().boxed()),
        sync(SyncMethod::Download, nothing().boxed()),
        media(MediaMethod::Begin, names().prop_map(|v| json!({"v": v})).boxed()),
        media(MediaMethod::MediaChanges, any::<i32>().prop_map(|u| json!({"lastUsn": u})).boxed()),
        media(
            MediaMethod::DownloadFiles,
            proptest::collection::vec(names(), 0..4).prop_map(|f| json!({"files": f})).boxed()
        ),
        media(MediaMethod::MediaSanity, any::<u32>().prop_map(|n| json!({"local": n})).boxed()),
    ]
}

/// Somebody who may ask for anything.
fn senders() -> impl Strategy<Value = (String, String, String)> {
    ("[a-z0-9]{1,40}", "[!-~&&[^\"\\\\]]{1,10}", "[a-z0-9.,]{0,20}")
}

/// How `framing` tells who asks for `method`.
fn sender(framing: Framing, method: Method, of: (String, String, String)) -> Sender {
    let (token, session_key, client_version) = of;
    let mut sender = Sender { protocol: 11, token, session_key, client_version };
    if method == Method::Sync(SyncMethod::HostKey) {
        sender.token.clear();
    }
    if framing == Framing::Form {
        sender.protocol = 10;
        let has_no_session = [Method::Sync(SyncMethod::HostKey), Method::Media(MediaMethod::Begin)];
        if has_no_session.contains(&method) {
            sender.session_key.clear();
        }
    }
    sender
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_arrives_as_it_was_sent(
        (method, json) in json_requests(), of in senders(), pieces in 1_usize..300,
    ) {
        for framing in FRAMINGS {
            let request = Request::read(method, json.to_string().as_bytes()).unwrap();
            let sender = sender(framing, method, of.clone());
            let sent = Sent::new(Call { sender: sender.clone(), request }, framing);
            prop_assert_eq!(sent.method(), method);
            let received = sent.received(pieces);
            prop_assert_eq!(&received.sender, &sender);
            prop_assert_eq!(received.request.method(), method);
            let data: Value = serde_json::from_slice(&payload(received.request)).unwrap();
            prop_assert_eq!(data, json.clone());
        }
    }

    #[test]
    fn every_file_arrives_as_it_was_sent(
        content in proptest::collection::vec(any::<u8>(), 1..2000), of in senders(),
        pieces in 1_usize..300,
    ) {
        let file = || Cursor::new(content.clone());
        for framing in FRAMINGS {
            for request in [
                Request::Upload(file()),
                Request::UploadChanges(file()),
                Request::Step(Step::Exchange(Exchange::ApplyLargeChunk(Cursor::new(CHUNK.to_vec())))),
            ] {
                let method = request.method();
                let sender = sender(framing, method, of.clone());
                let sent = Sent::new(Call { sender: sender.clone(), request }, framing);
                let received = sent.received(pieces);
                prop_assert_eq!(&received.sender, &sender);
                let data = payload(received.request);
                let sent = if method.carries_file() { content.clone() } else { CHUNK.to_vec() };
                prop_assert_eq!(data, sent);
            }
        }
    }

    #[test]
    fn every_answer_arrives_as_it_was_sent(
        key in names(), graves in graves(), chunk in chunk(), changes in changes(),
        counts in counts(), usn: i32, sha1: Option<[u8; 20]>, modified: i64,
    ) {
        answer::<HostKeyResponse>(json!({"key": key}));
        answer::<MetaResponse>(json!({
            "mod": modified, "scm": modified, "usn": usn, "ts": modified, "msg": key,
            "cont": true, "hostNum": 0, "empty": false, "media_usn": usn,
        }));
        answer::<Graves>(graves);
        answer::<Changes>(changes);
        answer::<Chunk>(chunk);
        answer::<SanityCheckResponse>(json!({"status": "ok"}));
        answer::<SanityCheckResponse>(json!({"status": "bad", "c": counts, "s": counts}));
        answer::<i64>(json!(modified));
        answer::<()>(Value::Null);
        media_answer(MediaBeginResponse { usn, session_key: key.clone() });
        media_answer(vec![MediaChange { name: key.clone(), usn, sha1 }]);
        media_answer(MediaChangesResponse::new());
        media_answer(UploadChangesResponse(3, usn));
        media_answer(MediaSanityResponse::Failed);
        answer::<MediaAnswer<()>>(json!({"data": null, "err": key}));
    }
}

fn media_answer<T: Serialize + DeserializeOwned>(data: T) {
    answer::<MediaAnswer<T>>(serde_json::to_value(MediaAnswer::ok(data)).unwrap());
}

/// Reads an answer as a client does, and checks that it is the one that was given.
fn answer<T: Serialize + DeserializeOwned>(json: Value) {
    let given: T = serde_json::from_value(json).unwrap();
    let text = serde_json::to_vec(&given).unwrap();
    let size = text.len() as u64;
    for framing in FRAMINGS {
        let body = framing.answer_coding().packed_text(text.clone()).unwrap();
        let mut streamed = Vec::new();
        framing.answer_coding().pack(&mut text.as_slice(), &mut streamed).unwrap();
        for body in [body, streamed] {
            let read = framing.read_answer(&body, size).unwrap();
            let read: T = serde_json::from_slice(&read).unwrap();
            assert_eq!(serde_json::to_vec(&read).unwrap(), text);
            assert!(framing.read_answer(&body, size - 1).is_err());
        }
    }
}

#[test]
fn a_200_says_what_its_generation_needs() {
    assert_eq!(Framing::Header.answer_header(126), ("anki-original-size", "126".to_owned()));
    assert_eq!(Framing::Form.answer_header(126).0, "content-type");
}

#[test]
fn a_media_sync_may_begin_without_a_body() {
    let query = "v=ankidesktop%2C2.1.24%2Clin&k=26aef0";
    let head = RequestHead { is_get: true, query, user_agent: "Anki 2.1.24", ..Default::default() };
    let reader = RequestReader::new(Method::Media(MediaMethod::Begin), &head).unwrap();
    assert!(!reader.has_body());
    assert_eq!(reader.framing(), Framing::Form);
    assert_eq!(reader.sender().unwrap().token, "26aef0");
    let Envelope { sender, json, .. } = reader.finish().unwrap();
    assert_eq!((sender.client_version.as_str(), sender.protocol), ("Anki,2.1.24", 10));
    assert_eq!(json.unwrap(), br#"{"v":"ankidesktop,2.1.24,lin"}"#);
}

#[test]
fn old_clients_send_the_session_back_that_begin_gave_them() {
    let begin = sender(Framing::Form, Method::Media(MediaMethod::Begin), senders_example());
    assert_eq!((begin.media_key().as_str(), begin.gets_media_session()), ("key", true));
    let given = Sender { session_key: "f00d".to_owned(), ..begin.clone() };
    assert_eq!(given.media_key(), "key-f00d");
    let method = Method::Media(MediaMethod::MediaSanity);
    assert_eq!(Sender::of_form(method, "key-f00d", "", begin.client_version.clone()), given);
    // The token of a newer client is all that it needs.
    let newer = sender(Framing::Header, method, senders_example());
    assert_eq!((newer.media_key().as_str(), newer.gets_media_session()), ("key", false));
}

fn senders_example() -> (String, String, String) {
    ("key".to_owned(), "run".to_owned(), "2.1.24".to_owned())
}

#[test]
fn a_head_that_nobody_speaks_is_refused() {
    use crate::WireError;
    let read = |header: &'static str| {
        let head = RequestHead { sync_header: Some(header.as_bytes()), ..Default::default() };
        RequestReader::new(Method::Sync(SyncMethod::Meta), &head)
    };
    let old = r#"{"v":10,"k":"x","c":"y","s":"z"}"#;
    assert!(matches!(read(old), Err(WireError::Version)));
    for broken in ["", "nonsense", r#"{"v":11}"#, r#"{"v":999,"k":"","c":"","s":""}"#] {
        assert!(matches!(read(broken), Err(WireError::Header(_))), "{broken}");
    }
    let good = read(r#"{"v":11,"k":"key","c":"y","s":"z"}"#).unwrap();
    assert_eq!(good.sender().unwrap().token, "key");
    let nothing = RequestReader::new(Method::Sync(SyncMethod::Meta), &RequestHead::default());
    assert!(matches!(nothing, Err(WireError::Form(_))));
}
