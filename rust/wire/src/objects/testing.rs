//! Helpers for tests that change one key of an object.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The JSON text as a value.
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// `base` with the value at a path such as `new/perDay` replaced, or removed for `None`.
pub(super) fn changed(base: &str, path: &str, value: Option<&str>) -> Value {
    let mut object = json(base);
    let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
    let parent = object.pointer_mut(&parent).unwrap();
    match (parent, value) {
        (Value::Array(items), Some(value)) => {
            items[key.parse::<usize>().unwrap()] = json(value);
        }
        (Value::Object(map), Some(value)) => {
            map.insert(key.to_owned(), json(value));
        }
        (Value::Object(map), None) => {
            map.remove(key).unwrap();
        }
        _ => unreachable!("a path into something else"),
    }
    object
}

/// Reads the changed object and writes it again, from text to text.
pub(super) fn read_again<T: Serialize + DeserializeOwned>(
    base: &str,
    path: &str,
    value: Option<&str>,
) -> serde_json::Result<Value> {
    let object: T = serde_json::from_str(&changed(base, path, value).to_string())?;
    Ok(json(&serde_json::to_string(&object)?))
}

/// Checks a table: the value given for a path (`-` removes it), and what is written back for it
/// (`refused`, or `-` for nothing).
pub(super) fn check<T: Serialize + DeserializeOwned>(base: &str, table: &[(&str, &str, &str)]) {
    for (path, given, expected) in table {
        let given_value = Some(*given).filter(|given| *given != "-");
        let result = read_again::<T>(base, path, given_value);
        let written = match &result {
            Err(_) => "refused".to_owned(),
            Ok(object) => match object.pointer(&format!("/{path}")) {
                Some(value) => value.to_string(),
                None => "-".to_owned(),
            },
        };
        assert_eq!(written, *expected, "{path}: {given}");
    }
}
