//! The term dictionary: writing, lookup, iteration.
//!
//! Owns: both directions of its blocks and of the index over them. Invariants: terms ascend by byte, each
//! once; a [`TermInfo`] has a document frequency that the ordinals allow. Complexity: a lookup is a
//! search in `keys` and half a block; iteration is linear.

use super::elias_fano::least_bits;
use super::keys;
use super::layout::{
    BLOCK_LEN, DICTIONARY_BLOCK_LEN, Header, KEY_BYTES, corrupt, key_of, push_varint, take_bytes,
    take_u32_varint, take_varint,
};
use super::source::Source;
use super::symbols::{Coder, Symbols};
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
const SHARED_MASK: u8 = 15;
/// The next three: bytes that follow, less one.
const REST_SHIFT: u32 = 4;
const REST_MASK: u8 = 7;
/// The highest: one document, in which the term stands once.
const SINGLE: u8 = 0x80;

/// Takes the dictionary, term by term in order, and writes it.
#[derive(Default)]
pub(super) struct DictionaryWriter {
    entries: Vec<Entry>,
    /// Of all entries, one after the other.
    rests: Vec<u8>,
    infos: Vec<u8>,
    before: Vec<u8>,
    keys: Vec<u64>,
}

/// A term, by what it adds to the one before.
struct Entry {
    shared: u8,
    flags: u8,
    /// Where its bytes end in `rests` and `infos`.
    rest_end: u32,
    info_end: u32,
    /// Where the next list starts.
    list_start: u32,
}

/// The sections of a dictionary.
pub(super) struct Written {
    pub(super) term_count: u32,
    pub(super) blocks: Vec<u8>,
    pub(super) coder: Coder,
    pub(super) keys: Vec<u64>,
    pub(super) starts: Vec<u32>,
}

impl DictionaryWriter {
    /// Adds a term that stands once in one of `limit` documents.
    pub(super) fn push_single(
        &mut self,
        term: &[u8],
        list_start: usize,
        ordinal: u32,
        position: u32,
        limit: u32,
    ) {
        // The ordinal within the position, since many names stand at none, which is 0.
        let place = u64::from(position) * u64::from(limit) + u64::from(ordinal);
        push_varint(&mut self.infos, place);
        self.push(term, list_start, SINGLE);
    }

    /// Adds a term whose list of `df` of `limit` documents is at `list_start` and has `bytes`.
    pub(super) fn push_list(
        &mut self,
        term: &[u8],
        list_start: usize,
        df: u32,
        bytes: usize,
        limit: u32,
    ) {
        let more = bytes as u64 - least_list_bytes(df, limit);
        let (low, high) = (df.min(15) as u8, more.min(15) as u8);
        self.infos.push(high << 4 | low);
        if low == 15 {
            push_varint(&mut self.infos, (df - 15).into());
        }
        if high == 15 {
            push_varint(&mut self.infos, more - 15);
        }
        self.push(term, list_start, 0);
    }

    /// Adds a term whose info was written.
    fn push(&mut self, term: &[u8], list_start: usize, flags: u8) {
        if (self.entries.len() as u32).is_multiple_of(DICTIONARY_BLOCK_LEN) {
            self.keys.push(key_of(term));
            self.before.clear();
        }
        let pairs = term.iter().zip(&self.before);
        let shared = pairs.take_while(|(a, b)| a == b).count();
        self.rests.extend(term.iter().skip(shared));
        self.before.clear();
        self.before.extend(term);
        self.entries.push(Entry {
            // Terms have 255 bytes at most.
            shared: shared as u8,
            flags,
            rest_end: self.rests.len() as u32,
            info_end: self.infos.len() as u32,
            list_start: list_start as u32,
        });
    }

    /// Chooses the symbols and writes all blocks.
    pub(super) fn finish(self) -> Written {
        let ends = self.entries.iter().map(|entry| entry.rest_end as usize);
        let starts = std::iter::once(0).chain(ends.clone());
        let rests = starts
            .zip(ends)
            .map(|(start, end)| self.rests.get(start..end).unwrap_or_default());
        let coder = Coder::new(rests.clone());
        let mut rests = rests;
        let (mut blocks, mut starts, mut info_start) = (Vec::new(), Vec::new(), 0);
        let (mut heads, mut codes) = (Vec::new(), Vec::new());
        for block in self.entries.chunks(DICTIONARY_BLOCK_LEN as usize) {
            starts.push(blocks.len() as u32);
            for (entry, rest) in block.iter().zip(&mut rests) {
                put_term(entry, rest, &coder, &mut heads, &mut codes);
            }
            let (first, last) = (block.first(), block.last());
            push_varint(
                &mut blocks,
                first.map_or(0, |entry| entry.list_start.into()),
            );
            push_varint(&mut blocks, codes.len() as u64);
            blocks.append(&mut heads);
            blocks.append(&mut codes);
            let info_end = last.map_or(info_start, |entry| entry.info_end as usize);
            blocks.extend(self.infos.get(info_start..info_end).unwrap_or_default());
            info_start = info_end;
        }
        Written {
            term_count: self.entries.len() as u32,
            blocks,
            coder,
            keys: self.keys,
            starts,
        }
    }
}

/// Appends the head of a term, and its rest.
fn put_term(entry: &Entry, rest: &[u8], coder: &Coder, heads: &mut Vec<u8>, codes: &mut Vec<u8>) {
    let mut coded = Vec::with_capacity(rest.len());
    coder.encode(rest, &mut coded);
    // Terms differ and ascend, so at least one byte follows.
    let (shared, more) = (entry.shared, coded.len() - 1);
    let (low, high) = (
        shared.min(SHARED_MASK),
        more.min(usize::from(REST_MASK)) as u8,
    );
    heads.push(entry.flags | high << REST_SHIFT | low);
    if low == SHARED_MASK {
        push_varint(codes, (shared - SHARED_MASK).into());
    }
    if high == REST_MASK {
        push_varint(codes, (more - usize::from(REST_MASK)) as u64);
    }
    codes.append(&mut coded);
}

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
struct Terms16<'a> {
    list_start: u64,
    heads: &'a [u8],
    rests: &'a [u8],
    infos: &'a [u8],
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
    fn block(&self, block: u32) -> Result<Terms16<'a>> {
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
        let mut terms = Terms::at_block(self, self.block_of(start.as_bytes())?);
        terms.skip_below = start.as_bytes().to_vec();
        Ok(terms)
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
    fn take_info(&self, head: u8, infos: &mut &[u8], list_start: &mut u64) -> Result<TermInfo> {
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
fn least_list_bytes(df: u32, limit: u32) -> u64 {
    match df as usize {
        0 => 0,
        count if count <= BLOCK_LEN => least_bits(limit, count).div_ceil(8) as u64,
        _ => 0,
    }
}

#[derive(Clone, Copy)]
struct Head {
    shared: u64,
    rest: u64,
}

impl Head {
    /// Reads a head, and what it left in front of the bytes that follow.
    #[inline]
    fn take(head: u8, rests: &mut &[u8]) -> Result<Head> {
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

/// Iterates over terms, ascending by byte. Ends after the first error.
pub struct Terms<'a> {
    dictionary: Dictionary<'a>,
    /// The index of the next term.
    next: u32,
    /// The block it is in; of its pieces what is left.
    block: Terms16<'a>,
    term: Vec<u8>,
    skip_below: Vec<u8>,
}

impl<'a> Terms<'a> {
    fn at_block(dictionary: Dictionary<'a>, block: u32) -> Self {
        Terms {
            dictionary,
            next: block.saturating_mul(DICTIONARY_BLOCK_LEN),
            block: Terms16 {
                list_start: 0,
                heads: &[],
                rests: &[],
                infos: &[],
            },
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

    /// Moves behind the terms that start so, from which the last came.
    pub(super) fn skip_starting_with(&mut self, start: &[u8]) -> Result<()> {
        // The least bytes above all that start so.
        let mut above = start.to_vec();
        while above.pop_if(|last| *last == u8::MAX).is_some() {}
        match above.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.end();
                return Ok(());
            }
        }
        self.skip_to(above)
    }

    /// Moves on so that the next term is not below `start`.
    pub(super) fn skip_to(&mut self, start: Vec<u8>) -> Result<()> {
        let block = self.dictionary.block_of(&start)?;
        if block > self.next / DICTIONARY_BLOCK_LEN {
            *self = Terms::at_block(self.dictionary, block);
        }
        self.skip_below = start;
        Ok(())
    }

    /// Moves behind the last term.
    pub(super) fn end(&mut self) {
        self.next = u32::MAX;
        self.term.clear();
    }

    /// Whether [`Self::end`] was called.
    pub(super) fn is_at_end(&self) -> bool {
        self.next == u32::MAX
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
        if is_first {
            self.block = self.dictionary.block(self.next / DICTIONARY_BLOCK_LEN)?;
        }
        let head_byte = take_bytes(&mut self.block.heads, 1)?
            .first()
            .copied()
            .unwrap_or(0);
        let head = Head::take(head_byte, &mut self.block.rests)?;
        let rest = take_bytes(&mut self.block.rests, head.rest)?;
        self.take_term(head, rest, is_first)?;
        let block = &mut self.block;
        let dictionary = self.dictionary;
        let info = dictionary.take_info(head_byte, &mut block.infos, &mut block.list_start)?;
        self.next += 1;
        if block.heads.is_empty() && !(block.rests.is_empty() && block.infos.is_empty()) {
            return Err(corrupt("a dictionary block with more than its terms"));
        }
        Ok(Some(info))
    }

    fn take_term(&mut self, head: Head, rest: &[u8], is_first: bool) -> Result<()> {
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
        if self.dictionary.symbols.compare(rest, old_rest)?.0 != Ordering::Greater {
            return Err(corrupt("terms out of order"));
        }
        self.term.truncate(shared);
        self.dictionary.symbols.decode(rest, &mut self.term)
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
