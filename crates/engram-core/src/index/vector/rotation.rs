//! The rotation that every residual and every query goes through before its signs mean anything.
//!
//! Owns: the pseudo-random orthogonal map of one dimension, which is part of the file format
//! (F-151). Signs of a vector's own coordinates are poor codes where few coordinates carry it; after
//! a random rotation they are equally good for every vector, and the error of what they tell is
//! known (Gao and Long, "RaBitQ", SIGMOD 2024). A dense random matrix would take d^2 steps; rounds of
//! random signs and a Hadamard transform mix as well in d log d (Ailon and Chazelle, STOC 2006).
//!
//! Invariants: the same dimension gives the same map, and the same vector the same bits, on every
//! machine: additions and multiplications only, one at a time, in an order that no vector width
//! changes.

use std::cell::RefCell;
use std::sync::Arc;

/// Dimensions are padded with zeros to a multiple of this, so that codes fill whole units.
const PADDING: usize = 64;
/// Rounds, of which each mixes a window: as many as leave no trace of a single coordinate.
const ROUNDS: usize = 6;
/// First state of the generator of signs; any constant would do.
const SEED: u64 = 0x656e_6772_616d_3031;
/// Numbers that are mixed side by side at most.
const LANES: usize = 16;

/// The padded length of vectors of `dimension`.
#[must_use]
pub fn padded(dimension: usize) -> usize {
    dimension.next_multiple_of(PADDING)
}

/// A fixed orthogonal map of vectors of one dimension, padded.
#[derive(Clone, Debug)]
pub struct Rotation {
    dimension: usize,
    padded: usize,
    /// Length of the window that a round mixes: the largest power of two that fits.
    window: usize,
    /// For each round the factors that come before its transform: a sign, and where the window of
    /// the round is, the scale that keeps the transform orthogonal.
    factors: Vec<f32>,
}

thread_local! {
    /// The rotation that this thread used last: making one is a thirtieth of a query's time.
    static LAST: RefCell<Option<Arc<Rotation>>> = const { RefCell::new(None) };
}

impl Rotation {
    /// The rotation of vectors of `dimension`, made where the last one was for another.
    #[must_use]
    pub fn of(dimension: usize) -> Arc<Rotation> {
        LAST.with_borrow_mut(|last| match last {
            Some(known) if known.dimension == dimension => Arc::clone(known),
            _ => Arc::clone(last.insert(Arc::new(Rotation::new(dimension)))),
        })
    }

    /// The rotation of vectors of `dimension`, from 1 on.
    #[must_use]
    pub fn new(dimension: usize) -> Rotation {
        let padded = padded(dimension.max(1));
        let window = 1 << padded.ilog2();
        let scale = 1.0 / (window as f32).sqrt();
        let mut state = SEED;
        let mut factors = Vec::with_capacity(ROUNDS * padded);
        for round in 0..ROUNDS {
            let mixed = window_of(round, padded, window);
            for block in 0..padded / 64 {
                let bits = splitmix64(&mut state);
                for i in 0..64 {
                    let size = if mixed.contains(&(block * 64 + i)) {
                        scale
                    } else {
                        1.0
                    };
                    factors.push(if bits >> i & 1 == 1 { -size } else { size });
                }
            }
        }
        Rotation {
            dimension,
            padded,
            window,
            factors,
        }
    }

    /// Length of rotated vectors.
    #[must_use]
    pub fn padded(&self) -> usize {
        self.padded
    }

    /// Rotates `vector` in place; it has the padded length.
    pub fn apply(&self, vector: &mut [f32]) {
        for (round, factors) in self.factors.chunks_exact(self.padded).enumerate() {
            for (x, factor) in vector.iter_mut().zip(factors) {
                *x *= factor;
            }
            if let Some(window) = vector.get_mut(window_of(round, self.padded, self.window)) {
                hadamard(window);
            }
        }
    }
}

/// The first numbers in even rounds and the last in odd ones; the two overlap in half of them or
/// more.
fn window_of(round: usize, padded: usize, window: usize) -> std::ops::Range<usize> {
    match round % 2 {
        0 => 0..window,
        _ => padded - window..padded,
    }
}

/// The next 64 bits (Steele, Lea and Flood, OOPSLA 2014).
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The Walsh-Hadamard transform, unscaled; the length is a power of two, 64 at least.
fn hadamard(vector: &mut [f32]) {
    let mut half = vector.len() / 2;
    while half >= LANES {
        for pair in vector.chunks_exact_mut(half * 2) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half /= 2;
    }
    for lanes in vector.as_chunks_mut::<LANES>().0 {
        within::<8>(lanes);
        within::<4>(lanes);
        within::<2>(lanes);
        within::<1>(lanes);
    }
}

/// One step of the transform within a few numbers.
#[inline(always)]
fn within<const HALF: usize>(lanes: &mut [f32; LANES]) {
    let before = *lanes;
    for (i, x) in lanes.iter_mut().enumerate() {
        *x = if i & HALF == 0 {
            before[i] + before[i | HALF]
        } else {
            before[i & !HALF] - before[i]
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rotate(vector: &[f32]) -> Vec<f32> {
        let rotation = Rotation::new(vector.len());
        let mut out = vector.to_vec();
        out.resize(rotation.padded(), 0.0);
        rotation.apply(&mut out);
        out
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        let products = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        products.sum()
    }

    proptest! {
        #[test]
        fn products_are_kept(dimension in 1usize..400, seed in any::<u64>()) {
            let mut state = seed;
            let mut vector = || -> Vec<f32> {
                let next = |_| splitmix64(&mut state) as i32 as f32 / 2f32.powi(31);
                (0..dimension).map(next).collect()
            };
            let (a, b) = (vector(), vector());
            let (ra, rb) = (rotate(&a), rotate(&b));
            let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
            prop_assert!((dot(&a, &b) - dot(&ra, &rb)).abs() <= 1e-5 * size.max(1e-6));
        }
    }

    /// A vector of one coordinate is the hardest to spread: no number of the result may carry much
    /// more than its share.
    #[test]
    fn single_coordinates_are_spread() {
        for dimension in [64, 100, 128, 192, 256, 320, 384, 448, 768, 960, 1024, 1536] {
            let mut worst = 0f32;
            for at in 0..dimension {
                let mut one = vec![0.0; dimension];
                one[at] = 1.0;
                let out = rotate(&one);
                let largest = out.iter().fold(0f32, |m, x| m.max(x.abs()));
                worst = worst.max(largest * (out.len() as f32).sqrt());
            }
            // The largest of a million normal variables is about 5.
            assert!(worst < 6.5, "dimension {dimension}: {worst}");
        }
    }

    /// The bits are part of the file format: a change here needs another format version.
    #[test]
    fn the_map_is_the_one_of_the_format() {
        let vector: Vec<f32> = (0..100u8).map(|i| f32::from(i) - 40.0).collect();
        let bits: Vec<u8> = rotate(&vector)
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(crc32fast::hash(&bits), 3_068_678_757);
    }
}
