//! How many of the estimated records are scored exactly.
//!
//! Owns: [`refine`]. How well estimates order the records depends on the data and the query, and the
//! exact scores that come in tell: they are fitted by a line over the estimates, and the spread about
//! it gives the chance of each record that is left to belong to the best. Scoring ends when less than
//! a small part of one hit is expected among all that are left.

use crate::error::Result;

/// Records that are scored before anything is concluded: for each hit, and at least.
const FIRST_EACH: usize = 4;
const FIRST: usize = 64;
/// How many times as many are scored next, at most.
const FARTHER: usize = 3;
/// Share of the hits that may be expected among the records left, of the share that may be missed:
/// the line is a fit, and the deviation about it is not the same everywhere.
const CAUTION: f64 = 0.1;

/// Scores records in the order of their estimates until `recall` of the best `k` are found.
///
/// `known` are exact scores of other records, `estimates` those of the records to be looked at, the
/// best first; `score` gives exact scores of some of them, which it may put into another order.
/// Returns how many were scored.
pub fn refine<D: Copy>(
    known: &[f32],
    estimates: &mut [(f32, D)],
    (k, recall): (usize, f32),
    mut score: impl FnMut(&mut [(f32, D)], &mut Vec<f32>) -> Result<()>,
) -> Result<usize> {
    let missed = f64::from(1.0 - recall) * CAUTION * k as f64;
    let mut exact = Vec::new();
    let mut depth = (k * FIRST_EACH).max(FIRST).min(estimates.len());
    while exact.len() < depth {
        score(&mut estimates[exact.len()..depth], &mut exact)?;
        let needed = needed(known, estimates, &exact, (k, missed));
        if needed > depth {
            // No farther than a fit of so few tells.
            let (least, most) = (depth + FIRST / 2, depth * FARTHER);
            depth = needed.clamp(least, most).min(estimates.len());
        }
    }
    Ok(exact.len())
}

/// How many of the estimates must be scored so that `missed` of the best `k` may be expected among
/// the others; `exact` has the scores of the first.
fn needed<D>(
    known: &[f32],
    estimates: &[(f32, D)],
    exact: &[f32],
    (k, missed): (usize, f64),
) -> usize {
    let mut all: Vec<f32> = known.iter().chain(exact).copied().collect();
    if all.len() < k || k == 0 {
        return estimates.len();
    }
    let (_, bar, _) = all.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let bar = f64::from(*bar);
    let line = Line::fit(estimates.iter().map(|(e, _)| *e), exact);
    let left = estimates[exact.len()..].iter();
    let chances = left.map(|(estimate, _)| line.chance_above(f64::from(*estimate), bar));
    // Estimates fall, and so do chances.
    let chances: Vec<f64> = chances.take_while(|chance| *chance >= 1e-9).collect();
    let mut expected = 0.0;
    let few = chances.iter().rev().take_while(|chance| {
        expected += **chance;
        expected <= missed
    });
    exact.len() + chances.len() - few.count()
}

/// Exact scores over estimates: a line and the deviation from it.
struct Line {
    mean: (f64, f64),
    slope: f64,
    deviation: f64,
}

impl Line {
    fn fit(estimates: impl Iterator<Item = f32> + Clone, exact: &[f32]) -> Line {
        let pairs = || {
            estimates
                .clone()
                .zip(exact)
                .map(|(x, y)| (f64::from(x), f64::from(*y)))
        };
        let n = exact.len().max(1) as f64;
        let mean = pairs().fold((0.0, 0.0), |m, (x, y)| (m.0 + x / n, m.1 + y / n));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in pairs() {
            let (dx, dy) = (x - mean.0, y - mean.1);
            xx += dx * dx;
            xy += dx * dy;
            yy += dy * dy;
        }
        let slope = if xx > 0.0 {
            (xy / xx).clamp(0.0, 2.0)
        } else {
            1.0
        };
        let rest = (yy - 2.0 * slope * xy + slope * slope * xx).max(0.0);
        let freedom = (n - 2.0).max(1.0);
        Line {
            mean,
            slope,
            deviation: (rest / freedom).sqrt(),
        }
    }

    /// The chance that a record with this estimate scores above `bar`.
    fn chance_above(&self, estimate: f64, bar: f64) -> f64 {
        let middle = self.mean.1 + self.slope * (estimate - self.mean.0);
        if self.deviation <= 0.0 {
            return if middle > bar { 1.0 } else { 0.0 };
        }
        above((bar - middle) / self.deviation)
    }
}

/// The chance of a normal variable to be above `z`: Abramowitz and Stegun, 26.2.17, within 1e-7.
fn above(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let factors = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let series = factors.iter().rev().fold(0.0, |sum, f| (sum + f) * t);
    let tail = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z >= 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_the_normal_distribution() {
        for (z, wanted) in [
            (0.0, 0.5),
            (1.0, 0.158_655_3),
            (-1.0, 0.841_344_7),
            (3.0, 0.001_349_9),
        ] {
            assert!((above(z) - wanted).abs() < 1e-6, "{z}");
        }
    }
}
