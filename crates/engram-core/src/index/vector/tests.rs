//! Laws of the codes and of the cascade, against plain arithmetic.

use super::*;
use crate::error::Result;
use crate::format::codec::Writer;
use crate::format::record::Metric;
use crate::index::normal::Normal;
use crate::kernel;
use proptest::prelude::*;

/// Vectors as embeddings are: a large mean, some strong directions, clusters, and noise.
fn embeddings(rows: usize, dimension: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut normal = Normal(seed);
    let mean = normal.vector(dimension);
    let directions: Vec<Vec<f32>> = (0..6).map(|_| normal.vector(dimension)).collect();
    let clusters: Vec<Vec<f32>> = (0..rows.div_ceil(50))
        .map(|_| normal.vector(dimension))
        .collect();
    (0..rows)
        .map(|i| {
            let mut v: Vec<f32> = mean.iter().map(|x| x * 1.5).collect();
            for direction in &directions {
                let size = normal.next() * 0.6;
                v.iter_mut()
                    .zip(direction)
                    .for_each(|(x, d)| *x += d * size);
            }
            let cluster = &clusters[i % clusters.len()];
            v.iter_mut().zip(cluster).for_each(|(x, c)| *x += c * 0.9);
            v.iter_mut().for_each(|x| *x += normal.next() * 0.7);
            v
        })
        .collect()
}

fn score(metric: Metric, q: &[f32], v: &[f32]) -> f32 {
    match metric {
        Metric::Dot => kernel::dot(q, v),
        Metric::L2 => -kernel::l2_squared(q, v).sqrt(),
        Metric::Cosine => {
            kernel::dot(q, v) / (kernel::norm_squared(q) * kernel::norm_squared(v)).sqrt()
        }
    }
}

fn centre_of(metric: Metric, vectors: &[Vec<f32>]) -> Vec<f32> {
    let mut builder = CentreBuilder::new(metric, vectors[0].len());
    vectors.iter().for_each(|v| builder.push(v));
    builder.finish()
}

fn encoded(metric: Metric, centre: &[f32], vectors: &[Vec<f32>]) -> Vec<u8> {
    let mut w = Writer::new();
    encode(&mut w, metric, centre, vectors.iter().map(Vec::as_slice));
    w.bytes
}

struct Plain<'a> {
    metric: Metric,
    query: &'a [f32],
    vectors: &'a [Vec<f32>],
}

impl Rows for Plain<'_> {
    fn scores(&self, rows: &[u32], out: &mut Vec<f32>) -> Result<()> {
        out.clear();
        let vectors = rows.iter().map(|row| &self.vectors[*row as usize]);
        out.extend(vectors.map(|v| score(self.metric, self.query, v)));
        Ok(())
    }
}

/// The bounds of all rows of a part, by a scan of its own.
fn bounds(query: &Query<'_>, codes: &Codes<'_>) -> Vec<f32> {
    let prepared = query.prepare(codes.centre);
    let blocks = codes.count.div_ceil(kernel::nibble::ROWS);
    let (mut out, mut maxima) = (vec![0.0; blocks * kernel::nibble::ROWS], vec![0.0; blocks]);
    let lookup = query.lookup(&prepared, codes);
    kernel::nibble::bounds(codes.blocks, lookup, None, &mut out, &mut maxima);
    out.truncate(codes.count);
    out
}

/// What the bounds are of: scores, or negative squared distances.
fn bounded(metric: Metric, score: f32) -> f32 {
    match metric {
        Metric::L2 => -score * score,
        Metric::Cosine | Metric::Dot => score,
    }
}

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// The mean error of the estimates is nought within what chance allows, and the errors spread as far
/// as the margin says.
#[test]
fn estimates_are_unbiased_and_bounds_hold_as_often_as_said() {
    for (metric, dimension) in METRICS.into_iter().zip([384, 200, 768]) {
        let vectors = embeddings(1500, dimension, 11);
        let (centre, queries) = (centre_of(metric, &vectors), embeddings(20, dimension, 12));
        let part = encoded(metric, &centre, &vectors);
        let codes = Codes::open(&part).unwrap();
        let (mut bias, mut spread, mut below, mut n) = (0.0, 0.0, 0.0, 0.0);
        for q in &queries {
            let estimate = bounds(&Query::new(metric, q, 0.0).unwrap(), &codes);
            let margin = bounds(&Query::new(metric, q, 1.0).unwrap(), &codes);
            let bound = bounds(&Query::new(metric, q, deviations(0.99)).unwrap(), &codes);
            for (row, v) in vectors.iter().enumerate() {
                let truth = bounded(metric, score(metric, q, v));
                let size = margin[row] - estimate[row];
                let error = (estimate[row] - truth) / size;
                bias += f64::from(error);
                spread += f64::from(error * error);
                below += f64::from(u8::from(bound[row] < truth));
                n += 1.0;
            }
        }
        let (bias, spread, below) = (bias / n, (spread / n).sqrt(), below / n);
        // A little above: offsets are rounded up.
        assert!(
            (-0.05..0.15).contains(&bias),
            "{metric:?}: bias {bias} of a deviation"
        );
        assert!(
            (0.75..1.1).contains(&spread),
            "{metric:?}: spread {spread} deviations"
        );
        assert!(
            below < 0.015,
            "{metric:?}: {below} of the bounds are too low"
        );
    }
}

#[test]
fn deviations_are_those_of_the_normal_distribution() {
    for (share, expected) in [
        (0.5, 0.0),
        (0.9, 1.281_55),
        (0.95, 1.644_85),
        (0.99, 2.326_35),
    ] {
        assert!((deviations(share) - expected).abs() < 1e-3, "{share}");
    }
    assert!(deviations(0.999_999) > 4.5 && deviations(1.0).is_finite());
}

/// Finds the best `k` in parts of `sizes` rows, each with its own centre where `centres` says so.
fn find(
    metric: Metric,
    vectors: &[Vec<f32>],
    sizes: &[usize],
    shared: bool,
    q: &[f32],
    k: usize,
    wanted: &dyn Fn(usize) -> bool,
) -> Vec<(f32, usize)> {
    let mut encoded_parts = Vec::new();
    let mut starts = Vec::new();
    let mut start = 0;
    for size in sizes {
        let rows = &vectors[start..start + size];
        let centre = centre_of(metric, if shared { vectors } else { rows });
        let mask: Vec<u64> = (0..size.div_ceil(64))
            .map(|w| {
                (0..64).fold(0, |word, i| {
                    let row = w * 64 + i;
                    word | u64::from(row < *size && wanted(start + row)) << i
                })
            })
            .collect();
        encoded_parts.push((encoded(metric, &centre, rows), mask, rows));
        starts.push(start);
        start += size;
    }
    let parts: Vec<Part<'_, Plain<'_>>> = encoded_parts
        .iter()
        .zip(0..)
        .map(|((bytes, mask, rows), part)| Part {
            part,
            codes: Codes::open(bytes).unwrap(),
            wanted: Some(mask),
            rows: Plain {
                metric,
                query: q,
                vectors: rows,
            },
        })
        .collect();
    let query = Query::new(metric, q, deviations(0.99)).unwrap();
    let found = |threads| {
        let (mut best, mut scratch) = (Best::new(k), Scratch::default());
        let counts = search(&query, &parts, threads, &mut best, &mut scratch).unwrap();
        let mut found: Vec<(f32, usize)> = best
            .into_found()
            .into_iter()
            .map(|(s, at)| (s, starts[at.part as usize] + at.row as usize))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        (found, counts)
    };
    let alone = found(1);
    // Threads change nothing of what is found, nor of how.
    for threads in [2, 3, 50] {
        assert_eq!(found(threads), alone);
    }
    alone.0
}

#[derive(Clone, Copy, Debug)]
enum Pattern {
    /// Each row by chance.
    Random(f64),
    /// The farthest rows from the query.
    Far(f64),
    /// The nearest rows.
    Near(f64),
    /// A run of rows.
    Run(f64),
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let share = prop_oneof![Just(1.0), Just(0.5), Just(0.1), Just(0.02)];
    (share, 0..4).prop_map(|(share, kind)| match kind {
        0 => Pattern::Random(share),
        1 => Pattern::Far(share),
        2 => Pattern::Near(share),
        _ => Pattern::Run(share),
    })
}

/// The rows that a pattern lets through.
fn allowed(pattern: Pattern, scores: &[f32], seed: u64) -> Vec<bool> {
    let n = scores.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut out = vec![false; n];
    match pattern {
        Pattern::Random(share) => {
            let mut normal = Normal(seed);
            out.iter_mut().for_each(|x| *x = normal.uniform() < share);
        }
        Pattern::Far(share) => {
            let count = (n as f64 * share) as usize;
            order
                .iter()
                .rev()
                .take(count)
                .for_each(|row| out[*row] = true);
        }
        Pattern::Near(share) => {
            let count = (n as f64 * share) as usize;
            order.iter().take(count).for_each(|row| out[*row] = true);
        }
        Pattern::Run(share) => {
            let first = n / 3;
            out[first..first + ((n - first) as f64 * share) as usize].fill(true);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The recall asked for is reached whatever is masked, every score is exact, and nothing that is
    /// masked is found.
    #[test]
    fn recall_holds_under_any_mask(
        which in 0usize..3, pattern in pattern(), seed: u64, shared: bool, k in 1usize..25,
    ) {
        let metric = METRICS[which];
        let vectors = embeddings(1700, 96, seed);
        let (mut hits, mut wanted) = (0, 0);
        for q in embeddings(12, 96, seed ^ 1) {
            let scores: Vec<f32> = vectors.iter().map(|v| score(metric, &q, v)).collect();
            let allowed = allowed(pattern, &scores, seed);
            let found = find(metric, &vectors, &[700, 1, 999], shared, &q, k, &|row| allowed[row]);
            let mut expected: Vec<f32> =
                (0..1700).filter(|row| allowed[*row]).map(|row| scores[row]).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            expected.truncate(k);
            for (s, row) in &found {
                prop_assert!(allowed[*row]);
                prop_assert_eq!(s.to_bits(), scores[*row].to_bits());
            }
            prop_assert!(found.len() >= expected.len());
            let bar = expected.last().copied().unwrap_or(f32::MAX);
            hits += found.iter().filter(|(s, _)| *s >= bar).count().min(expected.len());
            wanted += expected.len();
        }
        // Of a few hundred neighbours one in a hundred may be missed, and chance adds to that.
        prop_assert!(hits as f64 >= wanted as f64 * 0.98 - 2.0, "{hits} of {wanted}");
    }

    /// A part opens to what was written, and any other bytes give an error or some codes.
    #[test]
    fn parts_survive_damage(rows in 0usize..70, dimension in 1usize..140, cut in 0usize..5000,
                            at in 0usize..5000, byte: u8) {
        let vectors = embeddings(rows.max(1), dimension, 3);
        let centre = centre_of(Metric::L2, &vectors);
        let part = encoded(Metric::L2, &centre, &vectors[..rows]);
        let codes = Codes::open(&part).unwrap();
        prop_assert_eq!((codes.count, codes.dimension, codes.centre), (rows, dimension, &centre[..]));
        prop_assert_eq!(&encoded(Metric::L2, &centre, &vectors[..rows]), &part);
        let cut = cut % part.len();
        prop_assert!(Codes::open(&part[..cut]).is_err());
        let mut bad = part.clone();
        let at = at % bad.len();
        bad[at] ^= byte;
        if let Ok(codes) = Codes::open(&bad) {
            bounds(&Query::new(Metric::L2, &vectors[0][..codes.dimension.min(dimension)], 1.0).unwrap(), &codes);
        }
    }
}

/// Equal vectors have equal bounds, so that all of them are found or none: ties are for ids to break.
#[test]
fn ties_are_found_together() {
    for metric in METRICS {
        let one = embeddings(1, 64, 5).remove(0);
        let vectors = vec![one.clone(); 300];
        let found = find(metric, &vectors, &[300], true, &one, 10, &|_| true);
        assert_eq!(found.len(), 300, "{metric:?}");
    }
}

/// Lengths that differ by many orders of magnitude leave no row without a bound.
#[test]
fn lengths_of_all_sizes_are_ranked() {
    for metric in METRICS {
        let mut vectors = embeddings(900, 64, 6);
        for (i, v) in vectors.iter_mut().enumerate() {
            let size = 10f32.powi((i % 17) as i32 - 8);
            v.iter_mut().for_each(|x| *x *= size);
        }
        let small = |row: usize| row % 17 < 3;
        let q = embeddings(1, 64, 7).remove(0);
        let mut expected: Vec<f32> = (0..900)
            .filter(|row| small(*row))
            .map(|row| score(metric, &q, &vectors[row]))
            .collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        let found = find(metric, &vectors, &[500, 400], true, &q, 10, &small);
        let found: Vec<f32> = found.iter().take(10).map(|(s, _)| *s).collect();
        assert_eq!(found, expected[..10], "{metric:?}");
    }
}

#[test]
fn numbers_beyond_the_arithmetic_are_refused() {
    assert!(!codable(&[1.0, 1e13]) && !codable(&[f32::NAN]) && codable(&[-1e12, 0.0]));
    assert!(Query::new(Metric::Dot, &[1e13, 0.0], 1.0).is_none());
    assert!(Query::new(Metric::Cosine, &[0.0; 4], 1.0).is_none());
}
