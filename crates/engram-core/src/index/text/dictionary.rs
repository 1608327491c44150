//! The term dictionary: writing, lookup, iteration.
//!
//! Owns: both directions of its blocks and of the index over them. Invariants: terms ascend by byte, each
//! once; a [`TermInfo`] has a document frequency that the ordinals allow. Complexity: a lookup is a binary
//! search over the first eight bytes of each block's first term, and half a block; iteration is linear.

use super::layout::{
    DICTIONARY_BLOCK_LEN, Header, KEY_BYTES, MAX_FREQUENCY, corrupt, key_of, push_varint,
    take_bytes, take_u32_varint, take_varint,
};
use super::source::Source;
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
    /// One, in the dictionary itself; `at..end` are the bytes of its positions within the index.
    Single {
        ordinal: u32,
        tf: u32,
        at: u64,
        end: u64,
    },
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

/// The lowest four bits of an entry's head: bytes shared with the term before.
const SHARED_MASK: u8 = 15;
/// The next three: bytes that follow, less one.
const REST_SHIFT: u32 = 4;
const REST_MASK: u8 = 7;
/// The highest: one document, in which the term stands once.
const SINGLE: u8 = 0x80;

/// Writes the dictionary, term by term in order.
#[derive(Default)]
pub(super) struct DictionaryWriter {
    pub(super) bytes: Vec<u8>,
    pub(super) keys: Vec<u64>,
    pub(super) starts: Vec<u32>,
    pub(super) count: u32,
    before: Vec<u8>,
}

impl DictionaryWriter {
    /// Begins an entry; `list_start` is where the next list starts.
    fn begin(&mut self, term: &[u8], list_start: usize, flags: u8) {
        if self.count.is_multiple_of(DICTIONARY_BLOCK_LEN) {
            self.starts.push(self.bytes.len() as u32);
            self.keys.push(key_of(term));
            push_varint(&mut self.bytes, list_start as u64);
            self.before.clear();
        }
        let pairs = term.iter().zip(&self.before);
        let shared = pairs.take_while(|(a, b)| a == b).count();
        // Terms differ and ascend, so at least one byte follows.
        let rest = term.len() - shared - 1;
        let (low, high) = (shared.min(15) as u8, rest.min(7) as u8);
        self.bytes.push(flags | high << REST_SHIFT | low);
        if low == SHARED_MASK {
            push_varint(&mut self.bytes, (shared - 15) as u64);
        }
        if high == REST_MASK {
            push_varint(&mut self.bytes, (rest - 7) as u64);
        }
        self.bytes.extend(term.iter().skip(shared));
        self.before.clear();
        self.before.extend(term);
        self.count += 1;
    }

    /// Adds a term that one document has.
    pub(super) fn push_single(
        &mut self,
        term: &[u8],
        list_start: usize,
        ordinal: u32,
        positions: &[u32],
    ) {
        self.begin(
            term,
            list_start,
            if positions.len() == 1 { SINGLE } else { 0 },
        );
        if positions.len() != 1 {
            push_varint(&mut self.bytes, 0);
            push_varint(&mut self.bytes, positions.len() as u64);
        }
        push_varint(&mut self.bytes, ordinal.into());
        let mut before = 0;
        for position in positions {
            push_varint(&mut self.bytes, (position - before).into());
            before = *position;
        }
    }

    /// Adds a term whose list of `df` documents is at `list_start` and has `bytes`.
    pub(super) fn push_list(&mut self, term: &[u8], list_start: usize, df: u32, bytes: usize) {
        self.begin(term, list_start, 0);
        push_varint(&mut self.bytes, df.into());
        push_varint(&mut self.bytes, bytes as u64);
    }
}

/// The dictionary of an index.
#[derive(Clone, Copy)]
pub(super) struct Dictionary<'a> {
    pub(super) header: Header,
    pub(super) source: Source<'a>,
    pub(super) keys: &'a [[u8; KEY_BYTES]],
    pub(super) starts: &'a [[u8; 4]],
}

impl<'a> Dictionary<'a> {
    /// The bytes of a block, and where they are in the index.
    fn block(&self, block: u32) -> Result<(&'a [u8], u64)> {
        let section = self.header.dictionary();
        let start = |block: usize| {
            let start = self.starts.get(block).map(|b| u32::from_le_bytes(*b));
            start.map_or(section.end, |start| section.start + u64::from(start))
        };
        let (start, end) = (start(block as usize), start(block as usize + 1));
        if end > section.end {
            return Err(corrupt("a dictionary block beyond the dictionary"));
        }
        Ok((self.source.get(start..end)?, start))
    }

    fn first_term(&self, block: u32) -> Result<&'a [u8]> {
        let (mut bytes, _) = self.block(block)?;
        take_varint(&mut bytes)?;
        let head = EntryHead::take(&mut bytes)?;
        if head.shared != 0 {
            return Err(corrupt("a dictionary block without a first term"));
        }
        take_bytes(&mut bytes, head.rest)
    }

    /// The last block whose first term is not above `term`; the first if there is none.
    fn block_of(&self, term: &[u8]) -> Result<u32> {
        let key = key_of(term);
        let below = |other: &[u8; KEY_BYTES]| u64::from_le_bytes(*other) < key;
        let low = self.keys.partition_point(below);
        let same = self.keys.get(low..).unwrap_or_default();
        let same = same
            .iter()
            .take_while(|other| u64::from_le_bytes(**other) == key)
            .count();
        // Terms that agree in their key follow each other: most often none, so this costs nothing.
        let mut block = low as u32;
        for _ in 0..same {
            if self.first_term(block)? > term {
                break;
            }
            block += 1;
        }
        Ok(block.saturating_sub(1))
    }

    /// Iterates from the first term that is not below `start`.
    pub(super) fn terms_from(self, start: &str) -> Result<Terms<'a>> {
        let mut terms = Terms::at_block(self, self.block_of(start.as_bytes())?);
        terms.skip_below = start.as_bytes().to_vec();
        Ok(terms)
    }

    pub(super) fn lookup(&self, term: &str) -> Result<Option<TermInfo>> {
        let wanted = term.as_bytes();
        if self.header.term_count == 0 {
            return Ok(None);
        }
        let number = self.block_of(wanted)?;
        let (mut bytes, start) = self.block(number)?;
        let end = start + bytes.len() as u64;
        let mut list_start = take_varint(&mut bytes)?;
        let left = self.header.term_count - number * DICTIONARY_BLOCK_LEN;
        // Bytes of `wanted` that the term before has too.
        let mut known = 0;
        for _ in 0..left.min(DICTIONARY_BLOCK_LEN) {
            let head = EntryHead::take(&mut bytes)?;
            let rest = take_bytes(&mut bytes, head.rest)?;
            let order = match head.shared.cmp(&known) {
                // It differs from the one before where that still agreed: it is above.
                Ordering::Less => return Ok(None),
                // It differs where the one before did.
                Ordering::Greater => Ordering::Less,
                Ordering::Equal => {
                    let tail = wanted.get(known as usize..).unwrap_or_default();
                    let same = rest.iter().zip(tail).take_while(|(a, b)| a == b).count();
                    known += same as u64;
                    rest.get(same).cmp(&tail.get(same))
                }
            };
            if order == Ordering::Greater {
                return Ok(None);
            }
            let info = self.take_info(head, &mut bytes, end, &mut list_start)?;
            if order == Ordering::Equal {
                return Ok(Some(info));
            }
        }
        Ok(None)
    }

    /// Takes what follows a term; `end` is where `bytes` end in the index.
    #[inline]
    fn take_info(
        &self,
        head: EntryHead,
        bytes: &mut &'a [u8],
        end: u64,
        list_start: &mut u64,
    ) -> Result<TermInfo> {
        let df = match head.is_single {
            true => 0,
            false => take_u32_varint(bytes)?,
        };
        let limit = self.header.ordinal_limit;
        if df > 1 {
            let (start, length) = (*list_start, take_varint(bytes)?);
            *list_start = start.saturating_add(length);
            if df > limit {
                return Err(corrupt("a document frequency beyond the documents"));
            }
            return Ok(TermInfo {
                df,
                place: Place::List {
                    start,
                    bytes: length,
                },
            });
        }
        let tf = match head.is_single {
            true => 1,
            false => take_u32_varint(bytes)?,
        };
        let ordinal = take_u32_varint(bytes)?;
        if df == 1 || ordinal >= limit || tf == 0 || tf > MAX_FREQUENCY {
            return Err(corrupt("an impossible single document"));
        }
        let at = end - bytes.len() as u64;
        for _ in 0..tf {
            take_varint(bytes)?;
        }
        let end = end - bytes.len() as u64;
        Ok(TermInfo {
            df: 1,
            place: Place::Single {
                ordinal,
                tf,
                at,
                end,
            },
        })
    }
}

#[derive(Clone, Copy)]
struct EntryHead {
    shared: u64,
    rest: u64,
    is_single: bool,
}

impl EntryHead {
    #[inline]
    fn take(bytes: &mut &[u8]) -> Result<EntryHead> {
        let head = take_bytes(bytes, 1)?.first().copied().unwrap_or(0);
        let (low, high) = (head & SHARED_MASK, head >> REST_SHIFT & REST_MASK);
        let (mut shared, mut rest) = (u64::from(low), u64::from(high) + 1);
        if low == SHARED_MASK {
            shared = shared.saturating_add(take_varint(bytes)?);
        }
        if high == REST_MASK {
            rest = rest.saturating_add(take_varint(bytes)?);
        }
        let is_single = head & SINGLE != 0;
        Ok(EntryHead {
            shared,
            rest,
            is_single,
        })
    }
}

/// Iterates over terms, ascending by byte. Ends after the first error.
pub struct Terms<'a> {
    dictionary: Dictionary<'a>,
    /// The index of the next term.
    next: u32,
    /// The rest of the block it is in, and where that ends in the index.
    block: &'a [u8],
    end: u64,
    list_start: u64,
    term: Vec<u8>,
    skip_below: Vec<u8>,
}

impl<'a> Terms<'a> {
    fn at_block(dictionary: Dictionary<'a>, block: u32) -> Self {
        Terms {
            dictionary,
            next: block.saturating_mul(DICTIONARY_BLOCK_LEN),
            block: &[],
            end: 0,
            list_start: 0,
            term: Vec::new(),
            skip_below: Vec::new(),
        }
    }

    /// Moves to the next term not below the start, which is then [`Self::term`].
    pub fn advance(&mut self) -> Result<Option<TermInfo>> {
        let found = self.seek();
        if found.is_err() {
            self.next = u32::MAX;
        }
        found
    }

    /// The bytes of the term moved to; UTF-8 where the index is sound.
    #[must_use]
    pub fn term(&self) -> &[u8] {
        &self.term
    }

    fn seek(&mut self) -> Result<Option<TermInfo>> {
        loop {
            let Some(info) = self.step()? else {
                return Ok(None);
            };
            if self.term >= self.skip_below {
                self.skip_below.clear();
                return Ok(Some(info));
            }
        }
    }

    fn step(&mut self) -> Result<Option<TermInfo>> {
        if self.next >= self.dictionary.header.term_count {
            return Ok(None);
        }
        let is_first = self.next.is_multiple_of(DICTIONARY_BLOCK_LEN);
        if is_first || self.end == 0 {
            let (bytes, start) = self.dictionary.block(self.next / DICTIONARY_BLOCK_LEN)?;
            (self.block, self.end) = (bytes, start + bytes.len() as u64);
            self.list_start = take_varint(&mut self.block)?;
        }
        let head = EntryHead::take(&mut self.block)?;
        let rest = take_bytes(&mut self.block, head.rest)?;
        self.take_term(head, rest, is_first)?;
        let dictionary = self.dictionary;
        let info = dictionary.take_info(head, &mut self.block, self.end, &mut self.list_start)?;
        self.next += 1;
        let ends = self.next.is_multiple_of(DICTIONARY_BLOCK_LEN)
            || self.next == self.dictionary.header.term_count;
        if ends && !self.block.is_empty() {
            return Err(corrupt("a dictionary block with more than its terms"));
        }
        Ok(Some(info))
    }

    fn take_term(&mut self, head: EntryHead, rest: &[u8], is_first: bool) -> Result<()> {
        let shared = usize::try_from(head.shared).unwrap_or(usize::MAX);
        let is_known = if is_first {
            shared == 0
        } else {
            shared <= self.term.len()
        };
        if !is_known {
            return Err(corrupt("a term that shares more than the one before has"));
        }
        // All bytes up to `shared` are equal, so the order shows in what follows.
        let old_rest = self.term.get(shared..).unwrap_or_default();
        if rest.cmp(old_rest) != Ordering::Greater {
            return Err(corrupt("terms out of order"));
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(rest);
        Ok(())
    }
}

impl Iterator for Terms<'_> {
    type Item = Result<(String, TermInfo)>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().and_then(|info| {
            let Some(info) = info else { return Ok(None) };
            let term = String::from_utf8(self.term.clone());
            Ok(Some((
                term.map_err(|_| corrupt("a term that is not UTF-8"))?,
                info,
            )))
        });
        if item.is_err() {
            self.next = u32::MAX;
        }
        item.transpose()
    }
}
