//! What is dead in a segment, and the mask of what is not.
//!
//! Owns: the bitmap of dead ordinals, and with it what queries need to know of it again and again: the
//! dense set of the live ones to scan with, the text statistics of the live ones, and how many of each
//! term's documents are gone. Invariant: all of them are those of the bitmap; a change drops them, and
//! the next query that asks makes them anew, of terms from the counts before and what died since.

use crate::bitset::{Allowed, Bitset};
use crate::error::Result;
use crate::index::text::{CorpusStats, TermHasher};
use parking_lot::Mutex;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

type Counts = HashMap<Box<str>, u32, BuildHasherDefault<TermHasher>>;

/// Terms whose counts are kept.
const MAX_COUNTS: usize = 4096;

/// Ordinals of a segment that were replaced or deleted.
#[derive(Clone, Debug, Default)]
pub struct Dead {
    ordinals: RoaringBitmap,
    alive: OnceLock<Bitset>,
    stats: OnceLock<CorpusStats>,
    gone: Arc<Mutex<Counts>>,
    /// Counts of an earlier bitmap, and that.
    gone_before: Option<(RoaringBitmap, Arc<Mutex<Counts>>)>,
}

impl Dead {
    /// Adds an ordinal.
    pub fn insert(&mut self, ordinal: u32) {
        if !self.gone.lock().is_empty() {
            self.gone_before = Some((self.ordinals.clone(), std::mem::take(&mut self.gone)));
        }
        self.ordinals.insert(ordinal);
        self.alive = OnceLock::new();
        self.stats = OnceLock::new();
    }

    /// Text statistics of the live records, which `make` counts at the first call.
    pub fn text_stats(&self, make: impl FnOnce() -> CorpusStats) -> CorpusStats {
        *self.stats.get_or_init(make)
    }

    /// How many documents of a term are dead, where `count` tells how many of a set have the term.
    pub fn gone(&self, term: &str, count: impl Fn(&RoaringBitmap) -> Result<u32>) -> Result<u32> {
        if self.ordinals.is_empty() {
            return Ok(0);
        }
        if let Some(known) = self.gone.lock().get(term) {
            return Ok(*known);
        }
        let before = self.gone_before.as_ref().and_then(|(ordinals, counts)| {
            let known = counts.lock().get(term).copied()?;
            Some((known, &self.ordinals - ordinals))
        });
        let gone = match before {
            Some((known, since)) => known + count(&since)?,
            None => count(&self.ordinals)?,
        };
        let mut counts = self.gone.lock();
        if counts.len() < MAX_COUNTS {
            counts.insert(term.into(), gone);
        }
        Ok(gone)
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
            ..Dead::default()
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

    #[test]
    fn counts_of_gone_documents_follow_each_change() {
        let has_term: RoaringBitmap = [1, 5, 9, 20].into_iter().collect();
        let count = |set: &RoaringBitmap| Ok((set & &has_term).len() as u32);
        let mut dead = Dead::default();
        for (ordinal, wanted) in [(2, 0), (5, 1), (6, 1), (20, 2), (1, 3)] {
            dead.insert(ordinal);
            // Every other change goes unseen.
            if ordinal % 2 == 0 {
                assert_eq!(dead.gone("a", count).unwrap(), wanted);
                assert_eq!(dead.clone().gone("a", |_| unreachable!()).unwrap(), wanted);
            }
        }
        assert_eq!(dead.gone("a", count).unwrap(), 3);
        assert_eq!(dead.gone("b", |_| Ok(7)).unwrap(), 7);
    }
}
