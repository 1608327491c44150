//! BM25 as Lucene computes it, over statistics that the caller adds up.
//!
//! Owns: the formula. Invariants: a score depends on the live documents alone, not on how they are
//! spread over segments, because the caller sums [`CorpusStats`] and document frequencies over all
//! segments and tables, deleted documents left out, before any scorer is made. A score rises with
//! the frequency and falls with the length, also in `f32`, so that [`super::Bound`] gives a true
//! upper bound. Source: Robertson and Zaragoza 2009; Lucene's `BM25Similarity` for the idf that is
//! never negative and for the form of the fraction.

/// The two parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How soon further occurrences stop to count; 0 makes presence all that counts.
    pub k1: f32,
    /// How much length counts, 0 to 1.
    pub b: f32,
}

impl Default for Bm25 {
    fn default() -> Self {
        Bm25 { k1: 1.2, b: 0.75 }
    }
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

    fn average_len(&self) -> f64 {
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

/// Scores the occurrences of one term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermScorer {
    weight: f32,
    fixed: f32,
    per_len: f32,
}

impl TermScorer {
    /// A scorer for a term that `df` live documents have and that the query holds `query_weight`
    /// times.
    pub fn new(bm25: Bm25, stats: CorpusStats, df: u64, query_weight: f32) -> Self {
        TermScorer {
            weight: query_weight * idf(df, stats.doc_count),
            fixed: bm25.k1 * (1.0 - bm25.b),
            per_len: (f64::from(bm25.k1 * bm25.b) / stats.average_len()) as f32,
        }
    }

    /// The score of a document of `len` terms in which the term stands `tf` times, at least once.
    pub fn score(&self, tf: u32, len: u32) -> f32 {
        // weight * tf / (tf + norm), in the form whose roundings keep it monotonic.
        let norm = self.fixed + self.per_len * len as f32;
        self.weight - self.weight / (1.0 + tf as f32 / norm)
    }
}
