//! Comparison of bit-plane codes with ranges, and the way back from planes to codes.
//!
//! Owns: the loop over a block of 512 records, compiled for each instruction set, and its loads and
//! stores. Invariant: slices of any length are read as far as they go; nothing here panics. The layout
//! is `index::column::planes`.

use super::Level;
use words::Words;

mod words;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "planes are read as they lie in the file"
);

/// Words of 64 records in a block.
pub const BLOCK_WORDS: usize = 8;

/// Clears in `acc` every record whose code lies in none of `bounds` (both ends included).
///
/// `planes` holds 8 bytes per 64 records and bit, block by block, the highest bit first; `acc` has one
/// word per 64 records.
pub fn keep(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    keep_at(Level::best(), planes, bits, bounds, acc);
}

fn keep_at(level: Level, planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    match level {
        // SAFETY: levels are handed on only where this processor has their features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { keep_avx2(planes, bits, bounds, acc) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { keep_avx512(planes, bits, bounds, acc) },
        // SAFETY: single words ask nothing of the processor.
        _ => unsafe { keep_body::<u64>(planes, bits, bounds, acc) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn keep_avx2(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    // SAFETY: this copy has the features of the words.
    unsafe { keep_body::<std::arch::x86_64::__m256i>(planes, bits, bounds, acc) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn keep_avx512(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    // SAFETY: this copy has the features of the words.
    unsafe { keep_body::<std::arch::x86_64::__m512i>(planes, bits, bounds, acc) }
}

/// # Safety
///
/// The processor has the features of `W`.
#[inline(always)]
unsafe fn keep_body<W: Words>(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    let bits = bits as usize;
    let mut rest = planes;
    for out in acc.chunks_mut(BLOCK_WORDS) {
        let row = out.len() * 8;
        let Some((block, after)) = rest.split_at_checked(bits * row) else {
            return out.fill(0);
        };
        rest = after;
        for (i, part) in out.chunks_mut(W::COUNT).enumerate() {
            // SAFETY: a part is no longer than `COUNT` words; in each of the `bits` rows of the block
            // it starts at byte 8 `COUNT` i and ends within the row.
            unsafe {
                let was = W::load(part.as_ptr().cast(), part.len());
                if !was.any() {
                    continue;
                }
                let mut found = W::splat(0);
                for (low, high) in bounds {
                    let column = block.as_ptr().add(i * W::COUNT * 8);
                    let one = match low == high {
                        true => equal::<W>(column, row, bits, part.len(), *low),
                        false => within::<W>(column, row, bits, part.len(), (*low, *high)),
                    };
                    found = found.or(one);
                }
                was.and(found).store(part.as_mut_ptr(), part.len());
            }
        }
    }
}

/// Which codes are `code`.
///
/// # Safety
///
/// At `column` and each of the next `bits` - 1 multiples of `row` bytes behind it, `words` words can be
/// read; the processor has the features of `W`.
#[inline(always)]
unsafe fn equal<W: Words>(
    column: *const u8,
    row: usize,
    bits: usize,
    words: usize,
    code: u32,
) -> W {
    // SAFETY: as the caller promises.
    unsafe {
        let mut at = W::splat(u64::MAX);
        for i in 0..bits {
            let plane = W::load(column.add(i * row), words);
            at = match code >> (bits - 1 - i) & 1 {
                1 => plane.and(at),
                _ => plane.not_and(at),
            };
        }
        at
    }
}

/// Which codes c have low <= c <= high: from the highest bit on, a code stays equal to a bound or leaves
/// it upwards or downwards for good.
///
/// # Safety
///
/// As for [`equal`].
#[inline(always)]
unsafe fn within<W: Words>(
    column: *const u8,
    row: usize,
    bits: usize,
    words: usize,
    (low, high): (u32, u32),
) -> W {
    // SAFETY: as the caller promises.
    unsafe {
        let (mut above, mut below) = (W::splat(0), W::splat(0));
        let (mut at_low, mut at_high) = (W::splat(u64::MAX), W::splat(u64::MAX));
        for i in 0..bits {
            let bit = bits - 1 - i;
            let plane = W::load(column.add(i * row), words);
            if low >> bit & 1 == 1 {
                at_low = plane.and(at_low);
            } else {
                above = above.or(plane.and(at_low));
                at_low = plane.not_and(at_low);
            }
            if high >> bit & 1 == 1 {
                below = below.or(plane.not_and(at_high));
                at_high = plane.and(at_high);
            } else {
                at_high = plane.not_and(at_high);
            }
        }
        above.or(at_low).and(below.or(at_high))
    }
}

/// How many bits of `words` are set.
#[must_use]
pub fn count_ones(words: &[u64]) -> u32 {
    match Level::best() {
        // SAFETY: these levels have POPCNT, and are handed on only where they are available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { count_ones_popcnt(words) },
        _ => words.iter().map(|word| word.count_ones()).sum(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_ones_popcnt(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// The codes of 64 records; `planes[b]` holds bit b of each.
#[must_use]
pub fn codes(planes: &[u64; 32], bits: usize) -> [u32; 64] {
    let mut out = [0u32; 64];
    for (group, planes) in planes.as_chunks::<8>().0.iter().enumerate() {
        if group * 8 >= bits {
            break;
        }
        for lane in 0..8 {
            let rows = planes.map(|plane| plane.to_le_bytes()[lane]);
            let columns = transpose(u64::from_le_bytes(rows)).to_le_bytes();
            for (code, byte) in out[lane * 8..].iter_mut().zip(columns) {
                *code |= u32::from(byte) << (8 * group);
            }
        }
    }
    out
}

/// Transposes 8 x 8 bits, by swapping ever larger squares (Warren, "Hacker's Delight", 7-3).
fn transpose(mut x: u64) -> u64 {
    for (shift, squares) in [
        (7, 0x00AA_00AA_00AA_00AA),
        (14, 0x0000_CCCC_0000_CCCC),
        (28, 0x0000_0000_F0F0_F0F0),
    ] {
        let swapped = (x ^ x >> shift) & squares;
        x ^= swapped ^ swapped << shift;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_level_agrees(
            bits in 1u32..20,
            planes in prop::collection::vec(any::<u8>(), 0..4800),
            bounds in prop::collection::vec((any::<u16>(), any::<u16>(), any::<bool>()), 0..3),
        ) {
            let bounds: Vec<(u32, u32)> = bounds
                .iter()
                .map(|(a, b, same)| (u32::from(*a), u32::from(if *same { *a } else { *b })))
                .collect();
            let words = planes.len() / 8 / bits as usize + 3;
            let mut wanted = vec![u64::MAX; words];
            keep_at(Level::Portable, &planes, bits, &bounds, &mut wanted);
            for level in Level::available() {
                let mut found = vec![u64::MAX; words];
                keep_at(level, &planes, bits, &bounds, &mut found);
                prop_assert_eq!(&found, &wanted, "{:?}", level);
            }
        }

        #[test]
        fn ones_are_counted(words in prop::collection::vec(any::<u64>(), 0..50)) {
            let wanted: u32 = words.iter().map(|word| word.count_ones()).sum();
            prop_assert_eq!(count_ones(&words), wanted);
        }

        #[test]
        fn codes_are_the_transposed_planes(planes in any::<[u64; 32]>(), bits in 0usize..33) {
            let found = codes(&planes, bits);
            for (j, code) in found.iter().enumerate() {
                for (b, plane) in planes.iter().enumerate().take(bits) {
                    prop_assert_eq!(u64::from(code >> b & 1), plane >> j & 1);
                }
            }
        }
    }
}
