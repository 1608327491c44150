//! A text index, read from its bytes.
//!
//! Owns: the sections, and statistics about live documents. Invariants: `open` reads header, lengths and
//! the index over the dictionary; everything else is checked where it is read, and the whole by
//! [`TextIndexReader::check`]. Complexity: a length is one load; see `dictionary`, `list` and `postings`
//! for terms. The opposite side is `writer`; the layout is in the header of `text`.

use super::CorpusStats;
use super::dictionary::{Dictionary, TermInfo};
use super::layout::{HEADER_BYTES, Header, KEY_BYTES, corrupt};
use super::lengths;
use super::lengths::Lengths;
use super::list::{Block, List};
use super::list_writer::{IMPACT_LENGTHS, ListInput};
use super::postings::Postings;
use super::source::Source;
use super::symbols::Symbols;
use super::terms::Terms;
use crate::bitset::Bitset;
use crate::error::Result;
use roaring::RoaringBitmap;

/// Reads one text index.
#[derive(Clone, Copy)]
pub struct TextIndexReader<'a> {
    header: Header,
    source: Source<'a>,
    lengths: Lengths<'a>,
    symbols: Symbols<'a>,
    keys: &'a [[u8; KEY_BYTES]],
    starts: &'a [[u8; 4]],
}

/// Where a term is looked up, if it is anywhere; see [`TextIndexReader::locate`].
#[derive(Clone, Copy)]
pub struct Located(u32);

impl<'a> TextIndexReader<'a> {
    /// Opens an index; `source` is all of it.
    ///
    /// Errors: `corrupt.segment` if the header does not fit the bytes, and what a guard finds.
    pub fn open(source: impl Into<Source<'a>>) -> Result<Self> {
        let source = source.into();
        let header = Header::decode(source.get(0..HEADER_BYTES as u64)?, source.len())?;
        let lengths = Lengths::new(source.get(header.lengths())?, header.max_len);
        Ok(TextIndexReader {
            source,
            lengths,
            symbols: Symbols::new(source.get(header.symbols())?),
            keys: source.get(header.keys())?.as_chunks().0,
            starts: source.get(header.starts())?.as_chunks().0,
            header,
        })
    }

    fn dictionary(&self) -> Dictionary<'_> {
        Dictionary {
            header: &self.header,
            source: self.source,
            symbols: self.symbols,
            keys: self.keys,
            starts: self.starts,
        }
    }

    /// One more than the highest ordinal that has text.
    pub fn ordinal_limit(&self) -> u32 {
        self.header.ordinal_limit
    }

    /// Documents with text, deleted ones included.
    pub fn doc_count(&self) -> u32 {
        self.header.doc_count
    }

    /// The sum of all lengths, deleted documents included.
    pub fn total_len(&self) -> u64 {
        self.header.total_len
    }

    /// The length of the shortest document with text, deleted ones included; 0 if there is none.
    pub fn min_len(&self) -> u32 {
        self.header.min_len
    }

    /// Distinct terms.
    pub fn term_count(&self) -> u32 {
        self.header.term_count
    }

    /// The number of terms of a document; 0 for one without text, or beyond the last.
    #[inline]
    pub fn doc_len(&self, ordinal: u32) -> u32 {
        self.lengths.get(ordinal)
    }

    /// Writes the lengths of `ordinals` to `out`, side by side.
    #[inline]
    pub fn doc_lens(&self, ordinals: &[u32], out: &mut [u32]) {
        self.lengths.gather(ordinals, out);
    }

    /// Every term, ascending by byte.
    pub fn terms(&self) -> Result<Terms<'_>> {
        self.terms_from("")
    }

    /// The terms from the first that is not below `start`; those of a prefix come first.
    pub fn terms_from(&self, start: &str) -> Result<Terms<'_>> {
        self.dictionary().terms_from(start)
    }

    /// What the dictionary knows of a term.
    pub fn lookup(&self, term: &str) -> Result<Option<TermInfo>> {
        self.lookup_at(term, self.locate(term)?)
    }

    /// The first half of a lookup: finds the place and asks for its bytes, so that those of several
    /// terms arrive while others are looked for.
    #[inline]
    pub fn locate(&self, term: &str) -> Result<Located> {
        let dictionary = self.dictionary();
        let block = dictionary.block_of(term.as_bytes())?;
        dictionary.prefetch(block);
        Ok(Located(block))
    }

    /// The second half: looks at the place, and asks for the documents.
    pub fn lookup_at(&self, term: &str, at: Located) -> Result<Option<TermInfo>> {
        let found = self.dictionary().lookup(term.as_bytes(), at.0)?;
        if let Some(info) = found {
            self.prefetch(info);
        }
        Ok(found)
    }

    /// Asks for the documents of a term that was looked up before, in this index.
    #[inline]
    pub fn prefetch(&self, info: TermInfo) {
        if let Some(list) = info.list_range() {
            self.source
                .prefetch(self.header.lists().start.saturating_add(list.start));
        }
    }

    /// The documents of a term; `None` if no document has it.
    pub fn postings(&self, term: &str) -> Result<Option<Postings<'a>>> {
        self.lookup(term)?
            .map(|info| self.postings_at(info))
            .transpose()
    }

    /// The documents of a term that was looked up before, in this index.
    pub fn postings_at(&self, info: TermInfo) -> Result<Postings<'a>> {
        Postings::open(self.list_at(info)?)
    }

    /// The same, by blocks.
    pub fn list_at(&self, info: TermInfo) -> Result<List<'a>> {
        let (lists, limit) = (self.header.lists(), self.header.ordinal_limit);
        List::open(info, lists, self.source, self.lengths, limit)
    }

    /// Sizes without the `deleted` ordinals.
    pub fn live_stats(&self, deleted: &RoaringBitmap) -> CorpusStats {
        let mut gone = CorpusStats::default();
        for ordinal in deleted
            .iter()
            .take_while(|&ordinal| ordinal < self.header.ordinal_limit)
        {
            gone.add_doc(self.doc_len(ordinal));
        }
        CorpusStats {
            doc_count: u64::from(self.doc_count()).saturating_sub(gone.doc_count),
            total_len: self.total_len().saturating_sub(gone.total_len),
        }
    }

    /// How many documents of a term are in `set`, by looking for each of `set`.
    pub fn count_in(&self, info: TermInfo, set: &RoaringBitmap) -> Result<u32> {
        let mut postings = self.postings_at(info)?;
        let mut count = 0;
        for ordinal in set {
            match postings.seek(ordinal)? {
                Some(posting) => count += u32::from(posting.ordinal == ordinal),
                None => break,
            }
        }
        Ok(count)
    }

    /// How many documents of a term are not in `set`, by looking at each of the term.
    pub fn count_outside(&self, info: TermInfo, set: &Bitset) -> Result<u32> {
        let (list, mut block) = (self.list_at(info)?, Block::default());
        let mut count = 0;
        for number in 0..list.blocks() {
            if let Some(bitmap) = list.bitmap(number)? {
                let halves = [bitmap as u64, (bitmap >> 64) as u64];
                for (i, half) in halves.into_iter().enumerate() {
                    let inside = set.words().get(2 * number + i).copied().unwrap_or(0);
                    count += (half & !inside).count_ones();
                }
                continue;
            }
            list.decode(number, &mut block)?;
            let outside = block.ordinals().iter().filter(|&&o| !set.contains(o));
            count += outside.count() as u32;
        }
        Ok(count)
    }

    /// Replaces `out` by the documents of a term, as they were written.
    pub(super) fn read_list(&self, info: TermInfo, out: &mut ListInput) -> Result<()> {
        out.clear();
        let (list, mut block) = (self.list_at(info)?, Block::default());
        for number in 0..list.blocks() {
            list.decode(number, &mut block)?;
            let mut positions = list.positions(number)?;
            for (&ordinal, &tf) in block.ordinals().iter().zip(block.frequencies()) {
                if out.ordinals.last().is_some_and(|&last| last >= ordinal) {
                    return Err(corrupt("ordinals out of order"));
                }
                out.ordinals.push(ordinal);
                out.frequencies.push(tf);
                positions.take(tf, self.doc_len(ordinal), &mut |p| out.positions.push(p))?;
            }
        }
        if out.df() != info.df {
            return Err(corrupt("a list of more or fewer documents than it says"));
        }
        Ok(())
    }

    /// Reads everything and proves that the parts agree: counts, lengths, lists, positions, bounds.
    pub fn check(&self) -> Result<()> {
        self.lengths
            .check(self.header.min_len, self.header.max_len)?;
        let mut lengths = vec![0u64; self.header.ordinal_limit as usize];
        let (mut term_count, mut list_end) = (0u32, 0);
        let mut input = ListInput::default();
        let mut terms = self.terms()?;
        while let Some(info) = terms.advance()? {
            if let Some(range) = info.list_range() {
                if range.start != list_end {
                    return Err(corrupt("posting lists that do not follow each other"));
                }
                list_end = range.end;
            }
            term_count += 1;
            self.read_list(info, &mut input)?;
            for (&ordinal, &tf) in input.ordinals.iter().zip(&input.frequencies) {
                if let Some(length) = lengths.get_mut(ordinal as usize) {
                    *length += u64::from(tf);
                }
            }
            self.check_bounds(info)?;
        }
        if term_count != self.term_count() || list_end != self.header.lists_bytes {
            return Err(corrupt("postings that no term has"));
        }
        self.check_lengths(&lengths)
    }

    /// Proves that no document is beyond the bounds of its block.
    fn check_bounds(&self, info: TermInfo) -> Result<()> {
        let (list, mut block) = (self.list_at(info)?, Block::default());
        for number in 0..list.blocks() {
            list.decode(number, &mut block)?;
            let impacts = list.impacts(number);
            for (&ordinal, &tf) in block.ordinals().iter().zip(block.frequencies()) {
                let level = (tf as usize - 1).min(IMPACT_LENGTHS - 1);
                let shortest = impacts.lengths.get(level).copied().unwrap_or(0);
                let is_within = shortest != lengths::NO_LENGTH
                    && lengths::length_of(shortest) <= self.doc_len(ordinal)
                    && (impacts.max_tf == u8::MAX || tf <= impacts.max_tf.into());
                if !is_within || ordinal > list.last(number) {
                    return Err(corrupt("a document beyond the bound of its block"));
                }
            }
        }
        Ok(())
    }

    fn check_lengths(&self, counted: &[u64]) -> Result<()> {
        let mut stats = CorpusStats::default();
        for (ordinal, &counted) in (0..).zip(counted) {
            stats.add_doc(self.doc_len(ordinal));
            if counted != u64::from(self.doc_len(ordinal)) {
                return Err(corrupt("a document length that its terms do not make up"));
            }
        }
        let stored = CorpusStats {
            doc_count: self.doc_count().into(),
            total_len: self.total_len(),
        };
        if stats == stored {
            Ok(())
        } else {
            Err(corrupt("totals that the documents do not make up"))
        }
    }
}
