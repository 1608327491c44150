//! The writer of lists.

use super::super::arithmetic::{bfloat16, bfloat16_up, dot, magnitudes};
use super::super::codes::put_signs;
use super::super::rotation::Rotation;
use crate::format::record::Metric;
use crate::kernel::nibble::{ROWS, UNIT_BYTES, UNIT_DIMENSIONS, block_bytes};

/// Where each list begins, in blocks, and one more for their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(pub Vec<u32>);

impl Places {
    /// The places of lists of so many entries each; none where there are too many.
    #[must_use]
    pub fn new(counts: &[u32]) -> Option<Places> {
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut end = 0u32;
        for count in counts {
            starts.push(end);
            end = end.checked_add(count.div_ceil(ROWS as u32))?;
        }
        starts.push(end);
        // Entries are counted in 32 bits too.
        (end < u32::MAX / ROWS as u32).then_some(Places(starts))
    }

    /// All blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.0.last().map_or(0, |end| *end as usize)
    }
}

/// Codes rows beside the centres of their lists.
pub struct ListsWriter<'a> {
    metric: Metric,
    rotation: Rotation,
    /// The rotated centres.
    centres: Vec<f32>,
    codes: &'a mut [u8],
    residual: Vec<f32>,
    noise: f64,
    noisy: f64,
}

impl<'a> ListsWriter<'a> {
    /// A writer into `codes`, which has room for all blocks.
    #[must_use]
    pub fn new(
        metric: Metric,
        dimension: usize,
        (codes, scales): (&[i8], &[f32]),
        into: &'a mut [u8],
    ) -> ListsWriter<'a> {
        let rotation = Rotation::new(dimension);
        let mut centres = Vec::with_capacity(scales.len() * rotation.padded());
        for (codes, scale) in codes.chunks_exact(dimension).zip(scales) {
            let start = centres.len();
            centres.extend(codes.iter().map(|x| f32::from(*x) * scale));
            centres.resize(start + rotation.padded(), 0.0);
            rotation.apply(&mut centres[start..]);
        }
        ListsWriter {
            metric,
            rotation,
            centres,
            codes: into,
            residual: Vec::new(),
            noise: 0.0,
            noisy: 0.0,
        }
    }

    /// Replaces a row, as [`unit`](super::unit) makes it, by what [`ListsWriter::put`] takes.
    pub fn rotate(&self, row: &mut Vec<f32>) {
        row.resize(self.rotation.padded(), 0.0);
        self.rotation.apply(row);
    }

    /// Codes a rotated row as an entry of a list: entry `at`, counted through the blocks of all of them.
    pub fn put(&mut self, list: u32, at: usize, rotated: &[f32]) {
        let padded = self.rotation.padded();
        let centre = &self.centres[list as usize * padded..][..padded];
        self.residual.clear();
        let pairs = rotated.iter().zip(centre);
        self.residual.extend(pairs.map(|(x, c)| x - c));
        let square = dot(&self.residual, &self.residual);
        let sum = magnitudes(&self.residual);
        let scale = bfloat16(if sum > 0.0 { square / sum } else { 0.0 });
        let offset = match self.metric {
            Metric::Cosine | Metric::Dot => 0,
            Metric::L2 => bfloat16_up(-square - 2.0 * dot(centre, &self.residual)),
        };
        let units = padded / UNIT_DIMENSIONS;
        let (block, row) = (at / ROWS, at % ROWS);
        let block = &mut self.codes[block * block_bytes(units)..][..block_bytes(units)];
        let (codes, tail) = block.split_at_mut(units * UNIT_BYTES);
        put_signs(codes, row, &self.residual);
        tail[row * 2..][..2].copy_from_slice(&scale.to_le_bytes());
        tail[ROWS * 2 + row * 2..][..2].copy_from_slice(&offset.to_le_bytes());
        let noise = 1.0 - f64::from(sum) * f64::from(sum) / (padded as f64 * f64::from(square));
        if square > 0.0 && noise.is_finite() {
            (self.noise, self.noisy) = (self.noise + noise.clamp(0.0, 1.0), self.noisy + 1.0);
        }
    }

    /// Root mean square of what the signs of all rows so far miss.
    #[must_use]
    pub fn noise(&self) -> f32 {
        match self.noisy > 0.0 {
            true => (self.noise / self.noisy).sqrt() as f32,
            false => 0.0,
        }
    }
}

/// The next entry of each list.
pub struct Slots(Vec<u32>);

impl Slots {
    /// All lists empty.
    #[must_use]
    pub fn new(places: &Places) -> Slots {
        Slots(places.0.iter().map(|block| block * ROWS as u32).collect())
    }

    /// The next entry of a list, counted through the blocks of all of them.
    pub fn take(&mut self, list: u32) -> usize {
        let next = &mut self.0[list as usize];
        *next += 1;
        *next as usize - 1
    }
}

/// The lists of a row that is in two, or in one if both are the same, ascending.
pub fn each_list([a, b]: [u32; 2]) -> impl Iterator<Item = u32> {
    let second = (a != b).then_some(a.max(b));
    std::iter::once(a.min(b)).chain(second)
}
