//! Every level against row by row and group by group.

use super::*;
use proptest::prelude::*;

/// Bytes from a seed.
fn bytes(n: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..n).map(|_| next()).collect()
}

/// What `bounds` is to compute, row by row and dimension group by dimension group.
fn oracle(blocks: &[u8], lookup: Lookup<'_>, wanted: &[bool]) -> Vec<f32> {
    let units = lookup.tables.len() / TABLE_BYTES;
    let number = |b: &[u8]| f32::from_bits(u32::from(u16::from_le_bytes([b[0], b[1]])) << 16);
    let mut out = Vec::new();
    for (row, wanted) in wanted.iter().enumerate() {
        let (block, j) = (&blocks[row / ROWS * block_bytes(units)..], row % ROWS);
        let mut sum = 0u32;
        for group in 0..units * 4 {
            let byte = block[group / 4 * UNIT_BYTES + group % 4 / 2 * 32 + j];
            let code = if group % 2 == 0 { byte & 15 } else { byte >> 4 };
            let table = group / 4 * TABLE_BYTES + group % 2 * 64 + group % 4 / 2 * 32;
            sum += u32::from(lookup.tables[table + usize::from(code)]);
        }
        let factors = &block[units * UNIT_BYTES..];
        let bound = number(&factors[j * 2..]) * (sum as f32 * lookup.step + lookup.bias)
            + (number(&factors[64 + j * 2..]) * lookup.weight + lookup.base);
        out.push(if *wanted { bound } else { f32::NEG_INFINITY });
    }
    out
}

fn tables(units: usize, largest: u8, seed: u64) -> Vec<u8> {
    let entries = bytes(units * 64, seed);
    let mut tables = Vec::new();
    for unit in entries.chunks_exact(64) {
        for group in [0, 2, 1, 3] {
            for _ in 0..2 {
                let entries = unit[group * 16..][..16].iter();
                tables.extend(entries.map(|e| (u16::from(*e) * u16::from(largest) / 255) as u8));
            }
        }
    }
    tables
}

fn codes(blocks: usize, units: usize, seed: u64) -> Vec<u8> {
    let mut out = bytes(blocks * block_bytes(units), seed);
    for block in out.chunks_exact_mut(block_bytes(units)) {
        // Any finite bfloat16.
        for factor in block[units * UNIT_BYTES..].as_chunks_mut::<2>().0 {
            factor[1] = factor[1] & 0x80 | 0x30 | factor[1] & 0x0f;
        }
    }
    out
}

proptest! {
    #[test]
    fn every_level_gives_the_bits_of_the_oracle(
        blocks in 0usize..9, quarter_units in 1usize..20, seed: u64, density in 0u8..5,
        masked: bool,
    ) {
        let units = quarter_units * 4;
        let largest = MAX_ENTRY.min((65_535 / (units * 4)) as u8);
        let (codes, tables) = (codes(blocks, units, seed), tables(units, largest, seed ^ 1));
        let lookup = Lookup { tables: &tables, step: 0.013, bias: -3.7, weight: 1.1, base: 0.3 };
        let words: Vec<u64> = bytes(blocks.div_ceil(2) * 64, seed ^ 2)
            .chunks_exact(64)
            .map(|b| (0..64).fold(0, |w, i| w | u64::from(b[i] % 4 < density) << i))
            .map(|w: u64| if density == 1 { w & 0xffff_ffff } else { w })
            .collect();
        let wanted: Vec<bool> = (0..blocks * ROWS)
            .map(|row| !masked || words[row / 64] >> (row % 64) & 1 == 1)
            .collect();
        let expected = oracle(&codes, lookup, &wanted);
        for level in Level::available() {
            let mut out = vec![7.0; blocks * ROWS];
            let mut maxima = vec![7.0; blocks];
            let words = masked.then_some(&*words);
            bounds_at(level, &codes, lookup, words, &mut out, &mut maxima);
            for (b, expected) in expected.chunks_exact(ROWS).enumerate() {
                let max = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                prop_assert_eq!(maxima[b].to_bits(), max.to_bits(), "{:?}", level);
                if max > f32::NEG_INFINITY {
                    for (got, want) in out[b * ROWS..].iter().zip(expected) {
                        prop_assert_eq!(got.to_bits(), want.to_bits(), "{:?}", level);
                    }
                }
            }
        }
    }

    #[test]
    fn the_full_range_of_sums_is_kept(units in 1usize..260, code: u8) {
        let units = units * 4;
        let largest = MAX_ENTRY.min((65_535 / (units * 4)) as u8);
        let tables = vec![largest; units * TABLE_BYTES];
        let mut block = vec![code; block_bytes(units)];
        for j in 0..ROWS {
            block[units * UNIT_BYTES + j * 2..][..2].copy_from_slice(&[0x80, 0x3f]);
            block[units * UNIT_BYTES + 64 + j * 2..][..2].copy_from_slice(&[0, 0]);
        }
        let lookup = Lookup { tables: &tables, step: 1.0, bias: 0.0, weight: 1.0, base: 0.0 };
        for level in Level::available() {
            let (mut out, mut maxima) = ([0.0; ROWS], [0.0]);
            bounds_at(level, &block, lookup, None, &mut out, &mut maxima);
            prop_assert_eq!(out, [(units * 4) as f32 * f32::from(largest); ROWS]);
        }
    }
}

#[test]
fn not_below_takes_the_bar_itself_and_no_nan() {
    let mut bounds = [f32::NEG_INFINITY; ROWS];
    (bounds[0], bounds[5], bounds[31], bounds[7]) = (1.0, 2.0, f32::INFINITY, f32::NAN);
    assert_eq!(not_below(&bounds, 1.0), 1 << 0 | 1 << 5 | 1 << 31);
    assert_eq!(not_below(&bounds, 1.5), 1 << 5 | 1 << 31);
}
