//! k-means over whole numbers, the same on every processor.
//!
//! Owns: training and assignment (Lloyd's algorithm). Points and codewords are `f32` that hold whole
//! numbers, small enough that every sum of products is exact; so the kernels, which add in another
//! order at each level, give the same nearest codeword everywhere. Nothing is random: codewords start
//! from points at equal distances in the list.

use crate::kernel::Panel;

/// Largest norm of a point. Products of two such, half a square beside them, and all sums on the way
/// are multiples of a half below 2^23, which `f32` holds exactly.
pub(super) const MOST_NORM: f32 = 1448.0;

/// Points that are compared at a time: two registers of the widest level.
const BLOCK: usize = 32;

/// The nearest whole number, of two the even one, of a number below 2^22 in size.
///
/// Added to 1.5 x 2^23, a number has no room for a fraction; the library's own is a call each.
pub(super) fn whole(x: f32) -> f32 {
    const ROOM: f32 = 12_582_912.0;
    (x + ROOM) - ROOM
}

/// `count` codewords for `points` of `dim` numbers, after some rounds; as many points at least.
pub(super) fn train(points: &[f32], dim: usize, count: usize, rounds: usize) -> Vec<f32> {
    let all = points.len() / dim.max(1);
    let start = |i: usize| &points[i * all / count * dim..][..dim];
    let mut codewords: Vec<f32> = (0..count).flat_map(start).copied().collect();
    let mut of = Vec::new();
    for _ in 0..rounds {
        assign(&codewords, points, dim, &mut of);
        let mut sums = vec![0.0f64; codewords.len()];
        let mut members = vec![0u32; count];
        for (point, of) in points.chunks_exact(dim).zip(&of) {
            let at = usize::from(*of);
            members[at] += 1;
            for (sum, x) in sums[at * dim..][..dim].iter_mut().zip(point) {
                *sum += f64::from(*x);
            }
        }
        let means = codewords.chunks_exact_mut(dim).zip(sums.chunks_exact(dim));
        for ((codeword, sum), members) in means.zip(&members) {
            // A codeword that lost all its points stays where it is.
            if *members > 0 {
                for (x, sum) in codeword.iter_mut().zip(sum) {
                    *x = (sum / f64::from(*members)).round_ties_even() as f32;
                }
            }
        }
    }
    codewords
}

/// Replaces `of` by the number of the nearest codeword of each point; of equally near ones the first.
pub(super) fn assign(codewords: &[f32], points: &[f32], dim: usize, of: &mut Vec<u16>) {
    of.clear();
    // The nearest is the one with the largest product less half its square, which is one more
    // dimension in which each point is 1.
    let wide = dim + 1;
    let mut rows = Vec::with_capacity(codewords.len() / dim.max(1) * wide);
    for codeword in codewords.chunks_exact(dim) {
        rows.extend_from_slice(codeword);
        rows.push(-0.5 * codeword.iter().map(|x| x * x).sum::<f32>());
    }
    let mut block = Vec::with_capacity(BLOCK * wide);
    let mut nearest = Vec::new();
    for points in points.chunks(BLOCK * dim) {
        block.clear();
        for point in points.chunks_exact(dim) {
            block.extend_from_slice(point);
            block.push(1.0);
        }
        Panel::new(&block, wide).nearest(&rows, &mut nearest);
        of.extend(nearest.iter().map(|(row, _)| *row as u16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by definition.
    fn nearest(codewords: &[f32], point: &[f32]) -> u16 {
        let distance = |c: &[f32]| {
            c.iter()
                .zip(point)
                .map(|(x, y)| (x - y) * (x - y))
                .sum::<f32>()
        };
        let mut best = (f32::INFINITY, 0);
        for (c, i) in codewords.chunks_exact(point.len()).zip(0u16..) {
            let d = distance(c);
            best = if d < best.0 { (d, i) } else { best };
        }
        best.1
    }

    proptest! {
        #[test]
        fn a_point_goes_to_the_first_nearest_codeword(
            dim in 1usize..20,
            points in prop::collection::vec(-127i8..=127, 1..900),
            codewords in prop::collection::vec(-127i8..=127, 20..400),
        ) {
            let whole = |v: &[i8]| v.iter().map(|x| f32::from(*x / 16)).collect::<Vec<f32>>();
            let (points, codewords) = (whole(&points), whole(&codewords));
            let mut of = Vec::new();
            assign(&codewords, &points, dim, &mut of);
            let wanted: Vec<u16> = points.chunks_exact(dim).map(|p| nearest(&codewords, p)).collect();
            prop_assert_eq!(of, wanted);
        }
    }

    #[test]
    fn codewords_find_the_middles_of_heaps_and_stay_whole() {
        let heaps = [[-100.0, 50.0], [0.0, 0.0], [90.0, 90.0]];
        let near = |i: usize| heaps[i % 3].map(|x: f32| x + (i % 5) as f32 - 2.0);
        let points: Vec<f32> = (0..300).flat_map(near).collect();
        let mut found = train(&points, 2, 3, 5);
        assert!(found.iter().all(|x| x.fract() == 0.0));
        let mut found: Vec<[f32; 2]> = found.as_chunks_mut::<2>().0.to_vec();
        found.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(found, heaps);
    }
}
