//! A text index, read from its bytes.
//!
//! Owns: the sections, and statistics about live documents. Invariants: `open` reads the header
//! alone; everything else is checked where it is read, and the whole by [`TextIndexReader::check`].
//! Complexity: a length is one load; see `dictionary` and `postings` for terms. The opposite side
//! is `writer`; the layout is in the header of `text`.

use super::CorpusStats;
use super::dictionary::{Dictionary, TermInfo, Terms};
use super::layout::{HEADER_BYTES, Header, corrupt, take_bytes, u32_at};
use super::postings::Postings;
use crate::error::Result;
use roaring::RoaringBitmap;

/// Reads one text index.
#[derive(Clone, Copy)]
pub struct TextIndexReader<'a> {
    header: Header,
    lengths: &'a [u8],
    postings: &'a [u8],
    dictionary: Dictionary<'a>,
}

impl<'a> TextIndexReader<'a> {
    /// Opens an index; `bytes` is all of it.
    ///
    /// Errors: `corrupt.segment` if the header does not fit the bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let header = Header::decode(bytes)?;
        let mut rest = bytes;
        take_bytes(&mut rest, HEADER_BYTES as u64)?;
        let lengths = take_bytes(&mut rest, header.lengths_bytes())?;
        let postings = take_bytes(&mut rest, header.postings_bytes)?;
        let terms = take_bytes(&mut rest, header.dictionary_bytes)?;
        let dictionary = Dictionary {
            header,
            bytes: terms,
            starts: rest,
        };
        Ok(TextIndexReader {
            header,
            lengths,
            postings,
            dictionary,
        })
    }

    /// One more than the highest ordinal.
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

    /// Distinct terms.
    pub fn term_count(&self) -> u32 {
        self.header.term_count
    }

    /// The number of terms of a document; 0 for one without text, or beyond the last.
    #[inline]
    pub fn doc_len(&self, ordinal: u32) -> u32 {
        u32_at(self.lengths, ordinal as usize * 4).unwrap_or(0)
    }

    /// Every term, ascending by byte.
    pub fn terms(&self) -> Result<Terms<'a>> {
        self.terms_from("")
    }

    /// The terms from the first that is not below `start`; those of a prefix come first.
    pub fn terms_from(&self, start: &str) -> Result<Terms<'a>> {
        self.dictionary.terms_from(start)
    }

    /// What the dictionary knows of a term.
    pub fn lookup(&self, term: &str) -> Result<Option<TermInfo>> {
        self.dictionary.lookup(term)
    }

    /// The documents of a term; `None` if no document has it.
    pub fn postings(&self, term: &str) -> Result<Option<Postings<'a>>> {
        self.lookup(term)?
            .map(|info| self.postings_at(info))
            .transpose()
    }

    /// The documents of a term that was looked up before, in this index.
    pub fn postings_at(&self, info: TermInfo) -> Result<Postings<'a>> {
        let mut list = self.postings;
        take_bytes(&mut list, info.start)?;
        let list = take_bytes(&mut list, info.bytes)?;
        Postings::open(info, list, self.lengths, self.header.ordinal_limit)
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

    /// Documents of a term that are not `deleted`.
    ///
    /// Walks the shorter of the two, so that few deletions cost little.
    pub fn live_df(&self, info: TermInfo, deleted: &RoaringBitmap) -> Result<u32> {
        if deleted.is_empty() {
            return Ok(info.df);
        }
        let mut postings = self.postings_at(info)?;
        let mut gone = 0;
        if deleted.len() < u64::from(info.df) {
            for ordinal in deleted {
                match postings.seek(ordinal)? {
                    Some(posting) => gone += u32::from(posting.ordinal == ordinal),
                    None => break,
                }
            }
        } else {
            while let Some(posting) = postings.next()? {
                gone += u32::from(deleted.contains(posting.ordinal));
            }
        }
        Ok(info.df - gone)
    }

    /// Reads everything and proves that the parts agree: counts, lengths, postings, positions.
    pub fn check(&self) -> Result<()> {
        let mut lengths = vec![0u64; self.lengths.len() / 4];
        let (mut term_count, mut list_end) = (0u32, 0);
        let mut positions = Vec::new();
        for item in self.terms()? {
            let (_, info) = item?;
            if info.start != list_end {
                return Err(corrupt("posting lists that do not follow each other"));
            }
            (term_count, list_end) = (term_count + 1, info.start + info.bytes);
            let mut postings = self.postings_at(info)?;
            let bound = postings.bound()?;
            while let Some(posting) = postings.next()? {
                positions.clear();
                postings.positions(&mut positions)?;
                if let Some(length) = lengths.get_mut(posting.ordinal as usize) {
                    *length += u64::from(posting.tf);
                }
                if posting.tf > bound.max_tf || self.doc_len(posting.ordinal) < bound.min_len {
                    return Err(corrupt("a document beyond the bound of its list"));
                }
            }
        }
        if term_count != self.term_count() || list_end != self.header.postings_bytes {
            return Err(corrupt("postings that no term has"));
        }
        self.check_lengths(&lengths)
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
