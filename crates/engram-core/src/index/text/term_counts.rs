//! The terms of one record that is in no segment yet.
//!
//! Owns: a table with what a segment knows about a document: frequencies, positions, length.
//! Invariants: terms ascend by byte, each once; positions ascend within a term. Limits: texts of
//! less than 4 GiB of terms. Complexity: building sorts the terms; a lookup is a binary search. Three
//! allocations a record, since there may be many. The same about many documents: `writer`.

use super::Analyzer;

/// The term table of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermCounts {
    /// All terms, one after the other.
    text: Box<str>,
    /// Where each term ends in `text`, and its positions in `positions`.
    ends: Box<[(u32, u32)]>,
    positions: Box<[u32]>,
}

/// One term of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermCount<'a> {
    /// The term.
    pub term: &'a str,
    /// Where it stands; the number of them is the frequency.
    pub positions: &'a [u32],
}

impl TermCounts {
    /// Analyses a text.
    pub fn new(text: &str, analyzer: &Analyzer) -> TermCounts {
        let mut arena = String::new();
        let mut found: Vec<(usize, usize, u32)> = Vec::new();
        analyzer.analyze(text, |term, position, _| {
            found.push((arena.len(), term.len(), position));
            arena.push_str(term);
        });
        let term_of = |&(start, length, _): &(usize, usize, u32)| {
            arena.get(start..start + length).unwrap_or("")
        };
        found.sort_by(|a, b| term_of(a).cmp(term_of(b)));
        let mut terms = String::new();
        let mut ends = Vec::new();
        let mut positions = Vec::with_capacity(found.len());
        for same in found.chunk_by(|a, b| term_of(a) == term_of(b)) {
            terms.push_str(same.first().map_or("", term_of));
            positions.extend(same.iter().map(|(_, _, position)| *position));
            ends.push((terms.len() as u32, positions.len() as u32));
        }
        TermCounts {
            text: terms.into(),
            ends: ends.into(),
            positions: positions.into(),
        }
    }

    /// The number of terms, each occurrence counted: the document's length.
    pub fn doc_len(&self) -> u32 {
        self.positions.len() as u32
    }

    /// How often `term` occurs.
    pub fn tf(&self, term: &str) -> u32 {
        self.positions(term).len() as u32
    }

    /// Where `term` occurs; nowhere if it does not.
    pub fn positions(&self, term: &str) -> &[u32] {
        let index = self.lower_bound(term);
        self.get(index)
            .filter(|found| found.term == term)
            .map_or(&[], |found| found.positions)
    }

    /// The terms in order.
    pub fn iter(&self) -> impl Iterator<Item = TermCount<'_>> {
        (0..self.ends.len()).filter_map(|index| self.get(index))
    }

    /// The terms that begin with `prefix`, in order.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = TermCount<'a>> {
        (self.lower_bound(prefix)..self.ends.len())
            .filter_map(|index| self.get(index))
            .take_while(move |found| found.term.starts_with(prefix))
    }

    /// Bytes this table holds on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 8 + self.positions.len() * 4
    }

    fn get(&self, index: usize) -> Option<TermCount<'_>> {
        let (start, first) = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => (0, 0),
        };
        let (end, last) = *self.ends.get(index)?;
        Some(TermCount {
            term: self.text.get(start as usize..end as usize)?,
            positions: self.positions.get(first as usize..last as usize)?,
        })
    }

    /// The index of the first term not below `term`.
    fn lower_bound(&self, term: &str) -> usize {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(found) if found.term < term => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}
