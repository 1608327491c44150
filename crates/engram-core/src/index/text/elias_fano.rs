//! The documents of a block as bits: ordinals by Elias-Fano, frequencies in unary.
//!
//! Owns: both directions. Invariant: what is decoded has as many documents as asked for. A frequency above
//! [`LONG_FREQUENCY`] is a unary code of [`LONG_FREQUENCY`] + 1 and the rest in 24 bits behind all codes.

use super::bits::{BitReader, BitWriter};
use super::layout::corrupt;
use super::list::Block;
use crate::error::Result;
use crate::kernel::unpack::{self, NO_PLACES};

/// Frequencies up to here are unary.
const LONG_FREQUENCY: u32 = 15;
/// Bits of what a higher frequency has more.
const LONG_BITS: u32 = 24;

/// How many low bits of `count` ordinals below `universe` are packed: log2(universe / count), rounded
/// down.
#[inline]
pub(super) fn low_bits(universe: u32, count: usize) -> u32 {
    let (universe, count) = (u64::from(universe), count as u64);
    if universe <= count || count == 0 {
        return 0;
    }
    let bits = universe.ilog2() - count.ilog2();
    bits - u32::from(count << bits > universe)
}

/// Bits of the high part: a one for each ordinal, a zero for each step of 2^`low` up to the universe.
#[inline]
fn high_bits(universe: u32, count: usize, low: u32) -> usize {
    (universe.saturating_sub(1) >> low) as usize + count
}

/// The fewest bits that `count` documents below `universe` take: every frequency 1.
#[inline]
pub(super) fn least_bits(universe: u32, count: usize) -> usize {
    let low = low_bits(universe, count);
    count * low as usize + high_bits(universe, count, low) + count
}

/// Appends ordinals, which ascend and are below `universe`.
pub(super) fn put_ordinals(
    ordinals: impl Iterator<Item = u32> + Clone,
    count: usize,
    universe: u32,
    bits: &mut BitWriter,
    out: &mut Vec<u8>,
) {
    let low = low_bits(universe, count);
    let mask = (1 << low) - 1;
    ordinals
        .clone()
        .for_each(|ordinal| bits.put(ordinal & mask, low, out));
    let mut before = 0;
    for ordinal in ordinals {
        put_unary((ordinal >> low) - before, bits, out);
        before = ordinal >> low;
    }
    put_zeros(((universe - 1) >> low) - before, bits, out);
}

/// Appends frequencies, each at least 1.
pub(super) fn put_frequencies(frequencies: &[u32], bits: &mut BitWriter, out: &mut Vec<u8>) {
    for &tf in frequencies {
        put_unary(tf.min(LONG_FREQUENCY + 1) - 1, bits, out);
    }
    for &tf in frequencies.iter().filter(|&&tf| tf > LONG_FREQUENCY) {
        bits.put(tf - LONG_FREQUENCY - 1, LONG_BITS, out);
    }
}

fn put_zeros(mut count: u32, bits: &mut BitWriter, out: &mut Vec<u8>) {
    while count > 0 {
        bits.put(0, count.min(32), out);
        count -= count.min(32);
    }
}

fn put_unary(zeros: u32, bits: &mut BitWriter, out: &mut Vec<u8>) {
    put_zeros(zeros, bits, out);
    bits.put(1, 1, out);
}

/// Takes `count` ordinals below `universe`, `first` more each, from the front of `bytes`. Returns the bit
/// behind them.
#[inline]
pub(super) fn take_ordinals(
    bytes: &[u8],
    count: usize,
    universe: u32,
    first: u32,
    out: &mut Block,
) -> Result<usize> {
    let low = low_bits(universe, count);
    let start = count * low as usize;
    let mut places = NO_PLACES;
    let end = unpack::ones(bytes, start, count, &mut places);
    let is_sound =
        end.is_some() && unpack::ordinals(bytes, low, count, first, &places, &mut out.ordinals);
    if !is_sound {
        return Err(corrupt("ordinals that do not fit"));
    }
    Ok(start + high_bits(universe, count, low))
}

/// Takes `count` frequencies from bit `start` on. Returns the bit behind them.
#[inline]
pub(super) fn take_frequencies(
    bytes: &[u8],
    start: usize,
    count: usize,
    out: &mut Block,
) -> Result<usize> {
    let mut places = NO_PLACES;
    let end = unpack::ones(bytes, start, count, &mut places);
    let end = end.ok_or_else(|| corrupt("frequencies that do not fit"))?;
    match unpack::steps(&places, count, &mut out.frequencies) {
        0..=LONG_FREQUENCY => Ok(end),
        longest => take_long(bytes, end, count, longest, out),
    }
}

#[cold]
fn take_long(
    bytes: &[u8],
    end: usize,
    count: usize,
    longest: u32,
    out: &mut Block,
) -> Result<usize> {
    if longest > LONG_FREQUENCY + 1 {
        return Err(corrupt("a frequency of too many bits"));
    }
    let mut bits = BitReader::new(bytes, end);
    let codes = out.frequencies.iter_mut().take(count);
    for tf in codes.filter(|tf| **tf > LONG_FREQUENCY) {
        *tf += bits.take(LONG_BITS)?;
    }
    Ok(bits.at())
}

/// The frequency number `index` of those from bit `start` on.
#[inline]
pub(super) fn frequency_at(bytes: &[u8], start: usize, index: u32, count: u32) -> Result<u32> {
    let wrong = || corrupt("frequencies that do not fit");
    let (place, before) = unpack::one_at(bytes, start, index).ok_or_else(wrong)?;
    let tf = (place - before) as u32;
    if tf <= LONG_FREQUENCY {
        return Ok(tf);
    }
    // Rare, so that all are read to find which of the long ones this is.
    let mut block = Block::default();
    take_frequencies(bytes, start, count as usize, &mut block)?;
    let found = block.frequencies.get(index as usize).copied();
    found.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::text::layout::BLOCK_LEN;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn documents_come_back(
            docs in prop::collection::btree_map(0u32..100_000, prop_oneof![
                8 => 1u32..6, 1 => 10u32..20, 1 => 1u32..10_000_000
            ], 1..=BLOCK_LEN),
            spare in 1u32..100_000, first in 0u32..1000
        ) {
            let (ordinals, frequencies): (Vec<u32>, Vec<u32>) = docs.into_iter().unzip();
            let universe = ordinals.last().unwrap() + spare;
            let (mut bits, mut bytes) = (BitWriter::default(), Vec::new());
            put_ordinals(ordinals.iter().copied(), ordinals.len(), universe, &mut bits, &mut bytes);
            put_frequencies(&frequencies, &mut bits, &mut bytes);
            bits.put(5, 3, &mut bytes);
            bits.finish(&mut bytes);
            let mut block = Block::default();
            let n = ordinals.len();
            let at = take_ordinals(&bytes, n, universe, first, &mut block).unwrap();
            let end = take_frequencies(&bytes, at, n, &mut block).unwrap();
            block.count = n;
            let wanted: Vec<u32> = ordinals.iter().map(|o| o + first).collect();
            prop_assert_eq!(block.ordinals(), &wanted);
            prop_assert_eq!(block.frequencies(), &frequencies);
            prop_assert_eq!(BitReader::new(&bytes, end).take(3).unwrap(), 5);
            prop_assert!(end >= least_bits(universe, n));
            for (i, tf) in (0..).zip(&frequencies) {
                prop_assert_eq!(frequency_at(&bytes, at, i, n as u32).unwrap(), *tf);
            }
        }

        #[test]
        fn low_bits_are_the_logarithm(universe in 1u32..=1 << 31, count in 1usize..=BLOCK_LEN) {
            let wanted = (universe / count as u32).max(1).ilog2();
            prop_assert_eq!(low_bits(universe, count), wanted);
        }
    }
}
