//! Objects as a client sent them, with the keys it did not send.
//!
//! A client that does not know a setting leaves its key out when it got the object in a form
//! without it. That must not erase the setting for everyone: an absent key keeps its stored value.
//! Keys that nobody knows are another matter: every client keeps those it got, so an absent one was
//! removed on purpose (`storage-json` 6).

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::messages::{Changes, ConfigMap, DecksAndPresets};
use crate::objects::{Deck, DeckKind, Notetype, Preset, UnknownKeys};
use crate::time::TimestampSecs;

/// An object and the keys it came with.
#[derive(Debug, Clone)]
pub struct Received<T> {
    object: T,
    /// As it came: a map of it takes many times the memory, and few objects need one.
    text: Option<Box<RawValue>>,
}

/// The client's small objects in `applyChanges`; the same as [`Changes`] otherwise.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ReceivedChanges {
    /// Changed notetypes.
    #[serde(rename = "models")]
    pub notetypes: Vec<Received<Notetype>>,
    /// Changed decks and presets.
    pub decks: (Vec<Received<Deck>>, Vec<Received<Preset>>),
    /// Tags added since the last sync, with `::` between components.
    pub tags: Vec<String>,
    /// Complete config, only from the newer side.
    #[serde(rename = "conf", default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigMap>,
    /// Creation time of the collection, only together with `config`.
    #[serde(rename = "crt", default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<TimestampSecs>,
}

/// A kind of object whose absent keys can be recognised.
pub trait Completable: Serialize + DeserializeOwned + Clone {
    /// Known keys that clients leave out when they have their default value: absent means that.
    const OMITTED_ON_PURPOSE: &'static [&'static str];
    /// Keys that hold lists of objects with keys of their own.
    const LISTS: &'static [&'static str];

    /// The same object without keys that nobody knows.
    #[must_use]
    fn without_unknown_keys(&self) -> Self;

    /// Whether `stored` has the same keys as this one.
    fn is_like(&self, stored: &Self) -> bool;
}

impl<T: Completable> Received<T> {
    /// The object as it came.
    pub fn object(&self) -> &T {
        &self.object
    }

    /// The object with the stored value for every known key that did not come.
    pub fn completed_by(self, stored: &T) -> T {
        let Received { object, text } = self;
        if !object.is_like(stored) {
            return object;
        }
        let Some(mut keys) = text.and_then(|text| serde_json::from_str(text.get()).ok()) else {
            return object;
        };
        let Ok(Value::Object(known)) = serde_json::to_value(stored.without_unknown_keys()) else {
            return object;
        };
        if !complete(&mut keys, known, T::OMITTED_ON_PURPOSE, T::LISTS) {
            return object;
        }
        serde_json::from_value(Value::Object(keys)).unwrap_or(object)
    }
}

/// Adds what is absent; returns whether anything was.
fn complete(keys: &mut UnknownKeys, stored: UnknownKeys, omitted: &[&str], lists: &[&str]) -> bool {
    let mut added = false;
    for (key, value) in stored {
        match keys.get_mut(&key) {
            None if !omitted.contains(&key.as_str()) => {
                keys.insert(key, value);
                added = true;
            }
            Some(Value::Array(items)) if lists.contains(&key.as_str()) => {
                let Value::Array(stored) = value else { continue };
                for (item, stored) in items.iter_mut().zip(stored) {
                    if let (Value::Object(item), Value::Object(stored)) = (item, stored)
                        && item.get("name") == stored.get("name")
                    {
                        added |= complete(item, stored, &[], &[]);
                    }
                }
            }
            _ => {}
        }
    }
    added
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Received<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Received<T>, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let object = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Ok(Received { object, text: Some(text) })
    }
}

impl<T: Serialize> Serialize for Received<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.text {
            Some(text) => text.serialize(serializer),
            None => self.object.serialize(serializer),
        }
    }
}

/// An object that came with all of its keys.
impl<T: Serialize> From<T> for Received<T> {
    fn from(object: T) -> Received<T> {
        let text = to_raw_value(&object).ok();
        Received { object, text }
    }
}

impl From<Changes> for ReceivedChanges {
    fn from(changes: Changes) -> ReceivedChanges {
        let DecksAndPresets(decks, presets) = changes.decks;
        ReceivedChanges {
            notetypes: changes.notetypes.into_iter().map(Received::from).collect(),
            decks: (
                decks.into_iter().map(Received::from).collect(),
                presets.into_iter().map(Received::from).collect(),
            ),
            tags: changes.tags,
            config: changes.config,
            creation: changes.creation,
        }
    }
}

impl Completable for Notetype {
    const OMITTED_ON_PURPOSE: &'static [&'static str] = &[];
    const LISTS: &'static [&'static str] = &["flds", "tmpls"];

    fn without_unknown_keys(&self) -> Notetype {
        let mut known = self.clone();
        known.other.clear();
        known.fields.iter_mut().for_each(|field| field.other.clear());
        known.templates.iter_mut().for_each(|template| template.other.clear());
        known
    }

    fn is_like(&self, _stored: &Notetype) -> bool {
        true
    }
}

impl Completable for Deck {
    const OMITTED_ON_PURPOSE: &'static [&'static str] = &["md"];
    const LISTS: &'static [&'static str] = &[];

    fn without_unknown_keys(&self) -> Deck {
        Deck { other: UnknownKeys::new(), ..self.clone() }
    }

    fn is_like(&self, stored: &Deck) -> bool {
        matches!(
            (&self.kind, &stored.kind),
            (DeckKind::Normal(_), DeckKind::Normal(_))
                | (DeckKind::Filtered(_), DeckKind::Filtered(_))
        )
    }
}

impl Completable for Preset {
    const OMITTED_ON_PURPOSE: &'static [&'static str] = &[];
    const LISTS: &'static [&'static str] = &[];

    fn without_unknown_keys(&self) -> Preset {
        Preset { other: UnknownKeys::new(), ..self.clone() }
    }

    fn is_like(&self, _stored: &Preset) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deck(more: Value) -> Value {
        let mut deck = json!({
            "id": 5, "mod": 7, "name": "A", "usn": 0, "lrnToday": [0, 0], "revToday": [0, 0],
            "newToday": [0, 0], "timeToday": [0, 0], "collapsed": true, "dyn": 0, "conf": 1,
        });
        if let (Value::Object(deck), Value::Object(more)) = (&mut deck, more) {
            deck.extend(more);
        }
        deck
    }

    fn received<T: DeserializeOwned>(value: Value) -> Received<T> {
        serde_json::from_value(value).unwrap()
    }

    fn stored<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_key_that_an_old_client_did_not_send_keeps_its_stored_value() {
        let stored: Deck = stored(deck(json!({
            "reviewLimit": 9, "desiredRetention": 91, "addon": 1, "md": true,
        })));
        let completed = received::<Deck>(deck(json!({ "name": "B" }))).completed_by(&stored);
        let DeckKind::Normal(normal) = &completed.kind else { panic!("a normal deck") };
        assert_eq!(completed.name, "B");
        assert_eq!(normal.review_limit, Some(9));
        assert_eq!(normal.desired_retention_percent, Some(91));
        // Left out on purpose: no Markdown any more, and the add-on removed its key.
        assert!(!normal.markdown_description);
        assert!(completed.other.is_empty());
    }

    #[test]
    fn a_key_that_was_sent_counts_even_when_it_is_empty() {
        let stored: Deck = stored(deck(json!({ "reviewLimit": 9 })));
        let sent = received::<Deck>(deck(json!({ "reviewLimit": null })));
        let DeckKind::Normal(normal) = sent.completed_by(&stored).kind else {
            panic!("a normal deck")
        };
        assert_eq!(normal.review_limit, None);
    }

    #[test]
    fn a_deck_of_another_kind_is_not_completed() {
        let stored: Deck = stored(deck(json!({ "reviewLimit": 9 })));
        let filtered = deck(json!({ "dyn": 1, "resched": true, "terms": [] }));
        let completed = received::<Deck>(filtered.clone()).completed_by(&stored);
        assert_eq!(completed, serde_json::from_value(filtered).unwrap());
    }

    #[test]
    fn fields_and_templates_keep_what_an_old_client_left_out() {
        let notetype = |field: Value, template: Value| {
            json!({
                "id": 5, "name": "N", "type": 0, "mod": 1, "usn": 0, "sortf": 0, "did": null,
                "css": "", "flds": [field], "tmpls": [template],
            })
        };
        let field = json!({ "name": "F", "sticky": false, "rtl": false, "font": "", "size": 20 });
        let template = json!({ "name": "T", "qfmt": "q" });
        let mut newer = (field.clone(), template.clone());
        newer.0["id"] = json!(-77);
        newer.0["preventDeletion"] = json!(true);
        newer.1["id"] = json!(88);
        let stored: Notetype = stored(notetype(newer.0, newer.1));
        let sent = received::<Notetype>(notetype(field, template));
        let completed = sent.completed_by(&stored);
        assert_eq!(completed.fields, stored.fields);
        assert_eq!(completed.templates, stored.templates);
    }
}
