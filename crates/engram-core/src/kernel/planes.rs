//! Comparison of bit-plane codes with ranges, and the way back from planes to codes.
//!
//! Owns: the loop over a block of 512 records, compiled once per instruction set. Invariant: slices of
//! any length are read as far as they go; nothing here panics. The layout is `index::column::planes`.

use super::Level;

/// Words of 64 records in a block.
pub const BLOCK_WORDS: usize = 8;

type Block = [u64; BLOCK_WORDS];

/// Clears in `acc` every record whose code lies in none of `bounds` (both ends included).
///
/// `planes` holds 8 bytes per 64 records and bit, block by block, the highest bit first; `acc` has one
/// word per 64 records.
pub fn keep(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    match Level::best() {
        // SAFETY: `Level::best` returns only a level whose features this processor has.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { keep_avx2(planes, bits, bounds, acc) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { keep_avx512(planes, bits, bounds, acc) },
        _ => keep_portable(planes, bits, bounds, acc),
    }
}

fn keep_portable(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    keep_body(planes, bits, bounds, acc);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn keep_avx2(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    keep_body(planes, bits, bounds, acc);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn keep_avx512(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    keep_body(planes, bits, bounds, acc);
}

#[inline(always)]
fn keep_body(planes: &[u8], bits: u32, bounds: &[(u32, u32)], acc: &mut [u64]) {
    let bits = bits as usize;
    let mut rest = planes;
    for out in acc.chunks_mut(BLOCK_WORDS) {
        let row = out.len() * 8;
        let Some((block, after)) = rest.split_at_checked(bits * row) else {
            return out.fill(0);
        };
        rest = after;
        if out.iter().all(|word| *word == 0) {
            continue;
        }
        let mut found = [0; BLOCK_WORDS];
        for (low, high) in bounds {
            let one = within(block, row, bits, *low, *high);
            found.iter_mut().zip(one).for_each(|(f, o)| *f |= o);
        }
        out.iter_mut().zip(found).for_each(|(o, f)| *o &= f);
    }
}

/// Which codes c of a block have low <= c <= high: from the highest bit on, a code stays equal to a
/// bound or leaves it upwards or downwards for good. A plane takes `row` bytes; what lies beyond the
/// records of a shorter block is arbitrary.
#[inline(always)]
fn within(block: &[u8], row: usize, bits: usize, low: u32, high: u32) -> Block {
    let mut above = [0; BLOCK_WORDS];
    let mut below = [0; BLOCK_WORDS];
    let mut at_low = [u64::MAX; BLOCK_WORDS];
    let mut at_high = [u64::MAX; BLOCK_WORDS];
    for (i, bit) in (0..bits).rev().enumerate() {
        let plane = words_at(block, i * row);
        let low_bit = (u64::from(low >> bit & 1)).wrapping_neg();
        let high_bit = (u64::from(high >> bit & 1)).wrapping_neg();
        for i in 0..BLOCK_WORDS {
            let p = plane[i];
            above[i] |= at_low[i] & p & !low_bit;
            at_low[i] &= !(p ^ low_bit);
            below[i] |= at_high[i] & !p & high_bit;
            at_high[i] &= !(p ^ high_bit);
        }
    }
    let mut out = [0; BLOCK_WORDS];
    for i in 0..BLOCK_WORDS {
        out[i] = (above[i] | at_low[i]) & (below[i] | at_high[i]);
    }
    out
}

/// The words from byte `at` on, 0 beyond the end. As one copy, which becomes one load.
#[inline(always)]
fn words_at(block: &[u8], at: usize) -> Block {
    let rest = block.get(at..).unwrap_or(&[]);
    let words: Block = match rest.first_chunk::<{ BLOCK_WORDS * 8 }>() {
        Some(bytes) => bytemuck::pod_read_unaligned(bytes),
        None => {
            let mut bytes = [0; BLOCK_WORDS * 8];
            bytes[..rest.len()].copy_from_slice(rest);
            bytemuck::pod_read_unaligned(&bytes)
        }
    };
    words.map(u64::from_le)
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
            bounds in prop::collection::vec((any::<u16>(), any::<u16>()), 0..3),
        ) {
            let bounds: Vec<(u32, u32)> = bounds.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
            let words = planes.len() / 8 / bits as usize + 3;
            let mut wanted = vec![u64::MAX; words];
            keep_portable(&planes, bits, &bounds, &mut wanted);
            let mut found = vec![u64::MAX; words];
            keep(&planes, bits, &bounds, &mut found);
            prop_assert_eq!(&found, &wanted);
            #[cfg(target_arch = "x86_64")]
            if Level::Avx2.is_available() {
                let mut found = vec![u64::MAX; words];
                // SAFETY: the level is available.
                unsafe { keep_avx2(&planes, bits, &bounds, &mut found) };
                prop_assert_eq!(&found, &wanted);
            }
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
