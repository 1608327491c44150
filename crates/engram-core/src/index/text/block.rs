//! One block of postings: gaps and frequencies of up to 128 documents.
//!
//! Owns: both directions of the block's bytes, without the positions that follow it. Invariants:
//! ordinals ascend strictly by construction; decoding writes nothing beyond the counts it was
//! given. Limit: [`BLOCK_LEN`] documents. The layout is stated in the header of `text`.

use super::layout::{BLOCK_LEN, corrupt, push_varint, take_bytes, take_u32_varint, take_varint};
use crate::error::Result;

/// Packed bytes of the widest array, and eight more so that every value can be read as a `u64`.
const PADDED_BYTES: usize = BLOCK_LEN * 4 + 8;

/// Appends a block: for each document its gap and its frequency, which is at least 1.
pub(super) fn encode(gaps: &[u32], frequencies: &[u32], out: &mut Vec<u8>) {
    if gaps.len() == BLOCK_LEN {
        let reduced: Vec<u32> = frequencies.iter().map(|tf| tf - 1).collect();
        let (gap_bits, tf_bits) = (bits(gaps), bits(&reduced));
        out.extend([gap_bits as u8, tf_bits as u8]);
        pack(gaps, gap_bits, out);
        pack(&reduced, tf_bits, out);
        return;
    }
    for (&gap, &tf) in gaps.iter().zip(frequencies) {
        push_varint(out, u64::from(gap) * 2 + u64::from(tf == 1));
        if tf != 1 {
            push_varint(out, tf.into());
        }
    }
}

/// Takes a block of `count` documents from the front of `bytes`; `first` is the lowest ordinal
/// that can come and `limit` the first that cannot.
pub(super) fn decode(
    bytes: &mut &[u8],
    count: usize,
    first: u32,
    limit: u32,
    ordinals: &mut [u32; BLOCK_LEN],
    frequencies: &mut [u32; BLOCK_LEN],
) -> Result<()> {
    if count == BLOCK_LEN {
        let widths = take_bytes(bytes, 2)?;
        let [gap_bits, tf_bits] = *widths else {
            return Err(corrupt("short block"));
        };
        unpack(bytes, gap_bits, ordinals)?;
        unpack(bytes, tf_bits, frequencies)?;
        let highest = frequencies.iter().copied().max().unwrap_or(0);
        if highest == u32::MAX {
            return Err(corrupt("frequency out of range"));
        }
        frequencies.iter_mut().for_each(|tf| *tf += 1);
    } else {
        for (gap, tf) in ordinals.iter_mut().zip(frequencies).take(count) {
            let coded = take_varint(bytes)?;
            *gap = u32::try_from(coded >> 1).map_err(|_| corrupt("gap out of range"))?;
            *tf = if coded & 1 == 1 {
                1
            } else {
                take_u32_varint(bytes)?.max(1)
            };
        }
    }
    gaps_to_ordinals(ordinals.get_mut(..count).unwrap_or_default(), first, limit)
}

fn gaps_to_ordinals(gaps: &mut [u32], first: u32, limit: u32) -> Result<()> {
    // 128 gaps below 2^32 cannot overflow 64 bits, so one test of the last ordinal is enough.
    let mut next = u64::from(first);
    for gap in gaps.iter_mut() {
        next += u64::from(*gap);
        *gap = next as u32;
        next += 1;
    }
    if next > u64::from(limit) {
        Err(corrupt("ordinal out of range"))
    } else {
        Ok(())
    }
}

fn bits(values: &[u32]) -> u32 {
    u32::BITS
        - values
            .iter()
            .fold(0, |all, value| all | value)
            .leading_zeros()
}

fn pack(values: &[u32], bits: u32, out: &mut Vec<u8>) {
    let (mut pending, mut pending_bits) = (0u64, 0);
    for &value in values {
        pending |= u64::from(value) << pending_bits;
        pending_bits += bits;
        while pending_bits >= 8 {
            out.push(pending as u8);
            pending >>= 8;
            pending_bits -= 8;
        }
    }
}

fn unpack(bytes: &mut &[u8], bits: u8, values: &mut [u32; BLOCK_LEN]) -> Result<()> {
    if bits > 32 {
        return Err(corrupt("more than 32 bits in a block"));
    }
    let packed = take_bytes(bytes, u64::from(bits) * (BLOCK_LEN as u64 / 8))?;
    let mut padded = [0u8; PADDED_BYTES];
    if let Some(to) = padded.get_mut(..packed.len()) {
        to.copy_from_slice(packed);
    }
    let mask = (1u64 << bits) - 1;
    let mut bit = 0;
    for value in values {
        let window = padded.get(bit / 8..).and_then(|rest| rest.first_chunk());
        let window = window.map_or(0, |window| u64::from_le_bytes(*window));
        *value = ((window >> (bit % 8)) & mask) as u32;
        bit += usize::from(bits);
    }
    Ok(())
}
