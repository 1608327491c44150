//! The token vectors of one space of a segment, and their codes, checked as far as they are read.
//!
//! Owns: where the tokens of a record lie, and which chunks a reader of them has checked. What the
//! sections hold is `index::multi`.

use super::Segment;
use super::row_set::RowSet;
use crate::error::Result;
use crate::format::Malformed;
use crate::format::codec::Reader;
use crate::format::segment::{Part, kind};
use crate::format::space::{Element, Matrix};
use crate::index::multi::{Layout, TokenCodes, Tokens};
use crate::kernel::Rows;
use std::ops::Range;

/// The token vectors of one space.
#[derive(Clone, Copy)]
pub struct MultiVectors<'a> {
    segment: &'a Segment,
    part: Part,
    /// Where the sections begin, from the start of the part.
    base: u64,
    layout: Layout,
    rows: &'a RowSet,
    firsts: &'a [u32],
    /// Not to be read before it is checked.
    tokens: Tokens<'a>,
}

impl<'a> MultiVectors<'a> {
    /// Which records have vectors.
    #[must_use]
    pub fn rows(&self) -> &'a RowSet {
        self.rows
    }

    /// Length of each vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.layout.dimension
    }

    /// The tokens of a row.
    pub fn range(&self, row: u32) -> Result<Range<usize>> {
        let at = row as usize;
        let (start, end) = (
            self.firsts.get(at).copied(),
            self.firsts.get(at + 1).copied(),
        );
        match (start, end) {
            (Some(start), Some(end)) if start < end && end <= self.layout.tokens => {
                Ok(start as usize..end as usize)
            }
            _ => Err(self.segment.damaged(Malformed("a record has no tokens"))),
        }
    }

    /// The token vectors, of which only those in `ranges`, results of [`MultiVectors::range`], may be
    /// read.
    pub fn some(&self, ranges: &[Range<usize>]) -> Result<Tokens<'a>> {
        // What lies side by side is checked at once.
        for near in ranges.chunk_by(|a, b| a.end == b.start) {
            if let (Some(first), Some(last)) = (near.first(), near.last()) {
                self.check(first.start as u32..last.end as u32)?;
            }
        }
        Ok(self.tokens)
    }

    fn check(&self, tokens: Range<u32>) -> Result<()> {
        let sections = [
            self.layout.plane(tokens.clone()),
            self.layout.norms(tokens.clone()),
            self.layout.scales(tokens),
        ];
        for at in sections {
            self.segment
                .check_in(self.part, self.base + at.start..self.base + at.end)?;
        }
        Ok(())
    }

    /// The vectors of a row.
    pub(super) fn matrix(&self, row: u32) -> Result<Matrix> {
        let range = self.range(row)?;
        let tokens = self.some(std::slice::from_ref(&range))?;
        let mut data = Vec::with_capacity(range.len() * self.layout.dimension);
        for token in range {
            tokens.rows.decode(self.layout.dimension, token, &mut data);
        }
        Ok(Matrix {
            dimension: self.layout.dimension as u32,
            data,
        })
    }
}

impl Segment {
    /// The token vectors of a space of multi-vectors.
    pub fn multi(&self, space: u16) -> Result<Option<MultiVectors<'_>>> {
        let Some((part, head, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        if part.kind != kind::MULTI || rows.is_empty() {
            return Ok(None);
        }
        let base = head.plane_at();
        let at = |section: Range<u64>| base + section.start..base + section.end;
        let firsts = Layout::firsts(rows.len());
        self.check_in(part, at(firsts.clone()))?;
        let last = at(firsts.end - 4..firsts.end);
        let layout = Layout {
            element: head.element,
            dimension: head.dimension as usize,
            records: rows.len(),
            tokens: self.ok(Reader::new(self.bytes(part, last)?).u32())?,
        };
        // Below this, no offset overflows.
        if layout.dimension == 0 || u64::from(layout.tokens) * u64::from(head.dimension) > 1 << 48 {
            return Err(self.damaged(Malformed("token vectors have impossible sizes")));
        }
        let all = || 0..layout.tokens;
        let plane = at(layout.plane(all()));
        let rows_of = match layout.element {
            Element::F32 => Rows::F32(self.cast(part, plane)?),
            Element::F16 => Rows::F16(self.cast(part, plane)?),
            Element::Bit => Rows::Bit(self.cast(part, plane)?),
            Element::I8 => Rows::I8 {
                codes: self.cast(part, plane)?,
                scales: self.cast(part, at(layout.scales(all())))?,
            },
        };
        let inverse_norms = match layout.element {
            Element::Bit => None,
            _ => Some(self.cast(part, at(layout.norms(all())))?),
        };
        Ok(Some(MultiVectors {
            segment: self,
            part,
            base,
            layout,
            rows,
            firsts: self.cast(part, at(firsts))?,
            tokens: Tokens {
                rows: rows_of,
                inverse_norms,
            },
        }))
    }

    /// The codes of token vectors, where there are any.
    pub fn token_codes(
        &self,
        space: u16,
        vectors: &MultiVectors<'_>,
    ) -> Result<Option<TokenCodes<'_>>> {
        let Some(part) = self.part(kind::MULTI_INDEX, space) else {
            return Ok(None);
        };
        let codes = self.ok(TokenCodes::open(self.whole(part)?))?;
        let fits = codes.tokens() == vectors.layout.tokens as usize
            && codes.dimension == vectors.dimension();
        match fits {
            true => Ok(Some(codes)),
            false => Err(self.damaged(Malformed(
                "token codes contradict the vectors that they stand for",
            ))),
        }
    }
}
