//! Products and distances between one `f32` query and vectors of any element type.
//!
//! Owns: [`Rows`], the loop of one row, and the loops over many: in order, and at given places with
//! prefetching. The plain definitions that the tests compare with are in `reference`.
//!
//! Invariants: a row gives the same bits whether it is asked for alone, among all or by its number,
//! and whether it is stored as it is or handed in decoded to `f32`. Complexity: linear in what is
//! read; no allocation but the output.

use super::Level;
use super::aligned::Aligned;
use super::level::at_each_level;
use super::prefetch::prefetch;
use super::register::Register;
use super::row::{BitRow, F16Row, F32Row, I8Row, Row};
use half::f16;

/// How far ahead [`dot_rows`] asks the memory, in bytes of rows. Measured with 300 rows at random
/// places of 150 MB on a Zen 5 server: 384 x `f32` 27 us without, 19 us from 4 rows on, which is
/// what the memory gives; 384 x `i8` 15 us at 2 rows, 7.7 us at 8, 5.4 us at 16.
const BYTES_AHEAD: usize = 6 << 10;
/// Bounds of the same in rows: short rows would ask for many places at once, long ones for none.
const ROWS_AHEAD: std::ops::RangeInclusive<usize> = 2..=32;

/// Vectors of one length behind one another.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Single-precision numbers.
    F32(&'a [f32]),
    /// Half-precision numbers.
    F16(&'a [f16]),
    /// Signed bytes; an element of row `i` is its byte times `scales[i]`.
    I8 {
        /// The bytes, row after row.
        codes: &'a [i8],
        /// One factor for each row.
        scales: &'a [f32],
    },
    /// Bits, the lowest of a word first, each row padded to whole words: a one is -1, a zero +1.
    Bit(&'a [u64]),
}

impl Rows<'_> {
    /// How many whole rows of `dim` elements there are; none if `dim` is 0.
    #[must_use]
    pub fn count(&self, dim: usize) -> usize {
        let whole = |elements: usize, row: usize| elements.checked_div(row).unwrap_or(0);
        match self {
            Rows::F32(x) => whole(x.len(), dim),
            Rows::F16(x) => whole(x.len(), dim),
            Rows::I8 { codes, scales } => whole(codes.len(), dim).min(scales.len()),
            Rows::Bit(x) => whole(x.len(), dim.div_ceil(64)),
        }
    }

    /// Appends row `number` to `out` as `f32`, exactly; appends nothing where there is no such row.
    pub fn decode(&self, dim: usize, number: usize, out: &mut Vec<f32>) {
        if number >= self.count(dim) {
            return;
        }
        let range = number * dim..(number + 1) * dim;
        match self {
            Rows::F32(x) => out.extend_from_slice(&x[range]),
            Rows::F16(x) => out.extend(x[range].iter().map(|h| h.to_f32())),
            Rows::I8 { codes, scales } => {
                out.extend(codes[range].iter().map(|c| f32::from(*c) * scales[number]));
            }
            Rows::Bit(x) => {
                let row = &x[number * dim.div_ceil(64)..];
                let negative = |i: usize| row[i / 64] >> (i % 64) & 1 == 1;
                out.extend((0..dim).map(|i| if negative(i) { -1.0 } else { 1.0 }));
            }
        }
    }
}

/// Replaces `out` by the dot product of `query` with every row of `dim` elements.
///
/// Of a query and rows of unequal length the shorter one decides; `dim` 0 gives no rows, and what
/// is left over behind the last whole row is ignored.
pub fn dot_each(query: &[f32], rows: Rows<'_>, dim: usize, out: &mut Vec<f32>) {
    each_at(Level::best(), false, query, rows, dim, out);
}

/// Replaces `out` by the squared Euclidean distance of `query` from every row; as [`dot_each`].
pub fn l2_squared_each(query: &[f32], rows: Rows<'_>, dim: usize, out: &mut Vec<f32>) {
    each_at(Level::best(), true, query, rows, dim, out);
}

/// Replaces `out` by the dot product of `query` with each of the `numbers`-th rows.
///
/// Made for few rows far apart in mapped memory: it asks for rows some time before it reads them.
/// A number without a row gives NaN. Otherwise as [`dot_each`].
pub fn dot_rows(query: &[f32], rows: Rows<'_>, dim: usize, numbers: &[u32], out: &mut Vec<f32>) {
    picked_at(Level::best(), false, query, rows, dim, numbers, out);
}

/// Replaces `out` by the squared Euclidean distance of `query` from each of the `numbers`-th rows;
/// as [`dot_rows`].
pub fn l2_squared_rows(
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    numbers: &[u32],
    out: &mut Vec<f32>,
) {
    picked_at(Level::best(), true, query, rows, dim, numbers, out);
}

pub(super) fn each_at(
    level: Level,
    distance: bool,
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    out: &mut Vec<f32>,
) {
    out.clear();
    out.reserve(rows.count(dim));
    let copy = aligned(query, rows.count(dim));
    let query = copy.as_ref().map_or(query, Aligned::as_slice);
    // SAFETY: levels are handed on only where they are available.
    unsafe {
        match distance {
            false => dot_all(level, query, rows, dim, None, out),
            true => l2_all(level, query, rows, dim, None, out),
        }
    }
}

pub(super) fn picked_at(
    level: Level,
    distance: bool,
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    numbers: &[u32],
    out: &mut Vec<f32>,
) {
    out.clear();
    out.reserve(numbers.len());
    let copy = aligned(query, numbers.len());
    let query = copy.as_ref().map_or(query, Aligned::as_slice);
    // SAFETY: levels are handed on only where they are available.
    unsafe {
        match distance {
            false => dot_all(level, query, rows, dim, Some(numbers), out),
            true => l2_all(level, query, rows, dim, Some(numbers), out),
        }
    }
}

/// The query at the start of a cache line, where enough rows pay for the copy: loads that cross
/// lines cost a fifth of the time.
fn aligned(query: &[f32], rows: usize) -> Option<Aligned<f32>> {
    let crosses = !query.as_ptr().addr().is_multiple_of(64);
    (crosses && rows >= 16).then(|| Aligned::copy(query))
}

at_each_level!(
    fn dot_one(a: &[f32], b: &[f32]) -> f32 = dot_body
);
at_each_level!(
    fn l2_one(a: &[f32], b: &[f32]) -> f32 = l2_body
);
at_each_level!(
    fn dot_all(query: &[f32], rows: Rows<'_>, dim: usize, numbers: Option<&[u32]>, out: &mut Vec<f32>)
        = score_rows_dot
);
at_each_level!(
    fn l2_all(query: &[f32], rows: Rows<'_>, dim: usize, numbers: Option<&[u32]>, out: &mut Vec<f32>)
        = score_rows_l2
);

#[inline(always)]
unsafe fn dot_body<V: Register>(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: both slices have `n` elements at least; the level is the caller's promise.
    unsafe { one::<V, F32Row, false>(a.as_ptr(), F32Row(b.as_ptr()), a.len().min(b.len())) }
}

#[inline(always)]
unsafe fn l2_body<V: Register>(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: as in `dot_body`.
    unsafe { one::<V, F32Row, true>(a.as_ptr(), F32Row(b.as_ptr()), a.len().min(b.len())) }
}

#[inline(always)]
unsafe fn score_rows_dot<V: Register>(
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    numbers: Option<&[u32]>,
    out: &mut Vec<f32>,
) {
    // SAFETY: the level is the caller's promise.
    unsafe { score_rows::<V, false>(query, rows, dim, numbers, out) }
}

#[inline(always)]
unsafe fn score_rows_l2<V: Register>(
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    numbers: Option<&[u32]>,
    out: &mut Vec<f32>,
) {
    // SAFETY: the level is the caller's promise.
    unsafe { score_rows::<V, true>(query, rows, dim, numbers, out) }
}

/// Picks the row type, once for all rows.
#[inline(always)]
unsafe fn score_rows<V: Register, const DISTANCE: bool>(
    query: &[f32],
    rows: Rows<'_>,
    dim: usize,
    numbers: Option<&[u32]>,
    out: &mut Vec<f32>,
) {
    let count = rows.count(dim);
    // SAFETY: the rows are those of the slice; the level is the caller's promise.
    unsafe {
        match rows {
            Rows::F32(x) => {
                scan::<V, _, DISTANCE>(query, F32Row(x.as_ptr()), count, dim, numbers, out);
            }
            Rows::F16(x) => {
                scan::<V, _, DISTANCE>(query, F16Row(x.as_ptr()), count, dim, numbers, out);
            }
            Rows::I8 { codes, scales } => {
                let first = I8Row(codes.as_ptr(), scales.as_ptr());
                scan::<V, _, DISTANCE>(query, first, count, dim, numbers, out);
            }
            Rows::Bit(x) => {
                scan::<V, _, DISTANCE>(query, BitRow(x.as_ptr().cast()), count, dim, numbers, out);
            }
        }
    }
}

/// Scores rows in order, or the numbered ones.
///
/// Loops instead of closures: a closure is inlined only if the compiler likes to, and outside of
/// the body it would be compiled without the features of the level.
///
/// # Safety
///
/// `count` rows of `dim` readable elements from `first` on; the level of `V`.
#[inline(always)]
unsafe fn scan<V: Register, R: Row, const DISTANCE: bool>(
    query: &[f32],
    first: R,
    count: usize,
    dim: usize,
    numbers: Option<&[u32]>,
    out: &mut Vec<f32>,
) {
    let n = query.len().min(dim);
    let Some(numbers) = numbers else {
        for i in 0..count {
            // SAFETY: the caller's promises, and `i < count`.
            out.push(unsafe { one::<V, R, DISTANCE>(query.as_ptr(), first.skip(i, dim), n) });
        }
        return;
    };
    let ahead = BYTES_AHEAD / R::bytes(n).max(1);
    let ahead = ahead.clamp(*ROWS_AHEAD.start(), *ROWS_AHEAD.end());
    for &number in numbers.iter().take(ahead) {
        prefetch(first.skip(number as usize, dim).start(), R::bytes(n));
    }
    for (i, &number) in numbers.iter().enumerate() {
        if let Some(&next) = numbers.get(i + ahead) {
            prefetch(first.skip(next as usize, dim).start(), R::bytes(n));
        }
        if (number as usize) < count {
            let row = first.skip(number as usize, dim);
            // SAFETY: the caller's promises, and `number < count`.
            out.push(unsafe { one::<V, R, DISTANCE>(query.as_ptr(), row, n) });
        } else {
            out.push(f32::NAN);
        }
    }
}

/// The dot product, or the squared distance, of `n` elements.
///
/// Four chains of additions hide the latency of each other; the order of additions depends on `n`
/// and the level alone.
///
/// # Safety
///
/// `query` and `row` have `n` readable elements; the level of `V`.
#[inline(always)]
unsafe fn one<V: Register, R: Row, const DISTANCE: bool>(
    query: *const f32,
    row: R,
    n: usize,
) -> f32 {
    // SAFETY: every index is below `n`; the level is the caller's promise.
    unsafe {
        let mut sums = [V::splat(0.0); 4];
        let mut at = 0;
        while at + 4 * V::LANES <= n {
            for sum in &mut sums {
                *sum = add::<V, DISTANCE>(*sum, V::load(query.add(at)), row.load(at));
                at += V::LANES;
            }
        }
        for sum in sums.iter_mut().take(3) {
            if at + V::LANES <= n {
                *sum = add::<V, DISTANCE>(*sum, V::load(query.add(at)), row.load(at));
                at += V::LANES;
            }
        }
        let [a, b, c, mut d] = sums;
        if at < n {
            let (x, y) = (
                V::load_first(query.add(at), n - at),
                row.load_first(at, n - at),
            );
            d = add::<V, DISTANCE>(d, x, y);
        }
        a.add(b).add(c.add(d)).sum()
    }
}

#[inline(always)]
unsafe fn add<V: Register, const DISTANCE: bool>(sum: V, x: V, y: V) -> V {
    // SAFETY: the level is the caller's promise.
    unsafe {
        if DISTANCE {
            let difference = x.sub(y);
            sum.mul_add(difference, difference)
        } else {
            sum.mul_add(x, y)
        }
    }
}

/// The dot product of two slices, up to the shorter one.
pub(super) fn dot_at(level: Level, a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: levels are handed on only where they are available.
    unsafe { dot_one(level, a, b) }
}

/// The squared Euclidean distance of two slices, up to the shorter one.
pub(super) fn l2_squared_at(level: Level, a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: levels are handed on only where they are available.
    unsafe { l2_one(level, a, b) }
}
