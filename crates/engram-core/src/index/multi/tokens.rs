//! The token vectors of a segment: where they lie, and the writer.
//!
//! Owns: the sections of F-170 behind the bitmap. Readers get ranges from [`Layout`]; nothing is read
//! here but the firsts.

use crate::error::{Error, Result};
use crate::format::codec::Writer;
use crate::format::space::{self, Element, Matrix};
use crate::kernel::{Rows, norm_squared};
use half::f16;
use std::ops::Range;

/// Where the sections lie, from the first byte behind the bitmap and its padding on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Type of the numbers.
    pub element: Element,
    /// Length of a vector.
    pub dimension: usize,
    /// Records that have vectors.
    pub records: u32,
    /// Vectors of all of them.
    pub tokens: u32,
}

fn aligned(at: u64) -> u64 {
    at.next_multiple_of(64)
}

impl Layout {
    /// Bytes of the firsts, which alone do not depend on the number of tokens.
    #[must_use]
    pub fn firsts(records: u32) -> Range<u64> {
        0..(u64::from(records) + 1) * 4
    }

    /// Bytes of the vectors of some tokens.
    #[must_use]
    pub fn plane(&self, tokens: Range<u32>) -> Range<u64> {
        let start = aligned(Layout::firsts(self.records).end);
        let stride = self.element.stride(self.dimension) as u64;
        start + u64::from(tokens.start) * stride..start + u64::from(tokens.end) * stride
    }

    /// Bytes of the inverse norms of some tokens; none for binary ones, whose norms are all the same.
    #[must_use]
    pub fn norms(&self, tokens: Range<u32>) -> Range<u64> {
        let start = aligned(self.plane(0..self.tokens).end);
        match self.element {
            Element::Bit => start..start,
            _ => start + u64::from(tokens.start) * 4..start + u64::from(tokens.end) * 4,
        }
    }

    /// Bytes of the scales of some tokens; none but for int8.
    #[must_use]
    pub fn scales(&self, tokens: Range<u32>) -> Range<u64> {
        let start = aligned(self.norms(0..self.tokens).end);
        match self.element {
            Element::I8 => start + u64::from(tokens.start) * 4..start + u64::from(tokens.end) * 4,
            _ => start..start,
        }
    }
}

/// One over the Euclidean norm; 0 for a zero vector.
pub(super) fn inverse_norm(vector: &[f32]) -> f32 {
    let norm = norm_squared(vector).sqrt();
    if norm > 0.0 { 1.0 / norm } else { 0.0 }
}

/// Collects the token vectors of records.
pub struct TokensWriter {
    element: Element,
    dimension: usize,
    firsts: Vec<u32>,
    plane: Plane,
    norms: Vec<f32>,
}

/// Vectors in the form in which they are written.
enum Plane {
    F32(Vec<f32>),
    F16(Vec<f16>),
    I8 { codes: Vec<i8>, scales: Vec<f32> },
    Bit(Vec<u64>),
}

impl Plane {
    fn push(&mut self, row: &[f32]) {
        match self {
            Plane::F32(all) => all.extend_from_slice(row),
            Plane::F16(all) => all.extend(row.iter().map(|x| space::to_f16(*x))),
            Plane::I8 { codes, scales } => {
                let scale = space::int8_scale(row);
                codes.extend(row.iter().map(|x| space::to_int8(*x, scale)));
                scales.push(scale);
            }
            Plane::Bit(all) => all.extend(row.chunks(64).map(|part| {
                let bits = part.iter().zip(0u32..);
                bits.fold(0, |word, (x, i)| word | u64::from(*x < 0.0) << i)
            })),
        }
    }

    fn rows(&self) -> Rows<'_> {
        match self {
            Plane::F32(x) => Rows::F32(x),
            Plane::F16(x) => Rows::F16(x),
            Plane::I8 { codes, scales } => Rows::I8 { codes, scales },
            Plane::Bit(x) => Rows::Bit(x),
        }
    }
}

impl TokensWriter {
    /// For vectors of `dimension` numbers, rounded to `element` already.
    #[must_use]
    pub fn new(element: Element, dimension: usize) -> TokensWriter {
        TokensWriter {
            element,
            dimension,
            firsts: vec![0],
            plane: match element {
                Element::F32 => Plane::F32(Vec::new()),
                Element::F16 => Plane::F16(Vec::new()),
                Element::I8 => Plane::I8 {
                    codes: Vec::new(),
                    scales: Vec::new(),
                },
                Element::Bit => Plane::Bit(Vec::new()),
            },
            norms: Vec::new(),
        }
    }

    /// Adds the vectors of the next record that has some.
    pub fn push(&mut self, matrix: &Matrix) -> Result<()> {
        for row in matrix.rows() {
            self.plane.push(row);
            self.norms.push(inverse_norm(row));
        }
        let end = u32::try_from(self.norms.len());
        self.firsts
            .push(end.map_err(|_| Error::internal("a segment has too many tokens"))?);
        Ok(())
    }

    /// The vectors so far, and one over the norm of each.
    pub(super) fn tokens(&self) -> (Rows<'_>, &[f32]) {
        (self.plane.rows(), &self.norms)
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Writes the sections; `w` is at a multiple of 64, counted from where the layout counts.
    pub fn write(&self, w: &mut Writer) {
        self.firsts.iter().for_each(|first| w.u32(*first));
        w.align(64);
        match &self.plane {
            Plane::F32(x) => w.f32s(x),
            Plane::F16(x) => x.iter().for_each(|h| w.u16(h.to_bits())),
            Plane::I8 { codes, .. } => w.bytes.extend(codes.iter().map(|c| c.cast_unsigned())),
            Plane::Bit(x) => x.iter().for_each(|word| w.u64(*word)),
        }
        w.align(64);
        if self.element != Element::Bit {
            w.f32s(&self.norms);
        }
        w.align(64);
        if let Plane::I8 { scales, .. } = &self.plane {
            w.f32s(scales);
        }
    }
}
