//! The codes of one space of a segment: one bit a dimension and two factors a row (F-150 to F-153).
//!
//! Owns: the part's layout, writer and reader. With the centre c, the residual r = v - c of a vector
//! (under cosine, of the vector at unit length) and o = R r, R the rotation, a row keeps the signs of
//! o, `scale` = |o|^2 / sum |o_i|, and `offset` = c r, or under the Euclidean metric -|r|^2. Then
//! `scale * sum (sign_i q_i)` estimates the product of o and any q without bias, with an error of
//! `scale * |q| * sqrt(1 - a^2)`, a = sum |o_i| / (sqrt(D) |o|) being the cosine of o and its signs
//! (Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound",
//! SIGMOD 2024). The part keeps the root mean square of sqrt(1 - a^2) as its `noise`.
//!
//! Invariants: same vectors, metric and centre, same bytes, on every machine. A reader of hostile
//! bytes gets `Malformed`, or numbers that lead to other candidates; scores never come from here.

use super::arithmetic::{bfloat16, bfloat16_up, dot, magnitudes};
use super::rotation::{Rotation, padded};
use crate::format::codec::{Reader, Writer};
use crate::format::record::Metric;
use crate::format::{Decode, Malformed};
use crate::kernel::nibble::{ROWS, UNIT_BYTES, UNIT_DIMENSIONS, block_bytes};

/// Bytes before the centre.
const HEAD_BYTES: usize = 16;
/// Alignment of the blocks from the start of the part.
const ALIGN: usize = 64;

/// Vectors that a centre is taken from at most; more would not move it.
pub const CENTRE_SAMPLE: usize = 4096;

/// Largest number of vectors that are coded: no arithmetic on bounds overflows below it.
const MAX_NUMBER: f32 = 1e12;

/// Whether the arithmetic on codes can hold the numbers of `vector`.
#[must_use]
pub fn codable(vector: &[f32]) -> bool {
    vector.iter().all(|x| x.abs() <= MAX_NUMBER)
}

/// Takes the mean of vectors, at unit length where the metric is cosine.
pub struct CentreBuilder {
    metric: Metric,
    sums: Vec<f64>,
    count: u32,
}

impl CentreBuilder {
    /// No vector yet.
    #[must_use]
    pub fn new(metric: Metric, dimension: usize) -> CentreBuilder {
        CentreBuilder {
            metric,
            sums: vec![0.0; dimension],
            count: 0,
        }
    }

    /// Takes a vector into account, unless it cannot be coded.
    pub fn push(&mut self, vector: &[f32]) {
        if codable(vector) {
            let factor = f64::from(unit_factor(self.metric, vector));
            for (sum, x) in self.sums.iter_mut().zip(vector) {
                *sum += f64::from(*x) * factor;
            }
            self.count += 1;
        }
    }

    /// The mean; zeros where there is nothing to take it from.
    #[must_use]
    pub fn finish(self) -> Vec<f32> {
        let count = f64::from(self.count.max(1));
        self.sums.iter().map(|x| (x / count) as f32).collect()
    }
}

/// What a vector is multiplied by before it is coded.
pub(super) fn unit_factor(metric: Metric, vector: &[f32]) -> f32 {
    match metric {
        Metric::Dot | Metric::L2 => 1.0,
        Metric::Cosine => match dot(vector, vector).sqrt() {
            norm if norm > 0.0 => 1.0 / norm,
            _ => 0.0,
        },
    }
}

/// What is kept of a row beside its signs.
struct Factors {
    scale: u16,
    offset: u16,
    /// 1 - a^2; none where the row is the centre.
    noise: Option<f64>,
}

/// Codes vectors one after the other.
pub struct CodesBuilder {
    metric: Metric,
    centre: Vec<f32>,
    rotation: Rotation,
    residual: Vec<f32>,
    blocks: Vec<u8>,
    count: usize,
    noise: f64,
    noisy: f64,
}

impl CodesBuilder {
    /// No row yet; the centre, which is [`codable`], has the dimension of the vectors.
    #[must_use]
    pub fn new(metric: Metric, centre: &[f32]) -> CodesBuilder {
        CodesBuilder {
            metric,
            centre: centre.to_vec(),
            rotation: Rotation::new(centre.len()),
            residual: Vec::new(),
            blocks: Vec::new(),
            count: 0,
            noise: 0.0,
            noisy: 0.0,
        }
    }

    /// Rows so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a row for a [`codable`] vector.
    pub fn push(&mut self, vector: &[f32]) {
        let factors = self.code(vector);
        let units = self.rotation.padded() / UNIT_DIMENSIONS;
        let (row, block_len) = (self.count % ROWS, block_bytes(units));
        self.skip();
        let last = self.blocks.len() - block_len;
        let (codes, tail) = self.blocks[last..].split_at_mut(units * UNIT_BYTES);
        put_signs(codes, row, &self.residual);
        tail[row * 2..][..2].copy_from_slice(&factors.scale.to_le_bytes());
        tail[ROWS * 2 + row * 2..][..2].copy_from_slice(&factors.offset.to_le_bytes());
        if let Some(noise) = factors.noise {
            (self.noise, self.noisy) = (self.noise + noise, self.noisy + 1.0);
        }
    }

    /// Adds a row that stands for nothing, and is never to be looked at.
    pub fn skip(&mut self) {
        if self.count.is_multiple_of(ROWS) {
            let block = block_bytes(self.rotation.padded() / UNIT_DIMENSIONS);
            self.blocks.resize(self.blocks.len() + block, 0);
        }
        self.count += 1;
    }

    /// The codes so far.
    #[must_use]
    pub fn codes(&self) -> Codes<'_> {
        let mean = if self.noisy > 0.0 {
            self.noise / self.noisy
        } else {
            0.0
        };
        Codes {
            dimension: self.centre.len(),
            count: self.count,
            noise: mean.sqrt() as f32,
            centre: &self.centre,
            blocks: &self.blocks,
        }
    }

    /// Leaves the rotated residual in `residual`.
    fn code(&mut self, vector: &[f32]) -> Factors {
        let factor = unit_factor(self.metric, vector);
        self.residual.clear();
        let pairs = vector.iter().zip(&self.centre);
        self.residual.extend(pairs.map(|(x, c)| x * factor - c));
        let along = dot(&self.centre, &self.residual);
        self.residual.resize(self.rotation.padded(), 0.0);
        self.rotation.apply(&mut self.residual);
        let square = dot(&self.residual, &self.residual);
        let sum = magnitudes(&self.residual);
        let offset = match self.metric {
            Metric::Cosine | Metric::Dot => along,
            Metric::L2 => -square,
        };
        let d = self.residual.len() as f64;
        let noise = 1.0 - f64::from(sum) * f64::from(sum) / (d * f64::from(square));
        Factors {
            scale: bfloat16(if sum > 0.0 { square / sum } else { 0.0 }),
            offset: bfloat16_up(offset),
            noise: (square > 0.0 && noise.is_finite()).then_some(noise.clamp(0.0, 1.0)),
        }
    }
}

/// Appends the codes of vectors that are all [`codable`], as is the centre; `w` stands at a multiple
/// of 64.
pub fn encode<'a>(
    w: &mut Writer,
    metric: Metric,
    centre: &[f32],
    vectors: impl Iterator<Item = &'a [f32]>,
) {
    let mut builder = CodesBuilder::new(metric, centre);
    vectors.for_each(|vector| builder.push(vector));
    builder.codes().encode(w);
}

/// Sets the bits of row `j` of a block.
pub(super) fn put_signs(codes: &mut [u8], j: usize, rotated: &[f32]) {
    let units = codes.as_chunks_mut::<UNIT_BYTES>().0.iter_mut();
    for (unit, numbers) in units.zip(rotated.as_chunks::<UNIT_DIMENSIONS>().0) {
        for (half, numbers) in numbers.as_chunks::<8>().0.iter().enumerate() {
            let bit = |(i, x): (usize, &f32)| u8::from(*x >= 0.0) << i;
            unit[half * ROWS + j] = numbers.iter().enumerate().map(bit).fold(0, |a, b| a | b);
        }
    }
}

/// The codes of one space of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    /// Length of the vectors.
    pub dimension: usize,
    /// Rows.
    pub count: usize,
    /// Root mean square of what the signs miss of a row, from 0 to 1.
    pub noise: f32,
    /// What was taken from each vector.
    pub centre: &'a [f32],
    /// Blocks as `kernel::nibble` reads them.
    pub blocks: &'a [u8],
}

impl<'a> Codes<'a> {
    /// Reads a part, which starts at a multiple of 4 in memory.
    pub fn open(part: &'a [u8]) -> Decode<Codes<'a>> {
        let mut r = Reader::new(part);
        let (dimension, count) = (r.u32()? as usize, r.u32()? as usize);
        let noise = f32::from_bits(r.u32()?);
        if dimension == 0 || dimension > crate::format::limits::MAX_DIMENSION {
            return Err(Malformed("codes have an impossible dimension"));
        }
        if r.u32()? != 0 || !(0.0..=1.0).contains(&noise) {
            return Err(Malformed("the head of codes holds impossible numbers"));
        }
        let first = (HEAD_BYTES + dimension * 4).next_multiple_of(ALIGN);
        let block = block_bytes(padded(dimension) / UNIT_DIMENSIONS);
        // Neither product can overflow: the factors are below 2^28 and 2^14.
        if part.len() as u64 != first as u64 + count.div_ceil(ROWS) as u64 * block as u64 {
            return Err(Malformed("codes have the wrong length"));
        }
        let centre = part
            .get(HEAD_BYTES..HEAD_BYTES + dimension * 4)
            .unwrap_or_default();
        let centre: &[f32] =
            bytemuck::try_cast_slice(centre).map_err(|_| Malformed("codes are not aligned"))?;
        if !codable(centre) {
            return Err(Malformed("a centre is out of bounds"));
        }
        Ok(Codes {
            dimension,
            count,
            noise,
            centre,
            blocks: part.get(first..).unwrap_or_default(),
        })
    }

    /// Appends the part; `w` stands at a multiple of 64.
    pub fn encode(&self, w: &mut Writer) {
        w.u32(self.dimension as u32);
        w.u32(self.count as u32);
        w.f32s(&[self.noise]);
        w.u32(0);
        w.f32s(self.centre);
        w.align(ALIGN);
        w.bytes.extend_from_slice(self.blocks);
    }
}
