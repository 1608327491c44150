//! Posting blocks: packed values and Elias-Fano coded ordinals back to numbers.
//!
//! Owns: the choice of body at run time and the `unsafe` that AVX-512 needs. Invariants: every body
//! gives the same numbers as the plain loop; nothing beyond the slices handed in is read or written.
//! Limits: [`BLOCK`] values, [`MAX_BITS`] bits each. Bits are packed lowest first, without gaps
//! between values.
//!
//! Sources: Elias, JACM 1974; Fano 1971; Vigna, WSDM 2013 (ordinals as high and low bits). Of the AVX-512
//! bodies: one byte permutation and one variable shift unpack sixteen values.

mod ones;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use ones::{MAX_PLACES, NO_PLACES, Places, one_at, ones};

#[cfg(target_arch = "x86_64")]
use super::level::is_avx512;

/// Values of a full block.
pub const BLOCK: usize = 128;
/// Widest packed value.
pub const MAX_BITS: u32 = 31;

/// Bytes that a wide load may read behind the packed values.
const SLACK: usize = 64;
const PADDED: usize = BLOCK * 4 + SLACK;

/// Bytes that `count` values of `bits` bits take.
#[must_use]
pub fn packed_bytes(count: usize, bits: u32) -> usize {
    (count * bits as usize).div_ceil(8)
}

/// Runs `body` on the packed bytes with [`SLACK`] more behind them; false if they are too short.
#[inline]
fn with_slack(packed: &[u8], needed: usize, body: impl FnOnce(&[u8])) -> bool {
    if packed.len() >= needed + SLACK {
        body(packed);
        return true;
    }
    let Some(exact) = packed.get(..needed) else {
        return false;
    };
    let mut padded = [0; PADDED];
    if let Some(to) = padded.get_mut(..needed) {
        to.copy_from_slice(exact);
    }
    body(&padded);
    true
}

/// Unpacks `count` values and adds `add` to each; what is behind them in `out` is not defined.
///
/// False, with `out` unchanged, if `packed` is too short, `bits` or `count` too large. Sums wrap.
#[must_use]
#[inline]
pub fn values(packed: &[u8], bits: u32, count: usize, add: u32, out: &mut [u32; BLOCK]) -> bool {
    if bits > MAX_BITS || count > BLOCK {
        return false;
    }
    if bits == 0 {
        out.fill(add);
        return true;
    }
    with_slack(packed, packed_bytes(count, bits), |bytes| {
        #[cfg(target_arch = "x86_64")]
        if bits <= wide::MAX_BITS && is_avx512() {
            // SAFETY: the level has the features; `with_slack` leaves SLACK bytes behind the values.
            return unsafe { wide::values(bytes, bits, count, add, out) };
        }
        each_value(bytes, bits, count, |i, value| {
            if let Some(to) = out.get_mut(i) {
                *to = value.wrapping_add(add);
            }
        });
    })
}

/// Ordinals from high bits, which are the places of ones, and low bits: value i is `first` plus
/// `places[i] - i` times 2^`bits` plus the i-th of the packed low bits. Sums wrap.
///
/// False as for [`values`].
#[must_use]
#[inline]
pub fn ordinals(
    low: &[u8],
    bits: u32,
    count: usize,
    first: u32,
    places: &Places,
    out: &mut [u32; BLOCK],
) -> bool {
    if !values(low, bits, count, first, out) {
        return false;
    }
    #[cfg(target_arch = "x86_64")]
    if is_avx512() {
        // SAFETY: the level has the features.
        unsafe { wide::add_high(bits, places, out) };
        return true;
    }
    add_high(bits, places, out);
    true
}

#[inline(always)]
fn add_high(bits: u32, places: &Places, out: &mut [u32; BLOCK]) {
    for ((to, &place), i) in out.iter_mut().zip(places).zip(0u32..) {
        *to = to.wrapping_add(u32::from(place).wrapping_sub(i) << bits);
    }
}

/// Differences between places, the first from -1: the lengths of unary codes. Returns the largest of the
/// first `count`.
#[inline]
pub fn steps(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if is_avx512() {
        // SAFETY: the level has the features.
        return unsafe { wide::steps(places, count, out) };
    }
    steps_body(places, count, out)
}

#[inline(always)]
fn steps_body(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
    let ([first, rest @ ..], [to, rest_to @ ..]) = (places, &mut *out);
    *to = u32::from(*first) + 1;
    for ((to, &place), &before) in rest_to.iter_mut().zip(rest).zip(places) {
        *to = u32::from(place.wrapping_sub(before));
    }
    out.iter().take(count).copied().fold(0, u32::max)
}

fn each_value(bytes: &[u8], bits: u32, count: usize, mut sink: impl FnMut(usize, u32)) {
    let mask = (1u64 << bits) - 1;
    let mut bit = 0;
    for i in 0..count {
        let window = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk());
        let window = window.map_or(0, |window| u64::from_le_bytes(*window));
        sink(i, ((window >> (bit % 8)) & mask) as u32);
        bit += bits as usize;
    }
}

/// Tells the processor that the front of `bytes` will be read soon: three lines of the cache or four.
#[inline]
pub fn will_read(bytes: &[u8]) {
    super::prefetch::prefetch(bytes.as_ptr(), bytes.len().min(160));
}
