//! Terms to the blocks of a dictionary.
//!
//! Owns: the writing. Invariant: the bytes depend on the terms and their documents alone. The opposite side
//! is `dictionary`; the layout is in the header of `text`.

use super::dictionary::{REST_MASK, REST_SHIFT, SHARED_MASK, SINGLE, least_list_bytes};
use super::layout::{DICTIONARY_BLOCK_LEN, key_of, push_varint};
use super::symbols::Coder;

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
