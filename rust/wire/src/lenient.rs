//! Readers for values that clients write in more than one form (`storage-json`, "accepts").
//!
//! Objects are read key by key from a JSON map, so that a wrong value can be refused, replaced or
//! ignored as the protocol page says for that key, and what no reader asked for is kept.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::Value;
use std::fmt;

use crate::objects::UnknownKeys;

/// A list of ids; old AnkiMobile sends decimal strings (`collection-sync` 5.9).
///
/// # Errors
/// When an element is neither an integer nor a decimal string.
pub fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    Ok(Vec::<Id>::deserialize(deserializer)?.into_iter().map(|Id(id)| id).collect())
}

/// An integer, or a string with a plain decimal one. There may be very many.
struct Id(i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<Id, E> {
                Ok(Id(id))
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<Id, E> {
                i64::try_from(id).map(Id).map_err(|_| E::custom("an id is too large"))
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<Id, E> {
                id.parse().map(Id).map_err(|_| E::custom("an id is not an integer"))
            }
        }

        deserializer.deserialize_any(IdVisitor)
    }
}

/// The object holds no usable value for a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadKey {
    object: &'static str,
    key: &'static str,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of a {} is missing or has a wrong value", self.key, self.object)
    }
}

/// The keys of one JSON object, taken out one by one. Of a repeated key the last one counts.
pub(crate) struct Keys {
    object: &'static str,
    map: UnknownKeys,
}

impl Keys {
    /// Reads any JSON object; `object` names it in errors.
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        object: &'static str,
        deserializer: D,
    ) -> Result<Keys, D::Error> {
        UnknownKeys::deserialize(deserializer).map(|map| Keys { object, map })
    }

    /// The keys of a nested object.
    pub(crate) fn of(object: &'static str, map: UnknownKeys) -> Keys {
        Keys { object, map }
    }

    /// A key that must exist and be right.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, BadKey> {
        self.map.remove(key).and_then(read).ok_or(BadKey { object: self.object, key })
    }

    /// A key that may be missing, but must be right.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, BadKey> {
        match self.map.remove(key) {
            Some(value) => read(value).ok_or(BadKey { object: self.object, key }),
            None => Ok(default),
        }
    }

    /// A key that must exist; a wrong value becomes the default.
    pub(crate) fn present<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, BadKey> {
        self.required(key, |value| Some(read(value).unwrap_or(default)))
    }

    /// A key that may be missing or wrong: both become the default.
    pub(crate) fn forgiving<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> T {
        self.map.remove(key).and_then(read).unwrap_or(default)
    }

    /// Throws away keys that must not survive.
    pub(crate) fn discard(&mut self, keys: &[&str]) {
        for key in keys {
            self.map.remove(*key);
        }
    }

    /// What nobody asked for.
    pub(crate) fn unknown(self) -> UnknownKeys {
        self.map
    }
}

/// A JSON object.
pub(crate) fn object(value: Value) -> Option<UnknownKeys> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// S: a string.
pub(crate) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// I64, I32, U32, U16 or U8: an integer in range, without fraction, exponent or quotes.
pub(crate) fn integer<T: TryFrom<i64>>(value: Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

/// I64s and I32s: an integer, or a string with a plain decimal one.
pub(crate) fn integer_or_text<T: TryFrom<i64>>(value: Value) -> Option<T> {
    let number = match &value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    T::try_from(number).ok()
}

/// F32: a number. One beyond the range of f32 becomes the largest, never infinite: JSON has no
/// infinity.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
pub(crate) fn float(value: Value) -> Option<f32> {
    let number = value.as_f64()? as f32;
    Some(number.clamp(f32::MIN, f32::MAX))
}

/// A list of numbers.
pub(crate) fn floats(value: Value) -> Option<Vec<f32>> {
    list(value, float)
}

/// B: `true` or `false`.
pub(crate) fn boolean(value: Value) -> Option<bool> {
    value.as_bool()
}

/// B+: a boolean in any form old clients and add-ons have written it.
pub(crate) fn loose_boolean(value: Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "1.0" => Some(true),
            "false" | "0" | "0.0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `null` means unset; anything else must be right.
pub(crate) fn nullable<T>(
    read: impl FnOnce(Value) -> Option<T>,
) -> impl FnOnce(Value) -> Option<Option<T>> {
    |value| if value.is_null() { Some(None) } else { read(value).map(Some) }
}

/// A list in which every element must be right.
pub(crate) fn list<T>(value: Value, read: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(items) => items.into_iter().map(read).collect(),
        _ => None,
    }
}

/// A number in a row that old clients sometimes write as a float: cut off towards zero, and
/// saturating at the range of i64 (`storage-json` 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LooseInteger(pub(crate) i64);

impl LooseInteger {
    /// Beyond 32 bits the number wraps.
    #[expect(clippy::cast_possible_truncation, reason = "wrapping is the rule for these columns")]
    pub(crate) fn wrapping_i32(self) -> i32 {
        self.0 as i32
    }

    /// Negative numbers become 0; beyond 32 bits the number wraps.
    #[expect(clippy::cast_possible_truncation, reason = "wrapping is the rule for this column")]
    #[expect(clippy::cast_sign_loss, reason = "never negative here")]
    pub(crate) fn wrapping_u32(self) -> u32 {
        self.0.max(0) as u32
    }

    /// Negative numbers become 0, and beyond 32 bits the largest one.
    pub(crate) fn saturating_u32(self) -> u32 {
        u32::try_from(self.0.max(0)).unwrap_or(u32::MAX)
    }
}

impl<'de> Deserialize<'de> for LooseInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LooseInteger, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = LooseInteger;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<LooseInteger, E> {
                Ok(LooseInteger(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<LooseInteger, E> {
                Ok(LooseInteger(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            #[expect(clippy::cast_possible_truncation, reason = "the cast truncates and saturates")]
            fn visit_f64<E: Error>(self, number: f64) -> Result<LooseInteger, E> {
                Ok(LooseInteger(number as i64))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_are_strict_unless_the_page_says_otherwise() {
        assert_eq!(integer::<i64>(json!(-5)), Some(-5));
        for wrong in [json!(5.0), json!("5"), json!(null), json!(true), json!(u64::MAX)] {
            assert_eq!(integer::<i64>(wrong.clone()), None, "{wrong}");
        }
        assert_eq!(integer::<u16>(json!(65535)), Some(65535));
        assert_eq!(integer::<u16>(json!(65536)), None);
        assert_eq!(integer::<u32>(json!(-1)), None);
        for right in [json!("5"), json!(5)] {
            assert_eq!(integer_or_text::<i64>(right), Some(5));
        }
        assert_eq!(integer_or_text::<i64>(json!("-5")), Some(-5));
        for wrong in [json!("5.0"), json!(" 5"), json!("5 "), json!(""), json!(5.0), json!(null)] {
            assert_eq!(integer_or_text::<i64>(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn loose_booleans_take_exactly_the_listed_forms() {
        let yes = [json!(true), json!(1), json!(1.0), json!("TRUE"), json!("1"), json!("1.0")];
        for value in yes {
            assert_eq!(loose_boolean(value.clone()), Some(true), "{value}");
        }
        for value in [json!(false), json!(0), json!(0.0), json!("False"), json!("0")] {
            assert_eq!(loose_boolean(value.clone()), Some(false), "{value}");
        }
        for value in [json!(2), json!(null), json!("yes"), json!("on"), json!(""), json!([1])] {
            assert_eq!(loose_boolean(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn a_float_is_never_infinite() {
        assert_eq!(float(json!(3)), Some(3.0));
        assert_eq!(float(json!(1e300)), Some(f32::MAX));
        assert_eq!(float(json!(-1e300)), Some(f32::MIN));
        assert_eq!(float(json!("1")), None);
        assert_eq!(floats(json!([1, 0.5])), Some(vec![1.0, 0.5]));
        assert_eq!(floats(json!([1, null])), None);
    }

    #[test]
    fn loose_numbers_truncate_saturate_and_wrap() {
        let read = |text: &str| serde_json::from_str::<LooseInteger>(text).unwrap();
        assert_eq!(read("-2.9").0, -2);
        assert_eq!(read("1e300").0, i64::MAX);
        assert_eq!(read("18446744073709551615").0, i64::MAX);
        assert_eq!(read("4294967297").wrapping_u32(), 1);
        assert_eq!(read("-7").wrapping_u32(), 0);
        assert_eq!(read("4294967297").saturating_u32(), u32::MAX);
        assert_eq!(read("2147483648").wrapping_i32(), i32::MIN);
        assert!(serde_json::from_str::<LooseInteger>("\"1\"").is_err());
    }

    #[test]
    fn ids_may_be_strings() {
        let mut read = serde_json::Deserializer::from_str(r#"[1,"-2"]"#);
        assert_eq!(ids(&mut read).unwrap(), [1, -2]);
        let mut read = serde_json::Deserializer::from_str("[1.5]");
        assert!(ids(&mut read).is_err());
    }

    #[test]
    fn errors_name_the_object_and_the_key_only() {
        let mut keys = Keys::of("deck", object(json!({"name": 7})).unwrap());
        let error = keys.required("name", text).unwrap_err();
        assert_eq!(error.to_string(), "`name` of a deck is missing or has a wrong value");
    }
}
