//! BM25 as Lucene computes it, over statistics that the caller adds up.
//!
//! Owns: the formula, its rounding, and its upper bounds. Invariants: a score depends on the live
//! documents alone, not on how they are spread over segments, because the caller sums [`CorpusStats`] and
//! document frequencies over all segments and tables, deleted documents left out, before any scorer is
//! made. Every score of a query is a multiple of its *quantum*, a power of two so chosen that sums of
//! them are exact in `f32`: the order of addition does not matter, and a search that skips what cannot
//! win gives the same bits as one that adds everything. Sources: Robertson and Zaragoza 2009; Lucene's
//! `BM25Similarity` for the idf that is never negative and for the form of the fraction.

use super::lengths::{NO_LENGTH, length_of};
use super::list::Impacts;
use crate::kernel::impact::Impact;

/// The two parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How soon further occurrences stop to count; 0 makes presence all that counts.
    pub k1: f32,
    /// How much length counts, 0 to 1.
    pub b: f32,
}

/// Sizes of what is searched: live documents with text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CorpusStats {
    /// Documents with at least one term.
    pub doc_count: u64,
    /// Terms of all of them.
    pub total_len: u64,
}

impl CorpusStats {
    /// Adds another part of the corpus.
    pub fn add(&mut self, other: CorpusStats) {
        self.doc_count += other.doc_count;
        self.total_len += other.total_len;
    }

    /// Adds one document; one without terms does not count.
    pub fn add_doc(&mut self, len: u32) {
        self.doc_count += u64::from(len > 0);
        self.total_len += u64::from(len);
    }

    /// Takes one document away that was added before.
    pub fn remove_doc(&mut self, len: u32) {
        self.doc_count -= u64::from(len > 0);
        self.total_len -= u64::from(len);
    }

    /// The mean length of documents with terms; 1 if there are none.
    pub fn average_len(&self) -> f64 {
        if self.total_len == 0 {
            1.0
        } else {
            self.total_len as f64 / self.doc_count.max(1) as f64
        }
    }
}

/// The weight of a term that `df` of `doc_count` documents have.
pub fn idf(df: u64, doc_count: u64) -> f32 {
    let (df, n) = (df as f64, doc_count.max(df) as f64);
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln() as f32
}

/// What all terms of a query share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    fixed: f32,
    per_len: f32,
    doc_count: u64,
    quantum: f32,
}

impl Scale {
    /// The scale of a query over the corpus of `stats`; `terms` are the document frequency of each of
    /// its terms and how often the query holds it.
    pub fn new(
        bm25: Bm25,
        stats: CorpusStats,
        terms: impl IntoIterator<Item = (u64, f32)>,
    ) -> Self {
        let weights = terms.into_iter();
        let total: f64 = weights
            .map(|(df, times)| f64::from(times * idf(df, stats.doc_count)))
            .sum();
        // No document scores above `total`; 2^23 quanta hold it, 2^24 are exact, and the rest is room
        // for what rounding adds.
        let exponent = total.log2().floor().clamp(-80.0, 80.0) as i32 + 1 - 23;
        Scale {
            fixed: bm25.k1 * (1.0 - bm25.b),
            per_len: (f64::from(bm25.k1 * bm25.b) / stats.average_len()) as f32,
            doc_count: stats.doc_count,
            quantum: 2f32.powi(exponent),
        }
    }

    /// The scorer of a term that `df` live documents have and that the query holds `times` times.
    pub fn term(&self, df: u64, times: f32) -> TermScorer {
        TermScorer(Impact {
            weight: times * idf(df, self.doc_count),
            fixed: self.fixed,
            per_len: self.per_len,
            magic: self.quantum * 8_388_608.0,
            floor: self.quantum,
        })
    }

    /// What bounds scores from the impacts of a block.
    pub fn bounds(&self) -> Bounds {
        let mut bounds = Bounds {
            norms: [0.0; CODES],
            few: [[0.0; CODES]; 3],
        };
        for (code, norm) in (0..NO_LENGTH).zip(&mut bounds.norms) {
            *norm = self.fixed + self.per_len * length_of(code) as f32;
        }
        for (tf, shares) in [1.0, 2.0, 3.0].into_iter().zip(&mut bounds.few) {
            let known = shares.iter_mut().zip(&bounds.norms).take(CODES - 1);
            known.for_each(|(share, norm)| *share = tf / (tf + norm));
        }
        bounds
    }
}

const CODES: usize = 256;

/// The share of a term's weight that a document can have, by frequency and length code.
#[derive(Clone)]
pub struct Bounds {
    norms: [f32; CODES],
    few: [[f32; CODES]; 3],
}

impl Bounds {
    /// The largest share that a document of a block has, but for rounding.
    #[inline]
    pub fn share(&self, impacts: Impacts) -> f32 {
        let at = |row: &[f32; CODES], code: u8| row.get(usize::from(code)).copied().unwrap_or(1.0);
        let [one, two, three, more] = impacts.lengths;
        let [first, second, third] = &self.few;
        let few = at(first, one).max(at(second, two)).max(at(third, three));
        let tf = f32::from(impacts.max_tf);
        match more {
            NO_LENGTH => few,
            _ if impacts.max_tf == u8::MAX => 1.0,
            _ => few.max(tf / (tf + at(&self.norms, more))),
        }
    }
}

/// Scores the occurrences of one term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermScorer(Impact);

impl TermScorer {
    /// The score of a document of `len` terms in which the term stands `tf` times, at least once.
    #[inline]
    pub fn score(&self, tf: u32, len: u32) -> f32 {
        self.0.of(tf as f32, len as f32)
    }

    /// The same for many documents, side by side.
    #[inline]
    pub fn scores(&self, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
        crate::kernel::impact::impacts(&self.0, tfs, lens, out);
    }

    /// What no score exceeds that has at most this share of the weight; a multiple of the quantum.
    #[inline]
    pub fn bound(&self, share: f32) -> f32 {
        let Impact {
            weight,
            magic,
            floor,
            ..
        } = self.0;
        // Shares are rounded a few times on both sides: one part in 2^20 covers that.
        let raw = weight * share * (1.0 + 1.0 / (1 << 20) as f32);
        ((raw + magic) - magic) + floor
    }
}
