//! Documents to the bytes of a text index.
//!
//! Owns: the order in which an index is built. Invariants: the same documents give the same bytes,
//! whatever order the hash map has, since terms are sorted before they are written; ordinals
//! ascend. Memory: a few bytes per occurrence, coded as they come, and about 100 per distinct term.
//! Complexity: linear, and sorting the distinct terms. The opposite side is `reader`; the layout is
//! in the header of `text`.

use super::dictionary_writer::DictionaryWriter;
use super::keys;
use super::layout::{Header, MAX_FREQUENCY, MAX_ORDINALS, push_varint, take_u32_varint};
use super::lengths::{self, MAX_LENGTH};
use super::list_writer::{self, Corpus, ListInput};
use super::{Analyzer, MAX_TERM_BYTES, TermCounts};
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
        if (ordinal as usize) < self.lengths.len() || ordinal >= MAX_ORDINALS {
            let next = self.lengths.len();
            return Err(Error::internal(format!(
                "text ordinal {ordinal} where {next} is due"
            )));
        }
        self.lengths.resize(ordinal as usize, 0);
        Ok(())
    }

    fn end(&mut self, len: u32) {
        debug_assert!(len <= MAX_LENGTH);
        self.lengths.push(len);
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
    ///
    /// Errors: `internal` if it is larger than 4 GiB.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        let mut terms: Vec<(Box<str>, u32)> = std::mem::take(&mut self.ids).into_iter().collect();
        terms.sort_unstable();
        // Documents without terms at the end leave no trace.
        let with_terms = self.lengths.iter().rposition(|&len| len > 0);
        self.lengths.truncate(with_terms.map_or(0, |last| last + 1));
        let mut output = Output::new(&self.lengths);
        let mut input = ListInput::default();
        for (term, id) in &terms {
            // Taken, so that memory moves from the lists to the output as it is written.
            let list = self.lists.get_mut(*id as usize).map(std::mem::take);
            list.unwrap_or_default().unpack(&mut input);
            output.push(term.as_bytes(), &input);
        }
        output.finish()
    }
}

/// An index in the making, term by term in order.
pub(super) struct Output<'a> {
    corpus: Corpus<'a>,
    lists: Vec<u8>,
    dictionary: DictionaryWriter,
}

impl<'a> Output<'a> {
    /// An index of documents of these lengths.
    pub(super) fn new(lengths: &'a [u32]) -> Self {
        Output {
            corpus: Corpus { lengths },
            lists: Vec::new(),
            dictionary: DictionaryWriter::default(),
        }
    }

    /// Adds a term, which is above those before, with its documents, at least one.
    pub(super) fn push(&mut self, term: &[u8], input: &ListInput) {
        let start = self.lists.len();
        if let ([ordinal], [position]) = (&*input.ordinals, &*input.positions) {
            let limit = self.corpus.lengths.len() as u32;
            self.dictionary
                .push_single(term, start, *ordinal, *position, limit);
        } else {
            list_writer::encode(input, self.corpus, &mut self.lists);
            let bytes = self.lists.len() - start;
            let limit = self.corpus.lengths.len() as u32;
            self.dictionary
                .push_list(term, start, input.df(), bytes, limit);
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>> {
        let Output {
            corpus,
            lists,
            dictionary,
        } = self;
        let dictionary = dictionary.finish();
        let with_text = || corpus.lengths.iter().copied().filter(|&len| len > 0);
        let header = Header {
            ordinal_limit: corpus.lengths.len() as u32,
            doc_count: with_text().count() as u32,
            total_len: with_text().map(u64::from).sum(),
            term_count: dictionary.term_count,
            block_count: dictionary.starts.len() as u32,
            lists_bytes: lists.len() as u64,
            dictionary_bytes: dictionary.blocks.len() as u64,
            min_len: with_text().min().unwrap_or(0),
            max_len: with_text().max().unwrap_or(0),
            symbol_count: dictionary.coder.len(),
        };
        let total = header.starts().end;
        if total > u64::from(u32::MAX) {
            return Err(Error::internal("a text index beyond 4 GiB"));
        }
        let mut out = Vec::with_capacity(total as usize);
        header.encode(&mut out);
        lengths::encode(corpus.lengths, &mut out);
        out.extend(lists);
        out.extend(dictionary.blocks);
        dictionary.coder.write(&mut out);
        keys::encode(&dictionary.keys, &mut out);
        out.extend(
            dictionary
                .starts
                .iter()
                .flat_map(|start| start.to_le_bytes()),
        );
        Ok(out)
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
        debug_assert!(self.tf <= MAX_FREQUENCY);
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

    /// Replaces `input` by what is in the list.
    fn unpack(mut self, input: &mut ListInput) {
        self.close_doc();
        input.clear();
        let (mut docs, mut positions) = (self.docs.as_slice(), self.positions.as_slice());
        let mut next = 0;
        for _ in 0..self.df {
            // Written by `push`, so that it cannot fail.
            let ordinal = next + take_u32_varint(&mut docs).unwrap_or(0);
            let tf = take_u32_varint(&mut docs).unwrap_or(1);
            input.ordinals.push(ordinal);
            input.frequencies.push(tf);
            let mut position = 0;
            for _ in 0..tf {
                position += take_u32_varint(&mut positions).unwrap_or(0);
                input.positions.push(position);
            }
            next = ordinal + 1;
        }
    }
}

/// The fast hash of short strings; order and bytes of the output do not depend on it.
#[derive(Default)]
pub struct TermHasher(u64);

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
