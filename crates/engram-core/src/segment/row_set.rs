//! Which records of a segment have an embedding in a space: ordinals to rows and back.
//!
//! Row j belongs to the j-th ordinal that has one. Where all have one, the two are the same, and
//! nothing is translated.

use crate::bitset::{Allowed, Bitset};
use crate::kernel;
use roaring::RoaringBitmap;
use std::borrow::Cow;

/// The ordinals with an embedding, ascending.
#[derive(Clone, Debug)]
pub struct RowSet {
    ordinals: RoaringBitmap,
    /// The same as a dense set, where not all have one.
    places: Option<Bitset>,
}

impl RowSet {
    /// `ordinals` are below `records`.
    pub(super) fn new(ordinals: RoaringBitmap, records: u32) -> RowSet {
        let some = ordinals.len() < u64::from(records);
        let places = some.then(|| Bitset::from_ordinals(&ordinals, records));
        RowSet { ordinals, places }
    }

    /// The ordinals as a bitmap.
    #[must_use]
    pub fn ordinals(&self) -> &RoaringBitmap {
        &self.ordinals
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.ordinals.len() as u32
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// The ordinal of a row; there is none behind the last row.
    #[must_use]
    pub fn ordinal(&self, row: u32) -> Option<u32> {
        match self.places {
            None => (row < self.len()).then_some(row),
            Some(_) => self.ordinals.select(row),
        }
    }

    /// The row of an ordinal that has one.
    #[must_use]
    pub fn row(&self, ordinal: u32) -> Option<u32> {
        let has = self.ordinals.contains(ordinal);
        has.then(|| match self.places {
            None => ordinal,
            Some(_) => (self.ordinals.rank(ordinal) - 1) as u32,
        })
    }

    /// The rows of the allowed records, row i being bit i; none where every row is allowed.
    #[must_use]
    pub fn mask<'a>(&self, allowed: &'a Allowed) -> Option<Cow<'a, [u64]>> {
        let set = allowed.as_set().filter(|set| !set.is_full())?;
        Some(match &self.places {
            None => Cow::Borrowed(set.words()),
            Some(places) => Cow::Owned(kernel::extract(set.words(), places.words())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_count_the_ordinals_that_have_one(
            records in 1u32..300, holes in prop::collection::btree_set(0u32..300, 0..40),
            forbidden in prop::collection::btree_set(0u32..300, 0..200),
        ) {
            let having: Vec<u32> = (0..records).filter(|o| !holes.contains(o)).collect();
            let rows = RowSet::new(having.iter().copied().collect(), records);
            let ordinals: Vec<u32> = (0..).map_while(|row| rows.ordinal(row)).collect();
            prop_assert_eq!(&ordinals, &having);
            for ordinal in 0..records + 3 {
                let expected = having.iter().position(|o| *o == ordinal).map(|i| i as u32);
                prop_assert_eq!(rows.row(ordinal), expected);
            }
            prop_assert_eq!(rows.len() as usize, having.len());
            let passing = (0..records).filter(|o| !forbidden.contains(o));
            let allowed = Allowed::Some(Bitset::from_ordinals(passing, records));
            let expected: Vec<bool> = having.iter().map(|o| allowed.contains(*o)).collect();
            match rows.mask(&allowed) {
                None => prop_assert!(!expected.contains(&false)),
                Some(words) => {
                    let bits = (0..words.len() * 64).map(|i| words[i / 64] >> (i % 64) & 1 == 1);
                    let bits: Vec<bool> = bits.collect();
                    prop_assert_eq!(&bits[..expected.len()], &expected[..]);
                    prop_assert!(!bits[expected.len()..].contains(&true));
                }
            }
            prop_assert!(rows.mask(&Allowed::All).is_none());
        }
    }
}
