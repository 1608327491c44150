//! Documents to the bytes of a text index.
//!
//! Owns: the order in which an index is built. Invariants: the same documents give the same bytes,
//! whatever order the hash map has, since terms are sorted before they are written; ordinals
//! ascend. Memory: a few bytes per occurrence, coded as they come, and about 100 per distinct term.
//! Complexity: linear, and sorting the distinct terms. The opposite side is `reader`; the layout is
//! in the header of `text`.

use super::layout::{
    BLOCK_LEN, DICTIONARY_BLOCK_LEN, HEADER_BYTES, Header, push_varint, take_u32_varint,
    take_varint,
};
use super::{Analyzer, MAX_TERM_BYTES, TermCounts, block};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Builds one text index.
#[derive(Default)]
pub struct TextIndexWriter {
    ids: HashMap<Box<str>, u32, BuildHasherDefault<TermHasher>>,
    lists: Vec<List>,
    lengths: Vec<u32>,
    doc_count: u32,
    total_len: u64,
}

/// The occurrences of one term so far.
#[derive(Default)]
struct List {
    /// Varint gap and frequency of each document but the last.
    docs: Vec<u8>,
    /// Varint differences of positions, beginning anew with each document.
    positions: Vec<u8>,
    df: u32,
    /// The last document, not in `docs` yet.
    ordinal: u32,
    tf: u32,
    last_position: u32,
    /// The lowest ordinal that can follow those in `docs`.
    next_ordinal: u32,
}

impl TextIndexWriter {
    /// A writer without documents.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text as the document `ordinal`, which must be above those before.
    pub fn add_text(&mut self, ordinal: u32, text: &str, analyzer: &Analyzer) -> Result<()> {
        self.begin(ordinal)?;
        let mut len = 0;
        analyzer.analyze(text, |term, position, _| {
            self.occurrence(ordinal, term, position);
            len += 1;
        });
        self.end(len);
        Ok(())
    }

    /// Adds an analysed text as the document `ordinal`, which must be above those before.
    pub fn add(&mut self, ordinal: u32, counts: &TermCounts) -> Result<()> {
        self.begin(ordinal)?;
        for found in counts.iter() {
            for &position in found.positions {
                self.occurrence(ordinal, found.term, position);
            }
        }
        self.end(counts.doc_len());
        Ok(())
    }

    fn begin(&mut self, ordinal: u32) -> Result<()> {
        if (ordinal as usize) < self.lengths.len() || ordinal == u32::MAX {
            let next = self.lengths.len();
            return Err(Error::internal(format!(
                "text ordinal {ordinal} where {next} is due"
            )));
        }
        self.lengths.resize(ordinal as usize, 0);
        Ok(())
    }

    fn end(&mut self, len: u32) {
        self.lengths.push(len);
        self.doc_count += u32::from(len > 0);
        self.total_len += u64::from(len);
    }

    fn occurrence(&mut self, ordinal: u32, term: &str, position: u32) {
        debug_assert!(!term.is_empty() && term.len() <= MAX_TERM_BYTES);
        let id = match self.ids.get(term) {
            Some(&id) => id,
            None => {
                let id = self.lists.len() as u32;
                self.ids.insert(term.into(), id);
                self.lists.push(List::default());
                id
            }
        };
        if let Some(list) = self.lists.get_mut(id as usize) {
            list.push(ordinal, position);
        }
    }

    /// The bytes of the index.
    pub fn finish(mut self) -> Vec<u8> {
        let mut terms: Vec<(Box<str>, u32)> = std::mem::take(&mut self.ids).into_iter().collect();
        terms.sort_unstable();
        let mut postings = Vec::new();
        let mut dictionary = DictionaryWriter::default();
        for (term, id) in &terms {
            // Taken, so that memory moves from the lists to the output as it is written.
            let list = self
                .lists
                .get_mut(*id as usize)
                .map(std::mem::take)
                .unwrap_or_default();
            let (start, df) = (postings.len(), list.df());
            list.write(&self.lengths, &mut postings);
            dictionary.push(term.as_bytes(), df, start, postings.len() - start);
        }
        let header = Header {
            ordinal_limit: self.lengths.len() as u32,
            doc_count: self.doc_count,
            total_len: self.total_len,
            term_count: terms.len() as u32,
            block_count: dictionary.starts.len() as u32,
            postings_bytes: postings.len() as u64,
            dictionary_bytes: dictionary.bytes.len() as u64,
        };
        let rest = postings.len() + dictionary.bytes.len() + dictionary.starts.len() * 8;
        let mut out = Vec::with_capacity(HEADER_BYTES + self.lengths.len() * 4 + rest);
        out.extend(header.encode());
        out.extend(self.lengths.iter().flat_map(|len| len.to_le_bytes()));
        out.append(&mut postings);
        out.append(&mut dictionary.bytes);
        out.extend(
            dictionary
                .starts
                .iter()
                .flat_map(|start| start.to_le_bytes()),
        );
        out
    }
}

impl List {
    fn push(&mut self, ordinal: u32, position: u32) {
        if self.tf == 0 || self.ordinal != ordinal {
            self.close_doc();
            self.ordinal = ordinal;
            self.last_position = 0;
        }
        push_varint(
            &mut self.positions,
            position.saturating_sub(self.last_position).into(),
        );
        self.last_position = position;
        self.tf += 1;
    }

    fn close_doc(&mut self) {
        if self.tf > 0 {
            push_varint(&mut self.docs, (self.ordinal - self.next_ordinal).into());
            push_varint(&mut self.docs, self.tf.into());
            self.next_ordinal = self.ordinal + 1;
            self.df += 1;
            self.tf = 0;
        }
    }

    fn df(&self) -> u32 {
        self.df + u32::from(self.tf > 0)
    }

    fn write(mut self, lengths: &[u32], out: &mut Vec<u8>) {
        self.close_doc();
        let (mut docs, mut positions) = (self.docs.as_slice(), self.positions.as_slice());
        let (mut table, mut blocks) = (Vec::new(), Vec::new());
        let mut ordinal = 0u32;
        let mut left = self.df as usize;
        while left > 0 {
            let (mut gaps, mut frequencies) = (Vec::new(), Vec::new());
            let mut shortest = u32::MAX;
            for _ in 0..left.min(BLOCK_LEN) {
                let gap = take_u32_varint(&mut docs).unwrap_or(0);
                frequencies.push(take_u32_varint(&mut docs).unwrap_or(1));
                gaps.push(gap);
                ordinal += gap + 1;
                shortest = shortest.min(lengths.get(ordinal as usize - 1).copied().unwrap_or(0));
            }
            left -= gaps.len();
            block::encode(&gaps, &frequencies, &mut blocks);
            take_positions(&mut positions, &frequencies, &mut blocks);
            let highest = frequencies.iter().copied().max().unwrap_or(0);
            for field in [ordinal - 1, highest, shortest] {
                table.extend(field.to_le_bytes());
            }
            table.extend((blocks.len() as u64).to_le_bytes());
        }
        if self.df as usize > BLOCK_LEN {
            out.append(&mut table);
        }
        out.append(&mut blocks);
    }
}

/// Moves the positions of a block of documents, which are coded already.
fn take_positions(positions: &mut &[u8], frequencies: &[u32], out: &mut Vec<u8>) {
    let all = *positions;
    for _ in 0..frequencies.iter().map(|&tf| u64::from(tf)).sum() {
        // Written by `List::push`, so that it cannot fail.
        let _ = take_varint(positions);
    }
    out.extend(all.iter().take(all.len() - positions.len()));
}

#[derive(Default)]
struct DictionaryWriter {
    bytes: Vec<u8>,
    starts: Vec<u64>,
    count: u32,
    before: Vec<u8>,
}

impl DictionaryWriter {
    fn push(&mut self, term: &[u8], df: u32, list_start: usize, list_bytes: usize) {
        if self.count.is_multiple_of(DICTIONARY_BLOCK_LEN) {
            self.starts.push(self.bytes.len() as u64);
            push_varint(&mut self.bytes, list_start as u64);
            self.before.clear();
        }
        let shared = term
            .iter()
            .zip(&self.before)
            .take_while(|(a, b)| a == b)
            .count();
        push_varint(&mut self.bytes, shared as u64);
        push_varint(&mut self.bytes, (term.len() - shared) as u64);
        self.bytes.extend(term.iter().skip(shared));
        push_varint(&mut self.bytes, df.into());
        push_varint(&mut self.bytes, list_bytes as u64);
        self.before.clear();
        self.before.extend(term);
        self.count += 1;
    }
}

/// The fast hash of short strings; order and bytes of the output do not depend on it.
#[derive(Default)]
struct TermHasher(u64);

impl Hasher for TermHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }
    /// The end mark that `str` adds: there is nothing after it to be told apart from.
    fn write_u8(&mut self, _: u8) {}
    fn finish(&self) -> u64 {
        self.0
    }
}
