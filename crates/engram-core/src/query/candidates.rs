//! The vectors of a segment that a query may find, and the scoring of all of them.

use super::similarity::Target;
use crate::error::Result;
use crate::index::vector::{At, Best, Codes, Rows};
use crate::kernel::nibble::ROWS;
use crate::segment::Vectors;
use crate::state::VectorSlots;
use std::borrow::Cow;

/// The vectors of one segment that a query may find.
pub(super) struct Candidates<'a> {
    pub(super) part: u32,
    pub(super) vectors: Vectors<'a>,
    /// By row; every row where there is none.
    pub(super) wanted: Option<Cow<'a, [u64]>>,
    pub(super) count: u64,
}

impl Candidates<'_> {
    /// Whether scoring them all reads hardly more than the blocks of codes that they lie in; codes are
    /// not the end of it.
    pub(super) fn are_cheaper_whole(&self, codes: &Codes<'_>) -> bool {
        let Some(words) = &self.wanted else {
            return false;
        };
        let halves = words
            .iter()
            .flat_map(|word| [*word as u32, (word >> 32) as u32]);
        let blocks = halves.filter(|rows| *rows != 0).count() as u64;
        let of_codes = blocks * (codes.blocks.len() / codes.count.div_ceil(ROWS).max(1)) as u64;
        self.count * self.vectors.row_bytes() * 3 <= of_codes * 4
    }

    /// Offers the score of each.
    pub(super) fn score(&self, target: &Target<'_>, best: &mut Best) -> Result<()> {
        let (part, mut scores) = (self.part, Vec::new());
        if self.wanted.is_none() {
            target.all_scores(&self.vectors.all()?, &mut scores);
            for (score, row) in scores.iter().zip(0u32..) {
                best.offer(*score, At { part, row });
            }
            return Ok(());
        }
        let rows = self.rows();
        target.scores_of(&self.vectors.some(&rows)?, &rows, &mut scores);
        for (score, row) in scores.iter().zip(rows) {
            best.offer(*score, At { part, row });
        }
        Ok(())
    }

    /// The rows, ascending.
    fn rows(&self) -> Vec<u32> {
        match &self.wanted {
            None => (0..self.vectors.rows().len()).collect(),
            Some(words) => ones(words),
        }
    }
}

/// Where the vectors behind codes lie.
pub(super) enum Whole<'a> {
    Segment(Vectors<'a>),
    Memory(&'a VectorSlots),
}

/// Scores rows by their number.
pub(super) struct Exact<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) whole: Whole<'a>,
}

impl Rows for Exact<'_> {
    fn scores(&self, rows: &[u32], out: &mut Vec<f32>) -> Result<()> {
        match &self.whole {
            Whole::Segment(vectors) => self.target.scores_of(&vectors.some(rows)?, rows, out),
            Whole::Memory(slots) => {
                out.clear();
                let entries = rows.iter().map(|slot| slots.entry(*slot));
                let vectors = entries.map(|e| e.and_then(|e| e.record.vector(self.target.space())));
                out.extend(vectors.map(|v| v.map_or(f32::NEG_INFINITY, |v| self.target.score(v))));
            }
        }
        Ok(())
    }
}

fn ones(words: &[u64]) -> Vec<u32> {
    let mut out = Vec::new();
    for (word, first) in words.iter().zip((0u32..).step_by(64)) {
        let mut rest = *word;
        while rest != 0 {
            out.push(first + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
    out
}

/// Bits that are set.
pub(super) fn count(words: &[u64]) -> u64 {
    words.iter().map(|w| u64::from(w.count_ones())).sum()
}
