//! The protobuf blobs of schema 18 (`storage-blobs`), turned into the wire's objects and back.
//!
//! Nothing a newer client stored may get lost: JSON keys we do not know live in the field `other`,
//! and protobuf fields we do not know are copied as raw bytes from the blob that is replaced.

pub(crate) mod deck;
pub(crate) mod notetype;
mod other;
pub(crate) mod preset;
mod ranges;
mod raw;
#[cfg(test)]
pub(crate) mod testing;

/// What every stored object has besides its blobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Core {
    /// Creation time, Unix milliseconds.
    pub(crate) id: i64,
    /// As stored.
    pub(crate) name: String,
    /// Last modification, Unix seconds.
    pub(crate) modified: i64,
    /// Update sequence number.
    pub(crate) usn: i32,
}

/// JSON knows neither infinity nor "not a number", and no client reads an object that has `null`
/// in their place.
fn finite(number: f32) -> f32 {
    if number.is_finite() { number } else { 0.0 }
}

/// A list with such a number is as good as none.
fn all_finite(numbers: Vec<f32>) -> Vec<f32> {
    if numbers.iter().all(|number| number.is_finite()) { numbers } else { Vec::new() }
}
