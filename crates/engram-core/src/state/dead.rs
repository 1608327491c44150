//! What is dead in a segment, and the mask of what is not.
//!
//! Owns: the bitmap of dead ordinals, and with it the dense set of the live ones that queries scan
//! with. Invariant: the set is that of the bitmap; a change drops it, and the next query that asks
//! makes it anew.

use crate::bitset::{Allowed, Bitset};
use roaring::RoaringBitmap;
use std::ops::Deref;
use std::sync::OnceLock;

/// Ordinals of a segment that were replaced or deleted.
#[derive(Clone, Debug, Default)]
pub struct Dead {
    ordinals: RoaringBitmap,
    alive: OnceLock<Bitset>,
}

impl Dead {
    /// Adds an ordinal.
    pub fn insert(&mut self, ordinal: u32) {
        self.ordinals.insert(ordinal);
        self.alive = OnceLock::new();
    }

    /// The bitmap.
    #[must_use]
    pub fn ordinals(&self) -> &RoaringBitmap {
        &self.ordinals
    }

    /// The live ordinals of `records`, the number of records in the segment; none where all live.
    #[must_use]
    pub fn alive(&self, records: u32) -> Option<&Bitset> {
        let make = || Bitset::without(records, &self.ordinals);
        (!self.ordinals.is_empty()).then(|| self.alive.get_or_init(make))
    }

    /// The same as the mask of a query without a filter.
    #[must_use]
    pub fn allowed(&self, records: u32) -> Allowed {
        self.alive(records)
            .map_or(Allowed::All, |set| Allowed::Some(set.clone()))
    }
}

impl From<RoaringBitmap> for Dead {
    fn from(ordinals: RoaringBitmap) -> Dead {
        Dead {
            ordinals,
            alive: OnceLock::new(),
        }
    }
}

impl Deref for Dead {
    type Target = RoaringBitmap;
    fn deref(&self) -> &RoaringBitmap {
        &self.ordinals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_set_follows_each_change() {
        let mut dead = Dead::default();
        assert!(dead.alive(70).is_none());
        for ordinal in [3, 69, 3] {
            dead.insert(ordinal);
            let live: Vec<u32> = dead.alive(70).unwrap().iter().collect();
            let expected: Vec<u32> = (0..70).filter(|o| !dead.contains(*o)).collect();
            assert_eq!(live, expected);
        }
        assert_eq!(dead.allowed(70).count(70), 68);
    }
}
