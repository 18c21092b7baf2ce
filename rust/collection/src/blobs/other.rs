//! The field `other` of a blob: JSON keys that its writer did not know (`storage-json` 6).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use deckport_wire::objects::UnknownKeys;

use crate::error::Result;

/// The bytes of the field; empty when there are no unknown keys.
pub(super) fn encode(unknown: &UnknownKeys) -> Result<Vec<u8>> {
    if unknown.is_empty() { Ok(Vec::new()) } else { Ok(serde_json::to_vec(unknown)?) }
}

/// Adds the keys of the field to an object that was read from the rest of its blob.
///
/// A key that we know can be stuck here: an older client got it as JSON, did not know it, and
/// later uploaded its file. It is used if the blob has the zero value for it ("promotion").
/// Anything else that we know is ignored, as is a field that holds no JSON object.
///
/// * `zero`: the object that an empty blob gives.
/// * `fixed`: keys that live in the row or in other tables, never in the blob.
/// * `sections`: nested objects with unknown keys of their own. The keys we know in them are as
///   old as the blobs, so that none can be stuck.
pub(super) fn absorb<T: Serialize + DeserializeOwned>(
    known: T,
    zero: impl FnOnce() -> T,
    other: &[u8],
    fixed: &[&str],
    sections: &[&str],
) -> T {
    let Ok(Value::Object(mut other)) = serde_json::from_slice(other) else { return known };
    let (Some(mut keys), Some(zero)) = (to_map(&known), to_map(&zero())) else { return known };
    for section in sections {
        let extra = other.remove(*section);
        if let (Some(Value::Object(keys)), Some(Value::Object(extra))) =
            (keys.get_mut(*section), extra)
        {
            for (key, value) in extra {
                keys.entry(key).or_insert(value);
            }
        }
    }
    other.retain(|key, _| !fixed.contains(&key.as_str()) && keys.get(key) == zero.get(key));
    with_keys(keys, other).unwrap_or(known)
}

fn to_map<T: Serialize>(object: &T) -> Option<Map<String, Value>> {
    match serde_json::to_value(object) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

/// Reads the object with the added keys. A known key whose added value is unusable is left out.
fn with_keys<T: DeserializeOwned>(
    keys: Map<String, Value>,
    added: Map<String, Value>,
) -> Option<T> {
    let mut all = keys.clone();
    all.extend(added.clone());
    if let Ok(object) = serde_json::from_value(Value::Object(all)) {
        return Some(object);
    }
    let mut usable = keys;
    for (key, value) in added {
        let mut attempt = usable.clone();
        attempt.insert(key, value);
        if serde_json::from_value::<T>(Value::Object(attempt.clone())).is_ok() {
            usable = attempt;
        }
    }
    serde_json::from_value(Value::Object(usable)).ok()
}
