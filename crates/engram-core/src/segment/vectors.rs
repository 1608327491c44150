//! The dense vectors of one space of a segment, and their codes, checked as far as they are read.
//!
//! Owns: which chunks a reader of vectors has checked. A query reads the codes of all rows and the
//! vectors of few: checking the whole plane would read the whole file.

use super::Segment;
use super::plane::{Plane, VectorsHead};
use super::row_set::RowSet;
use crate::error::Result;
use crate::format::Malformed;
use crate::format::segment::{Part, kind};
use crate::format::space::Element;
use crate::index::vector::Codes;
use crate::kernel::Rows;
use std::ops::Range;

/// The dense vectors of one space.
#[derive(Clone, Copy)]
pub struct Vectors<'a> {
    segment: &'a Segment,
    part: Part,
    element: Element,
    stride: u64,
    plane_at: u64,
    norms_at: u64,
    scales_at: u64,
    rows: &'a RowSet,
    /// Not to be read before it is checked.
    plane: Plane<'a>,
}

impl<'a> Vectors<'a> {
    /// Which records have a vector.
    #[must_use]
    pub fn rows(&self) -> &'a RowSet {
        self.rows
    }

    /// Bytes of each vector.
    #[must_use]
    pub fn row_bytes(&self) -> u64 {
        self.stride
    }

    /// Length of each vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.plane.dimension
    }

    /// The vectors, all of them checked.
    pub fn all(&self) -> Result<Plane<'a>> {
        self.check(0..self.rows.len())?;
        Ok(self.plane)
    }

    /// The vectors, of which only `rows`, all below their number, may be read.
    pub fn some(&self, rows: &[u32]) -> Result<Plane<'a>> {
        for row in rows {
            self.check(*row..row + 1)?;
        }
        Ok(self.plane)
    }

    fn check(&self, rows: Range<u32>) -> Result<()> {
        let (first, last) = (u64::from(rows.start), u64::from(rows.end));
        let check = |at: u64, width: u64| {
            self.segment
                .check_in(self.part, at + first * width..at + last * width)
        };
        check(self.plane_at, self.stride)?;
        check(self.norms_at, 4)?;
        match self.element {
            Element::I8 => check(self.scales_at, 4),
            _ => Ok(()),
        }
    }
}

impl Segment {
    /// Bytes of embeddings, and of what is derived from them, in the spaces that `which` accepts.
    pub fn embedding_bytes(&self, which: impl Fn(u16) -> bool) -> u64 {
        let parts = self.sealed().parts().iter();
        let of_spaces = parts.filter(|p| kind::OF_SPACES.contains(&p.kind) && which(p.space));
        of_spaces.map(|p| p.len).sum()
    }

    /// The vectors of a dense space.
    pub fn dense(&self, space: u16) -> Result<Option<Vectors<'_>>> {
        let Some((part, head, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        if part.kind != kind::VECTORS {
            return Ok(None);
        }
        Ok(Some(Vectors {
            segment: self,
            part,
            element: head.element,
            stride: head.stride(),
            plane_at: head.plane_at(),
            norms_at: head.norms_at(),
            scales_at: head.scales_at(),
            rows,
            plane: self.unchecked_plane(part, &head)?,
        }))
    }

    fn unchecked_plane(&self, part: Part, head: &VectorsHead) -> Result<Plane<'_>> {
        let per_row = u64::from(head.count) * 4;
        let at = head.plane_at()..head.plane_at() + head.plane_len();
        let scales = head.scales_at()..head.scales_at() + per_row;
        let data = match head.element {
            Element::F32 => Rows::F32(self.cast(part, at)?),
            Element::F16 => Rows::F16(self.cast(part, at)?),
            Element::Bit => Rows::Bit(self.cast(part, at)?),
            Element::I8 => Rows::I8 {
                codes: self.cast(part, at)?,
                scales: self.cast(part, scales)?,
            },
        };
        Ok(Plane {
            dimension: head.dimension as usize,
            data,
            inverse_norms: self.cast(part, head.norms_at()..head.norms_at() + per_row)?,
        })
    }

    /// Unchecked bytes as numbers.
    pub(super) fn cast<T: bytemuck::AnyBitPattern>(
        &self,
        part: Part,
        range: Range<u64>,
    ) -> Result<&[T]> {
        bytemuck::try_cast_slice(self.unchecked(part, range)?)
            .map_err(|_| self.damaged(Malformed("a plane is not aligned")))
    }

    /// All vectors of a dense space, checked.
    pub fn plane(&self, space: u16) -> Result<Option<Plane<'_>>> {
        self.dense(space)?.map(|vectors| vectors.all()).transpose()
    }

    /// Whether a space has codes.
    #[must_use]
    pub fn has_codes(&self, space: u16) -> bool {
        self.part(kind::CODES, space).is_some()
    }

    /// The codes of a dense space, where it has any; they belong to the rows of `vectors`.
    pub fn codes(&self, space: u16, vectors: &Vectors<'_>) -> Result<Option<Codes<'_>>> {
        let Some(part) = self.part(kind::CODES, space) else {
            return Ok(None);
        };
        let codes = self.ok(Codes::open(self.whole(part)?))?;
        if codes.count != vectors.rows.len() as usize || codes.dimension != vectors.dimension() {
            return Err(self.damaged(Malformed(
                "codes contradict the vectors that they stand for",
            )));
        }
        Ok(Some(codes))
    }
}
