//! What lists cover, and what share of them a query must read.

use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};

/// Depths that shares are known for.
pub const DEPTHS: [usize; 5] = [1, 3, 10, 30, 100];
/// Recalls that shares are known for, ascending.
const RECALLS: [f32; 10] = [0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998];
/// The part of what a query may miss that lists miss; the rest is for the bounds of codes.
const BUDGET: f32 = 0.3;
/// A share holds for so much more than its depth: shares grow slowly, and a few deleted rows are to change nothing.
const A_LITTLE_DEEPER: f64 = 1.25;

/// A segment whose rows are in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Its id.
    pub id: u64,
    /// Its rows, all of which are.
    pub rows: u32,
}

/// The first part of a segment of lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Length of the vectors.
    pub dimension: usize,
    /// Lists.
    pub lists: usize,
    /// Root mean square of what the signs miss of a row, from 0 to 1.
    pub noise: f32,
    /// The segments whose rows they hold. Rows are numbered from 0 through all of them.
    pub covered: Vec<Covered>,
    /// By depth and recall.
    shares: Vec<f32>,
}

impl Head {
    /// The head of lists whose shares are to be taken from `needs`.
    #[must_use]
    pub fn new(dimension: usize, lists: usize, covered: Vec<Covered>, needs: &Needs) -> Head {
        Head {
            dimension,
            lists,
            noise: 0.0,
            covered,
            shares: needs.shares(),
        }
    }

    /// Rows that are in lists, each counted once.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.covered.iter().map(|c| u64::from(c.rows)).sum()
    }

    /// The share of entries to read so that of the best `depth` rows the recall asked for is found, and the
    /// depth that it holds for; none where that is not known.
    #[must_use]
    pub fn share(&self, depth: f64, recall: f32) -> Option<(f32, usize)> {
        let at = DEPTHS
            .iter()
            .position(|known| *known as f64 * A_LITTLE_DEEPER >= depth)?;
        let shares = self
            .shares
            .get(at * RECALLS.len()..)?
            .get(..RECALLS.len())?;
        let recall = 1.0 - (1.0 - recall) * BUDGET;
        let above = RECALLS.iter().position(|known| *known >= recall)?;
        let (high, share) = (RECALLS[above], shares[above]);
        let low = above.checked_sub(1).map(|i| (RECALLS[i], shares[i]));
        let (low, low_share) = low.unwrap_or((0.0, 0.0));
        // In between, the share grows with the logarithm of what may be missed.
        let step = |recall: f32| -(1.0 - recall).ln();
        let part = (step(recall) - step(low)) / (step(high) - step(low));
        Some((low_share + (share - low_share) * part, DEPTHS[at]))
    }

    /// Appends the part.
    pub fn encode(&self, w: &mut Writer) {
        w.u32(self.dimension as u32);
        w.u32(self.lists as u32);
        w.f32s(&[self.noise]);
        w.u32(self.covered.len() as u32);
        w.f32s(&self.shares);
        for covered in &self.covered {
            w.u64(covered.id);
            w.u32(covered.rows);
        }
    }

    /// Reads the part.
    pub fn decode(bytes: &[u8]) -> Decode<Head> {
        let mut r = Reader::new(bytes);
        let (dimension, lists) = (r.u32()? as usize, r.u32()? as usize);
        let noise = f32::from_bits(r.u32()?);
        let count = r.u32()? as usize;
        if dimension == 0 || dimension > crate::format::limits::MAX_DIMENSION || lists == 0 {
            return Err(Malformed("lists have impossible sizes"));
        }
        let mut shares = Vec::with_capacity(DEPTHS.len() * RECALLS.len());
        for _ in 0..DEPTHS.len() * RECALLS.len() {
            shares.push(f32::from_bits(r.u32()?));
        }
        let sound = |x: &f32| (0.0..=1.0).contains(x);
        if !sound(&noise) || !shares.iter().all(sound) {
            return Err(Malformed("the head of lists holds impossible numbers"));
        }
        if r.rest().len() != count * 12 {
            return Err(Malformed("the head of lists has the wrong length"));
        }
        let mut covered = Vec::with_capacity(count);
        for _ in 0..count {
            covered.push(Covered {
                id: r.u64()?,
                rows: r.u32()?,
            });
        }
        let head = Head {
            dimension,
            lists,
            noise,
            covered,
            shares,
        };
        match head.rows() < u64::from(super::NO_ROW) {
            true => Ok(head),
            false => Err(Malformed("lists cover too many rows")),
        }
    }
}

/// What shares of all entries the neighbours of sampled rows needed.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    by_depth: [Vec<f32>; DEPTHS.len()],
}

impl Needs {
    /// Notes the needs of the neighbours of one row, the nearest first.
    pub fn note(&mut self, needs: &[f32]) {
        for (depth, known) in DEPTHS.iter().zip(&mut self.by_depth) {
            known.extend(needs.iter().take(*depth));
        }
    }

    fn shares(&self) -> Vec<f32> {
        let mut out = Vec::new();
        for known in &self.by_depth {
            let mut known = known.clone();
            known.sort_unstable_by(f32::total_cmp);
            out.extend(RECALLS.map(|recall| {
                // One more than would do in the sample.
                let at = (f64::from(recall) * known.len() as f64) as usize;
                known
                    .get(at)
                    .or(known.last())
                    .map_or(1.0, |x| x.clamp(0.0, 1.0))
            }));
        }
        // Finding more, or deeper, never needs less.
        let width = RECALLS.len();
        for i in 0..out.len() {
            if let Some(above) = i.checked_sub(width) {
                out[i] = out[i].max(out[above]);
            }
        }
        out
    }
}
