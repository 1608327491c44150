//! A query's side of the codes: what is worked out once, before any row is looked at.
//!
//! Owns: [`Query`] and, for each centre that the segments have, [`Prepared`]. With q' = R (q - w c),
//! w the weight that leaves q' shortest, the score of a row splits into what is the same for all
//! rows, the estimate `scale * sum (sign_i q'_i)`, and `w * offset`. The sum is looked up in tables of
//! whole numbers; what rounding them costs is small beside the error of the codes, and counted.
//!
//! Under the Euclidean metric bounds are those of negative *squared* distances.

use super::codes::{Codes, codable};
use super::rotation::Rotation;
use crate::format::record::Metric;
use crate::kernel;
use crate::kernel::nibble::{Lookup, MAX_ENTRY, TABLE_BYTES, UNIT_DIMENSIONS};
use std::borrow::Cow;
use std::sync::Arc;

/// Dimensions of a lookup.
const GROUP: usize = 4;
/// What the arithmetic on scores may be off by, in parts of their size.
pub(super) const SLACK: f32 = 1e-5;

/// Largest weight of offsets. Any weight gives true bounds; this one keeps them finite.
const MAX_WEIGHT: f32 = 1e6;

/// A query vector, and how near the bounds of rows are to be.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    metric: Metric,
    /// At unit length under cosine.
    vector: Cow<'a, [f32]>,
    /// Standard deviations between estimate and bound.
    deviations: f32,
    rotation: Arc<Rotation>,
}

/// A query and a centre.
#[derive(Clone, Debug)]
pub struct Prepared {
    centre: Vec<f32>,
    tables: Vec<u8>,
    step: f32,
    /// Least sum of products, which the entries of 0 stand for.
    least: f32,
    /// Length of q'.
    norm: f32,
    weight: f32,
    base: f32,
    slack: f32,
}

impl<'a> Query<'a> {
    /// A query by `vector`; none where its numbers are too large for the arithmetic of codes, or
    /// under cosine too small. A true neighbour's bound is below its score with the probability that
    /// a normal variable exceeds `deviations`.
    #[must_use]
    pub fn new(metric: Metric, vector: &'a [f32], deviations: f32) -> Option<Query<'a>> {
        let inverse = 1.0 / kernel::norm_squared(vector).sqrt();
        let vector: Cow<'_, [f32]> = match metric {
            Metric::Cosine => vector.iter().map(|x| x * inverse).collect(),
            Metric::Dot | Metric::L2 => vector.into(),
        };
        codable(&vector).then(|| Query {
            metric,
            rotation: Rotation::of(vector.len()),
            vector,
            deviations,
        })
    }

    /// The query beside a centre of its dimension.
    #[must_use]
    pub fn prepare(&self, centre: &[f32]) -> Prepared {
        let (along, square) = (
            kernel::dot(&self.vector, centre),
            kernel::norm_squared(centre),
        );
        let weight = match self.metric {
            Metric::L2 => 1.0,
            Metric::Cosine | Metric::Dot if square > 0.0 => (along / square).clamp(0.0, MAX_WEIGHT),
            Metric::Cosine | Metric::Dot => 0.0,
        };
        let pairs = self.vector.iter().zip(centre);
        let mut rotated: Vec<f32> = pairs.map(|(q, c)| q - weight * c).collect();
        rotated.resize(self.rotation.padded(), 0.0);
        let residual = kernel::norm_squared(&rotated);
        self.rotation.apply(&mut rotated);
        let (tables, step, least) = tables(&rotated);
        let (base, size) = match self.metric {
            Metric::L2 => (-residual, residual),
            Metric::Cosine | Metric::Dot => {
                (along, (kernel::norm_squared(&self.vector) * square).sqrt())
            }
        };
        Prepared {
            centre: centre.to_vec(),
            tables,
            step,
            least,
            norm: residual.sqrt(),
            weight,
            base,
            slack: size * SLACK,
        }
    }

    /// The bound that a row must reach to have a score of `bar`, a little less for what rounding may
    /// cost.
    #[must_use]
    pub fn bound_of(&self, bar: f32) -> f32 {
        match self.metric {
            Metric::L2 => -(bar * bar) * (1.0 + SLACK),
            Metric::Cosine | Metric::Dot => bar,
        }
    }

    /// How sums over `codes`, which have the centre of `prepared`, become bounds.
    #[must_use]
    pub fn lookup<'p>(&self, prepared: &'p Prepared, codes: &Codes<'_>) -> Lookup<'p> {
        self.lookup_at(prepared, codes.noise)
    }

    /// The same for codes of that noise.
    pub(super) fn lookup_at<'p>(&self, prepared: &'p Prepared, noise: f32) -> Lookup<'p> {
        let groups = (prepared.tables.len() / TABLE_BYTES * UNIT_DIMENSIONS / GROUP) as f32;
        // Variance of the codes, and of rounding each entry by up to half a step.
        let of_codes = (noise * prepared.norm).powi(2);
        let of_entries = prepared.step.powi(2) * groups / 12.0;
        let margin = self.deviations * (of_codes + of_entries).sqrt();
        let factor = match self.metric {
            Metric::L2 => 2.0,
            Metric::Cosine | Metric::Dot => 1.0,
        };
        Lookup {
            tables: &prepared.tables,
            step: prepared.step * factor,
            bias: (prepared.least + margin) * factor,
            weight: prepared.weight,
            base: prepared.base + prepared.slack,
        }
    }

    /// How rows are compared with it.
    pub(super) fn metric(&self) -> Metric {
        self.metric
    }

    /// Its vector, at unit length under cosine.
    pub(super) fn vector(&self) -> &[f32] {
        &self.vector
    }
}

/// How many standard deviations a normal variable exceeds with the probability `1 - share`, `share`
/// from 0.5 to below 1, to 5e-4 (Abramowitz and Stegun, "Handbook of Mathematical Functions",
/// 26.2.23).
#[must_use]
pub fn deviations(share: f32) -> f32 {
    let t = (-2.0 * f64::from(1.0 - share).max(1e-12).ln())
        .max(0.0)
        .sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - above / below).max(0.0) as f32
}

impl Prepared {
    /// The centre it is for.
    #[must_use]
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }
}

/// The tables of a rotated residual, the worth of one in them, and of all entries at 0.
fn tables(rotated: &[f32]) -> (Vec<u8>, f32, f32) {
    let groups = rotated.as_chunks::<GROUP>().0;
    let size = |group: &[f32; GROUP]| group.iter().map(|x| x.abs()).sum::<f32>();
    let (mut largest, mut least) = (0f32, 0f32);
    for group in groups {
        largest = largest.max(size(group));
        least -= size(group);
    }
    // So many entries of this size, summed up, fit 16 bits.
    let top = f32::from(MAX_ENTRY).min((65_535 / groups.len().max(1)) as f32);
    let step = if largest > 0.0 {
        largest * 2.0 / top
    } else {
        1.0
    };
    let mut out = vec![0; groups.len() / 4 * TABLE_BYTES];
    for (unit, groups) in out
        .as_chunks_mut::<TABLE_BYTES>()
        .0
        .iter_mut()
        .zip(groups.as_chunks::<4>().0)
    {
        for (i, group) in groups.iter().enumerate() {
            let entries = entries(group, step, top);
            let at = i % 2 * 64 + i / 2 * 32;
            unit[at..at + 16].copy_from_slice(&entries);
            unit[at + 16..at + 32].copy_from_slice(&entries);
        }
    }
    (out, step, least)
}

/// What the signs of four dimensions are worth, bit i set standing for dimension i taken as it is,
/// above all of them taken the worse way.
fn entries(group: &[f32; GROUP], step: f32, top: f32) -> [u8; 16] {
    let scaled = group.map(|x| x * 2.0 / step);
    let mut sums = [scaled.iter().map(|x| (-x).max(0.0)).sum::<f32>() + 0.5; 16];
    for (i, x) in scaled.iter().enumerate() {
        for (n, sum) in sums.iter_mut().enumerate() {
            *sum += if n >> i & 1 == 1 { *x } else { 0.0 };
        }
    }
    sums.map(|x| x.clamp(0.0, top) as i32 as u8)
}
