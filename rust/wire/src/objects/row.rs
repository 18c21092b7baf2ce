//! Reading a row of the database that travels as a JSON array.

use serde::de::{Deserialize, Error, SeqAccess};

use crate::lenient::LooseInteger;

/// The elements of one array, in column order.
pub(super) struct Columns<A> {
    seq: A,
    read: usize,
}

impl<'de, A: SeqAccess<'de>> Columns<A> {
    pub(super) fn new(seq: A) -> Columns<A> {
        Columns { seq, read: 0 }
    }

    /// The next element, which must exist and have the right type.
    pub(super) fn next<T: Deserialize<'de>>(&mut self) -> Result<T, A::Error> {
        match self.next_or_end()? {
            Some(value) => Ok(value),
            None => Err(A::Error::custom(format_args!("a row ends after {} items", self.read))),
        }
    }

    /// The next element, or `None` at the end of the array.
    pub(super) fn next_or_end<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        let value = self.seq.next_element()?;
        self.read += 1;
        Ok(value)
    }

    /// The next element, an integer within a range.
    pub(super) fn next_within<T>(
        &mut self,
        range: std::ops::RangeInclusive<T>,
    ) -> Result<T, A::Error>
    where
        T: Deserialize<'de> + PartialOrd,
    {
        let value = self.next()?;
        if range.contains(&value) {
            Ok(value)
        } else {
            Err(A::Error::custom(format_args!("item {} of a row is out of range", self.read)))
        }
    }

    /// The next element, a number that may arrive as a float.
    pub(super) fn next_loose(&mut self) -> Result<LooseInteger, A::Error> {
        self.next()
    }
}
