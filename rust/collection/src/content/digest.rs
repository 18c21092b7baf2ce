//! Hashes of rows and their sums.

use std::fmt;
use std::hash::Hasher;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{KINDS, PARTS, Part};
use crate::error::Result;

/// What a collection holds, in a few bytes: equal contents have equal digests, whatever the order
/// in which they came. Different contents have different ones, except by a chance of one in 2^64;
/// it is no protection against somebody who wants two contents to look equal. `Display` shows all
/// of it as 16 hexadecimal digits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest([u64; KINDS.len()]);

impl Digest {
    /// Of everything that is there; reads all of it.
    pub(crate) fn of(conn: &Connection) -> Result<Digest> {
        let mut digest = Digest::default();
        for (number, part) in PARTS.iter().enumerate() {
            let sql = format!("SELECT {} FROM {}", part.columns.join(", "), part.table);
            let mut statement = conn.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                digest.add(part, hash_row(number, row, part.columns.len())?);
            }
        }
        Ok(digest)
    }

    /// Puts a row in.
    pub(super) fn add(&mut self, part: &Part, hash: u64) {
        let sum = &mut self.0[part.kind];
        *sum = sum.wrapping_add(hash);
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, part: &Part, hash: u64) {
        let sum = &mut self.0[part.kind];
        *sum = sum.wrapping_sub(hash);
    }

    /// With these rows more and fewer.
    pub(super) fn plus(self, change: Digest) -> Digest {
        let mut sums = self.0;
        for (sum, change) in sums.iter_mut().zip(change.0) {
            *sum = sum.wrapping_add(change);
        }
        Digest(sums)
    }

    /// The kinds in which two differ.
    pub(super) fn differing(self, other: Digest) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&other.0).zip(KINDS);
        pairs.filter(|((a, b), _)| a != b).map(|(_, kind)| kind).collect()
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|sum| sum.to_le_bytes()).collect()
    }

    /// `None` for bytes of another length.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Digest> {
        let (sums, rest) = bytes.as_chunks::<8>();
        let mut digest = Digest::default();
        if sums.len() != digest.0.len() || !rest.is_empty() {
            return None;
        }
        for (sum, bytes) in digest.0.iter_mut().zip(sums) {
            *sum = u64::from_le_bytes(*bytes);
        }
        Some(digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = SipHasher13::new();
        for sum in self.0 {
            hasher.write_u64(sum);
        }
        write!(f, "{:016x}", hasher.finish())
    }
}

fn hash_row(part: usize, row: &Row<'_>, columns: usize) -> Result<u64> {
    let mut hash = RowHash::new(part);
    for column in 0..columns {
        hash.add(row.get_ref(column)?);
    }
    Ok(hash.finish())
}

/// The hash of one row. Not `std`'s hasher, which may be another one tomorrow: digests are kept.
pub(super) struct RowHash(SipHasher13);

impl RowHash {
    /// `part`: the number of its table, so that equal rows of two tables are not the same.
    pub(super) fn new(part: usize) -> RowHash {
        RowHash(SipHasher13::new_with_keys(part as u64, 0))
    }

    /// Takes the next column.
    pub(super) fn add(&mut self, value: ValueRef<'_>) {
        let (kind, bytes): (u8, &[u8]) = match value {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(number) => (1, &number.to_le_bytes()),
            ValueRef::Real(number) => (2, &number.to_bits().to_le_bytes()),
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        self.0.write_u8(kind);
        self.0.write_u64(bytes.len() as u64);
        self.0.write(bytes);
    }

    pub(super) fn finish(self) -> u64 {
        self.0.finish()
    }
}
