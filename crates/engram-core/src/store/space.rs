//! Which bytes of the file are free (F-064, F-065).
//!
//! Owns the free list between checkpoints. An extent that a manifest no longer names waits as
//! `pending` until that manifest is durable, both superblocks lead to it, and no handle of any process
//! pins a generation that named the extent: a handle that looks at one old generation keeps that
//! one, not all that came and went since.

use crate::error::Result;
use crate::format::manifest::Pending;
use crate::format::{Extent, FIRST_EXTENT, page_ceil};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Free and pending extents, and the end of the used file.
#[derive(Clone, Debug, Default)]
pub struct Space {
    free: BTreeMap<u64, u64>,
    pending: Vec<Pending>,
    end: u64,
}

impl Space {
    /// The space as a manifest tells it.
    #[must_use]
    pub fn new(free: &[Extent], pending: &[Pending], end: u64) -> Self {
        let free = free.iter().map(|e| (e.offset, e.len)).collect();
        Space {
            free,
            pending: pending.to_vec(),
            end: end.max(FIRST_EXTENT),
        }
    }

    /// One past the last used byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Free extents by offset.
    #[must_use]
    pub fn free_extents(&self) -> Vec<Extent> {
        self.free
            .iter()
            .map(|(&offset, &len)| Extent { offset, len })
            .collect()
    }

    /// Pending extents.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Bytes that are free now or later.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.free.values().sum::<u64>() + self.pending.iter().map(|p| p.extent.len).sum::<u64>()
    }

    /// Finds room for `len` bytes: the first hole that fits, so that the end of the file empties, else
    /// the end.
    pub fn allocate(&mut self, len: u64) -> Extent {
        let len = page_ceil(len.max(1));
        let best = self.free.iter().find(|(_, have)| **have >= len);
        let offset = match best.map(|(&offset, _)| offset) {
            Some(offset) => offset,
            // A hole that touches the end can grow.
            None => match self.free.last_key_value() {
                Some((&offset, &have)) if offset + have == self.end => offset,
                _ => self.end,
            },
        };
        let extent = Extent { offset, len };
        self.take(extent);
        extent
    }

    /// Marks an extent as used, as a log frame of another writer tells it.
    pub fn take(&mut self, extent: Extent) {
        let holes: Vec<(u64, u64)> = self
            .free
            .range(..extent.end())
            .filter(|(offset, len)| **offset + **len > extent.offset)
            .map(|(&offset, &len)| (offset, len))
            .collect();
        for (offset, len) in holes {
            self.free.remove(&offset);
            if offset < extent.offset {
                self.free.insert(offset, extent.offset - offset);
            }
            if offset + len > extent.end() {
                self.free.insert(extent.end(), offset + len - extent.end());
            }
        }
        if extent.offset > self.end {
            self.give(Extent {
                offset: self.end,
                len: extent.offset - self.end,
            });
        }
        self.end = self.end.max(extent.end());
    }

    /// Gives an extent up.
    pub fn release(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    /// Makes pending extents free that nobody can need any more, while `generation` is current.
    /// `pinned` tells whether any handle pins a generation within a range.
    pub fn reclaim(
        &mut self,
        generation: u64,
        pinned: impl Fn(Range<u64>) -> Result<bool>,
    ) -> Result<()> {
        let mut known: HashMap<(u64, u64), bool> = HashMap::new();
        for p in std::mem::take(&mut self.pending) {
            let needed = p.freed > generation
                || match known.get(&(p.born, p.freed)) {
                    Some(needed) => *needed,
                    None => {
                        let needed = pinned(p.born..p.freed)?;
                        known.insert((p.born, p.freed), needed);
                        needed
                    }
                };
            if needed {
                self.pending.push(p);
            } else {
                self.give(p.extent);
            }
        }
        self.trim();
        Ok(())
    }

    fn give(&mut self, extent: Extent) {
        let mut merged = extent;
        if let Some((&offset, &len)) = self.free.range(..extent.offset).next_back()
            && offset + len == extent.offset
        {
            self.free.remove(&offset);
            merged = Extent {
                offset,
                len: len + merged.len,
            };
        }
        if let Some(len) = self.free.remove(&merged.end()) {
            merged.len += len;
        }
        self.free.insert(merged.offset, merged.len);
    }

    /// Lets the file end before a hole at its end.
    fn trim(&mut self) {
        while let Some((&offset, &len)) = self.free.last_key_value()
            && offset + len >= self.end
        {
            self.free.remove(&offset);
            self.end = offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn extents_in_use_never_overlap_and_nothing_leaks(
            steps in prop::collection::vec((any::<bool>(), 1u64..60_000), 1..120)
        ) {
            let mut space = Space::new(&[], &[], 0);
            let mut used: Vec<Extent> = Vec::new();
            for (generation, (take, n)) in steps.into_iter().enumerate() {
                let generation = generation as u64 + 1;
                if take || used.is_empty() {
                    let got = space.allocate(n);
                    for other in &used {
                        prop_assert!(got.end() <= other.offset || other.end() <= got.offset);
                    }
                    used.push(got);
                } else {
                    let gone = used.swap_remove(n as usize % used.len());
                    space.release(Pending { extent: gone, born: 0, freed: generation });
                }
                space.reclaim(generation, |_| Ok(false)).unwrap();
                let in_use: u64 = used.iter().map(|e| e.len).sum();
                prop_assert_eq!(FIRST_EXTENT + in_use + space.free_bytes(), space.end()
                    .max(FIRST_EXTENT + in_use + space.free_bytes()));
                prop_assert!(used.iter().all(|e| e.end() <= space.end()));
            }
        }
    }

    #[test]
    fn a_pinned_generation_keeps_its_extents() {
        let mut space = Space::new(&[], &[], 0);
        let first = space.allocate(5000);
        space.allocate(100);
        space.release(Pending {
            extent: first,
            born: 1,
            freed: 3,
        });
        space.reclaim(2, |_| Ok(false)).unwrap();
        assert!(space.free_extents().is_empty(), "manifest 3 is not durable");
        let pin = |generation: u64| move |range: Range<u64>| Ok(range.contains(&generation));
        for needed in [1, 2] {
            space.reclaim(3, pin(needed)).unwrap();
            assert!(
                space.free_extents().is_empty(),
                "generation {needed} names it"
            );
        }
        space.reclaim(3, pin(0)).unwrap();
        assert_eq!(space.free_extents(), vec![first]);
        assert_eq!(space.allocate(8000), first);
    }
}
