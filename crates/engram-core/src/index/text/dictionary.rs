//! The term dictionary: its blocks, and lookup.
//!
//! Owns: reading of blocks and of the index over them. Invariants: terms ascend by byte, each once; a
//! [`TermInfo`] has a document frequency that the ordinals allow. Complexity: a lookup is a search in `keys`
//! and half a block. The opposite side is `dictionary_writer`; `terms` iterates.

use super::elias_fano::least_bits;
use super::keys;
use super::layout::{
    BLOCK_LEN, DICTIONARY_BLOCK_LEN, Header, KEY_BYTES, corrupt, key_of, take_bytes,
    take_u32_varint, take_varint,
};
use super::source::Source;
use super::symbols::Symbols;
use super::terms::Terms;
use crate::error::Result;
use std::cmp::Ordering;

/// What the dictionary knows of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermInfo {
    /// Documents that have the term, deleted ones included.
    pub df: u32,
    pub(super) place: Place,
}

/// Where the documents of a term are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One, in which the term stands once, in the dictionary itself.
    Single { ordinal: u32, position: u32 },
    /// Several, in the lists section.
    List { start: u64, bytes: u64 },
}

impl TermInfo {
    /// Where the list is within its section; `None` if the document is in the dictionary.
    pub(super) fn list_range(&self) -> Option<std::ops::Range<u64>> {
        match self.place {
            Place::Single { .. } => None,
            Place::List { start, bytes } => Some(start..start.saturating_add(bytes)),
        }
    }
}

/// The lowest four bits of a term's head: bytes shared with the term before.
pub(super) const SHARED_MASK: u8 = 15;
/// The next three: bytes that follow, less one.
pub(super) const REST_SHIFT: u32 = 4;
pub(super) const REST_MASK: u8 = 7;
/// The highest: one document, in which the term stands once.
pub(super) const SINGLE: u8 = 0x80;

/// The dictionary of an index.
#[derive(Clone, Copy)]
pub(super) struct Dictionary<'a> {
    pub(super) header: &'a Header,
    pub(super) source: Source<'a>,
    pub(super) symbols: Symbols<'a>,
    pub(super) keys: &'a [[u8; KEY_BYTES]],
    pub(super) starts: &'a [[u8; 4]],
}

/// A block: what its terms are, and where their documents.
#[derive(Clone, Copy)]
pub(super) struct Terms16<'a> {
    pub(super) list_start: u64,
    pub(super) heads: &'a [u8],
    pub(super) rests: &'a [u8],
    pub(super) infos: &'a [u8],
}

impl<'a> Dictionary<'a> {
    /// The bytes of a block.
    fn bytes_of(&self, block: u32) -> Result<&'a [u8]> {
        let section = self.header.dictionary();
        let start = |block: usize| {
            let start = self.starts.get(block).map(|b| u32::from_le_bytes(*b));
            start.map_or(section.end, |start| section.start + u64::from(start))
        };
        let (start, end) = (start(block as usize), start(block as usize + 1));
        if end > section.end {
            return Err(corrupt("a dictionary block beyond the dictionary"));
        }
        self.source.get(start..end)
    }

    #[inline]
    pub(super) fn block(&self, block: u32) -> Result<Terms16<'a>> {
        let mut bytes = self.bytes_of(block)?;
        let list_start = take_varint(&mut bytes)?;
        let rests = take_varint(&mut bytes)?;
        let before = block.saturating_mul(DICTIONARY_BLOCK_LEN);
        let terms = self
            .header
            .term_count
            .saturating_sub(before)
            .min(DICTIONARY_BLOCK_LEN);
        Ok(Terms16 {
            list_start,
            heads: take_bytes(&mut bytes, terms.into())?,
            rests: take_bytes(&mut bytes, rests)?,
            infos: bytes,
        })
    }

    /// How the first term of a block compares with `term`.
    fn compare_first(&self, block: u32, term: &[u8]) -> Result<Ordering> {
        let block = self.block(block)?;
        let mut rests = block.rests;
        let head = Head::take(block.heads.first().copied().unwrap_or(0), &mut rests)?;
        if head.shared != 0 {
            return Err(corrupt("a dictionary block without a first term"));
        }
        Ok(self
            .symbols
            .compare(take_bytes(&mut rests, head.rest)?, term)?
            .0)
    }

    /// The last block whose first term is not above `term`; the first if there is none.
    #[inline]
    pub(super) fn block_of(&self, term: &[u8]) -> Result<u32> {
        let key = key_of(term);
        let blocks = self.header.block_count;
        let low = keys::first_not_below(self.keys, blocks, key);
        let lowest = self
            .keys
            .get(self.keys.len() - blocks as usize..)
            .unwrap_or_default();
        let same = lowest.get(low..).unwrap_or_default().iter();
        let mut block = low as u32;
        // Terms that agree in their key follow each other: most often none do, so this costs nothing.
        for _ in same.take_while(|other| u64::from_le_bytes(**other) == key) {
            if self.compare_first(block, term)? == Ordering::Greater {
                break;
            }
            block += 1;
        }
        Ok(block.saturating_sub(1))
    }

    /// Tells the processor that a block will be looked into.
    #[inline]
    pub(super) fn prefetch(&self, block: u32) {
        let start = self
            .starts
            .get(block as usize)
            .map_or(0, |b| u32::from_le_bytes(*b));
        self.source
            .prefetch(self.header.dictionary().start + u64::from(start));
    }

    /// Iterates from the first term that is not below `start`.
    pub(super) fn terms_from(self, start: &str) -> Result<Terms<'a>> {
        Terms::new(self, start)
    }

    /// Looks `term` up in the block that [`Self::block_of`] gave for it.
    pub(super) fn lookup(&self, term: &[u8], block: u32) -> Result<Option<TermInfo>> {
        if block >= self.header.block_count {
            return Ok(None);
        }
        let block = self.block(block)?;
        let mut rests = block.rests;
        // Bytes of `term` that the term before has too.
        let mut known = 0;
        for (number, head) in block.heads.iter().enumerate() {
            let head = Head::take(*head, &mut rests)?;
            let rest = take_bytes(&mut rests, head.rest)?;
            if head.shared > known {
                // It differs from `term` where the one before did: it is still below.
                continue;
            }
            if head.shared < known {
                // It differs from the one before where that agreed with `term`: it is above.
                return Ok(None);
            }
            let tail = term.get(known as usize..).unwrap_or_default();
            let (order, same) = self.symbols.compare(rest, tail)?;
            known += same as u64;
            match order {
                Ordering::Less => {}
                Ordering::Greater => return Ok(None),
                Ordering::Equal => return self.info_at(&block, number).map(Some),
            }
        }
        Ok(None)
    }

    /// What the block knows of its term `number`.
    fn info_at(&self, block: &Terms16<'_>, number: usize) -> Result<TermInfo> {
        let (mut infos, mut list_start) = (block.infos, block.list_start);
        for head in block.heads.iter().take(number) {
            if head & SINGLE != 0 {
                take_varint(&mut infos)?;
            } else {
                let (_, bytes) = self.take_list(&mut infos)?;
                list_start = list_start.saturating_add(bytes);
            }
        }
        let head = block.heads.get(number).copied().unwrap_or(0);
        self.take_info(head, &mut infos, &mut list_start)
    }

    #[inline]
    pub(super) fn take_info(
        &self,
        head: u8,
        infos: &mut &[u8],
        list_start: &mut u64,
    ) -> Result<TermInfo> {
        let limit = self.header.ordinal_limit;
        if head & SINGLE != 0 {
            let place = take_varint(infos)?;
            let parts = place
                .checked_div(limit.into())
                .zip(place.checked_rem(limit.into()));
            let (position, ordinal) = parts.ok_or_else(|| corrupt("a term without documents"))?;
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let place = Place::Single {
                ordinal: ordinal as u32,
                position,
            };
            return Ok(TermInfo { df: 1, place });
        }
        let (df, bytes) = self.take_list(infos)?;
        if df == 0 || df > limit {
            return Err(corrupt("a document frequency beyond the documents"));
        }
        let start = *list_start;
        *list_start = start.saturating_add(bytes);
        Ok(TermInfo {
            df,
            place: Place::List { start, bytes },
        })
    }

    /// Document frequency and size of a list.
    #[inline]
    fn take_list(&self, infos: &mut &[u8]) -> Result<(u32, u64)> {
        let head = take_bytes(infos, 1)?.first().copied().unwrap_or(0);
        let (mut df, mut more) = (u32::from(head & 15), u64::from(head >> 4));
        if df == 15 {
            df = df.saturating_add(take_u32_varint(infos)?);
        }
        if more == 15 {
            more = more.saturating_add(take_varint(infos)?);
        }
        let least = least_list_bytes(df, self.header.ordinal_limit);
        Ok((df, least.saturating_add(more)))
    }
}

/// What a list of `df` of `limit` documents takes at least, but for its positions; 0 for long lists.
#[inline]
pub(super) fn least_list_bytes(df: u32, limit: u32) -> u64 {
    match df as usize {
        0 => 0,
        count if count <= BLOCK_LEN => least_bits(limit, count).div_ceil(8) as u64,
        _ => 0,
    }
}

#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) shared: u64,
    pub(super) rest: u64,
}

impl Head {
    /// Reads a head, and what it left in front of the bytes that follow.
    #[inline]
    pub(super) fn take(head: u8, rests: &mut &[u8]) -> Result<Head> {
        let (low, high) = (head & SHARED_MASK, head >> REST_SHIFT & REST_MASK);
        let (mut shared, mut rest) = (u64::from(low), u64::from(high) + 1);
        if low == SHARED_MASK {
            shared = shared.saturating_add(take_varint(rests)?);
        }
        if high == REST_MASK {
            rest = rest.saturating_add(take_varint(rests)?);
        }
        Ok(Head { shared, rest })
    }
}
