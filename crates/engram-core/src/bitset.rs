//! Dense sets of record ordinals: what a filter leaves of a segment.
//!
//! Scans read them a word at a time beside 64 codes or columns values; `roaring` stays the type for
//! what is kept on disk. Invariants: bits at and above `len` are 0; `count` is the number of ones.

use crate::kernel::planes::count_ones;
use roaring::RoaringBitmap;

/// A set of ordinals below `len`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitset {
    words: Vec<u64>,
    len: u32,
    count: u32,
}

impl Bitset {
    /// The empty set of ordinals below `len`.
    #[must_use]
    pub fn empty(len: u32) -> Bitset {
        Bitset {
            words: vec![0; len.div_ceil(64) as usize],
            len,
            count: 0,
        }
    }

    /// All ordinals below `len`.
    #[must_use]
    pub fn full(len: u32) -> Bitset {
        Bitset::from_words(vec![u64::MAX; len.div_ceil(64) as usize], len)
    }

    /// All ordinals below `len` but those in `dead`.
    #[must_use]
    pub fn without(len: u32, dead: &RoaringBitmap) -> Bitset {
        let mut set = Bitset::full(len);
        for ordinal in dead.iter().take_while(|o| *o < len) {
            set.words[(ordinal / 64) as usize] &= !(1 << (ordinal % 64));
        }
        set.recount();
        set
    }

    /// The set that `words` spell, bit i of word j standing for 64 j + i; bits from `len` on and words
    /// that are missing count as 0.
    #[must_use]
    pub fn from_words(mut words: Vec<u64>, len: u32) -> Bitset {
        words.resize(len.div_ceil(64) as usize, 0);
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last &= (1 << (len % 64)) - 1;
        }
        let mut set = Bitset {
            words,
            len,
            count: 0,
        };
        set.recount();
        set
    }

    /// The ordinals of `ordinals` below `len`.
    #[must_use]
    pub fn from_ordinals(ordinals: impl IntoIterator<Item = u32>, len: u32) -> Bitset {
        let mut set = Bitset::empty(len);
        for ordinal in ordinals.into_iter().filter(|o| *o < len) {
            set.words[(ordinal / 64) as usize] |= 1 << (ordinal % 64);
        }
        set.recount();
        set
    }

    fn recount(&mut self) {
        self.count = count_ones(&self.words);
    }

    /// One more than the largest ordinal that it could hold.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// How many ordinals it holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether it holds every ordinal below `len`.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count == self.len
    }

    /// The words: bit i of word j stands for ordinal 64 j + i.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether it holds `ordinal`.
    #[must_use]
    #[inline]
    pub fn contains(&self, ordinal: u32) -> bool {
        let word = self.words.get((ordinal / 64) as usize).copied();
        word.is_some_and(|w| w >> (ordinal % 64) & 1 == 1)
    }

    /// Keeps what `other` holds too; what `other` has no room for is dropped.
    pub fn intersect(&mut self, other: &Bitset) {
        let rest = std::iter::repeat(&0);
        for (word, with) in self.words.iter_mut().zip(other.words.iter().chain(rest)) {
            *word &= with;
        }
        self.recount();
    }

    /// Adds what `other` holds below `len`.
    pub fn union(&mut self, other: &Bitset) {
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word |= with;
        }
        *self = Bitset::from_words(std::mem::take(&mut self.words), self.len);
    }

    /// Drops what it holds, and takes the rest.
    pub fn invert(&mut self) {
        self.words.iter_mut().for_each(|w| *w = !*w);
        *self = Bitset::from_words(std::mem::take(&mut self.words), self.len);
    }

    /// The ordinals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.iter_from(0)
    }

    /// The ordinals from `first` on, ascending.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let start = first / 64;
        let words = self.words.iter().skip(start as usize).zip(start..);
        words.flat_map(move |(word, j)| {
            let below = if j == start {
                (1 << (first % 64)) - 1
            } else {
                0
            };
            let mut rest = *word & !below;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(j * 64 + bit)
            })
        })
    }
}

/// Which records of a segment a query may find.
#[derive(Clone, Debug)]
pub enum Allowed {
    /// Every record: none is dead and no filter asked.
    All,
    /// These.
    Some(Bitset),
}

impl Allowed {
    /// Whether `ordinal` is allowed.
    #[must_use]
    #[inline]
    pub fn contains(&self, ordinal: u32) -> bool {
        match self {
            Allowed::All => true,
            Allowed::Some(set) => set.contains(ordinal),
        }
    }

    /// How many of `records` records are allowed.
    #[must_use]
    pub fn count(&self, records: u32) -> u32 {
        match self {
            Allowed::All => records,
            Allowed::Some(set) => set.count(),
        }
    }

    /// The allowed ordinals from `first` on among `records` records, ascending.
    pub fn ordinals_from(&self, first: u32, records: u32) -> impl Iterator<Item = u32> + '_ {
        let all = match self {
            Allowed::All => first..records,
            Allowed::Some(_) => 0..0,
        };
        let set = self.as_set().map(|set| set.iter_from(first));
        all.chain(set.into_iter().flatten())
    }

    /// The set, where it is not all.
    #[must_use]
    pub fn as_set(&self) -> Option<&Bitset> {
        match self {
            Allowed::All => None,
            Allowed::Some(set) => Some(set),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn model(set: &Bitset) -> BTreeSet<u32> {
        set.iter().collect()
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(len in 0u32..300, a in prop::collection::btree_set(0u32..320, 0..80),
                            b in prop::collection::btree_set(0u32..320, 0..80)) {
            let within = |s: &BTreeSet<u32>| s.iter().copied().filter(|o| *o < len).collect::<BTreeSet<u32>>();
            let (wa, wb) = (within(&a), within(&b));
            let set = |s: &BTreeSet<u32>| Bitset::from_ordinals(s.iter().copied(), len);
            prop_assert_eq!(model(&set(&a)), wa.clone());
            let (mut and, mut or, mut not) = (set(&a), set(&a), set(&a));
            and.intersect(&set(&b));
            or.union(&Bitset::from_ordinals(b.iter().copied(), 320));
            not.invert();
            prop_assert_eq!(model(&and), wa.intersection(&wb).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(model(&or), wa.union(&wb).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(model(&not), (0..len).filter(|o| !wa.contains(o)).collect::<BTreeSet<_>>());
            let dead: RoaringBitmap = b.iter().copied().collect();
            let alive = Bitset::without(len, &dead);
            prop_assert_eq!(model(&alive), (0..len).filter(|o| !b.contains(o)).collect::<BTreeSet<_>>());
            for s in [&and, &or, &not, &alive] {
                prop_assert_eq!(s.count() as usize, model(s).len());
                prop_assert_eq!(s.is_full(), s.count() == len);
                prop_assert!((0..330).all(|o| s.contains(o) == model(s).contains(&o)));
                for first in [0, 1, 63, 64, 65, 150, 329] {
                    let rest: Vec<u32> = model(s).range(first..).copied().collect();
                    prop_assert_eq!(s.iter_from(first).collect::<Vec<_>>(), rest.clone());
                    let allowed = Allowed::Some((*s).clone());
                    prop_assert_eq!(allowed.ordinals_from(first, len).collect::<Vec<_>>(), rest);
                    let all = Allowed::All.ordinals_from(first, len).collect::<Vec<_>>();
                    prop_assert_eq!(all, (first..len).collect::<Vec<_>>());
                }
            }
        }
    }
}
