//! The parts of a segment, writer and reader side by side (F-080 to F-083).

use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use std::cell::RefCell;
use xxhash_rust::xxh3::xxh3_64;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{DCtx, DDict};

/// Raw bytes that a block of texts holds before compression.
const BLOCK_BYTES: usize = 16 << 10;
/// zstd level: 3 is the library's default, and text compresses only 3 % better at 6.
const ZSTD_LEVEL: i32 = 3;
/// A block is one entry at least, so this bounds what a damaged length can allocate.
const MAX_BLOCK_BYTES: usize = crate::format::limits::MAX_RECORD_BYTES + BLOCK_BYTES;
/// The first blocks serve as the dictionary of those that follow: texts of a tenth less, for one more
/// unpacking a segment. 32 KiB of them bring half as much, 256 KiB are beyond the reach of the level.
const PRIMER_BLOCKS: u32 = 7;
/// Largest dictionary, so that a segment of long entries does not keep megabytes unpacked.
pub(super) const MAX_PRIMER_BYTES: usize = 160 << 10;

/// Entries in compressed blocks, found by ordinal.
#[derive(Default)]
pub(super) struct BlocksWriter {
    raw: Writer,
    first: u32,
    count: u32,
    index: Writer,
    blocks: u32,
    data: Vec<u8>,
    packer: Option<Compressor<'static>>,
    /// What may become the dictionary.
    primer: Vec<u8>,
    /// Blocks that are one, 0 for none.
    primed: u32,
}

impl BlocksWriter {
    /// Appends the next entry.
    pub(super) fn push(&mut self, entry: &[u8]) -> std::io::Result<()> {
        self.raw.blob(entry);
        self.count += 1;
        if self.raw.bytes.len() >= BLOCK_BYTES {
            self.close()
        } else {
            Ok(())
        }
    }

    fn close(&mut self) -> std::io::Result<()> {
        if self.raw.bytes.is_empty() {
            return Ok(());
        }
        let packer = match &mut self.packer {
            Some(packer) => packer,
            None => self.packer.insert(Compressor::new(ZSTD_LEVEL)?),
        };
        let packed = packer.compress(&self.raw.bytes)?;
        self.data.extend_from_slice(&packed);
        self.index.u32(self.first);
        self.index.u32(self.raw.bytes.len() as u32);
        self.index.u64(self.data.len() as u64);
        self.blocks += 1;
        self.first = self.count;
        if self.blocks <= PRIMER_BLOCKS && self.primer.len() <= MAX_PRIMER_BYTES {
            self.primer.extend_from_slice(&self.raw.bytes);
        }
        self.raw.bytes.clear();
        if self.blocks == PRIMER_BLOCKS {
            self.prime()?;
        }
        Ok(())
    }

    fn prime(&mut self) -> std::io::Result<()> {
        let primer = std::mem::take(&mut self.primer);
        if let Some(packer) = &mut self.packer
            && primer.len() <= MAX_PRIMER_BYTES
        {
            packer.set_dictionary(ZSTD_LEVEL, &primer)?;
            self.primed = PRIMER_BLOCKS;
        }
        Ok(())
    }

    /// The part: block count, blocks that are a dictionary, index, blocks.
    pub(super) fn finish(mut self) -> std::io::Result<Vec<u8>> {
        self.close()?;
        let mut w = Writer::new();
        w.u32(self.blocks);
        w.u32(self.primed);
        w.bytes.extend_from_slice(&self.index.bytes);
        w.bytes.extend_from_slice(&self.data);
        Ok(w.bytes)
    }
}

/// Head of a blocks part.
#[derive(Clone, Copy)]
pub(super) struct BlocksHead {
    pub(super) blocks: u32,
    /// The first so many are the dictionary of the others.
    pub(super) primed: u32,
}

/// Where one block lies.
#[derive(Clone, Copy)]
pub(super) struct BlockAt {
    pub(super) first: u32,
    pub(super) raw_len: usize,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl BlocksHead {
    pub(super) const BYTES: u64 = 8;
    pub(super) const ENTRY: u64 = 16;

    pub(super) fn decode(head: &[u8]) -> Decode<BlocksHead> {
        let mut r = Reader::new(head);
        let (blocks, primed) = (r.u32()?, r.u32()?);
        if primed > blocks.min(64) {
            return Err(Malformed("a dictionary of too many blocks"));
        }
        Ok(BlocksHead { blocks, primed })
    }

    pub(super) fn index_len(self) -> u64 {
        u64::from(self.blocks) * Self::ENTRY
    }

    /// Block `i` of the index, whose bytes are given.
    pub(super) fn block(self, index: &[u8], i: u32) -> Decode<BlockAt> {
        let at = i as usize * Self::ENTRY as usize;
        let mut r = Reader::new(index.get(at..).ok_or(Malformed("a block is missing"))?);
        let (first, raw_len, end) = (r.u32()?, r.u32()? as usize, r.u64()?);
        let start = match at.checked_sub(8) {
            Some(before) => {
                Reader::new(index.get(before..).ok_or(Malformed("a block is missing"))?).u64()?
            }
            None => 0,
        };
        if start > end || end > 1 << 48 || raw_len > MAX_BLOCK_BYTES {
            return Err(Malformed("a block index contradicts itself"));
        }
        Ok(BlockAt {
            first,
            raw_len,
            start,
            end,
        })
    }

    /// The block that holds `ordinal`.
    pub(super) fn find(self, index: &[u8], ordinal: u32) -> Decode<u32> {
        let (mut low, mut high) = (0, self.blocks);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.block(index, middle)?.first <= ordinal {
                low = middle;
            } else {
                high = middle;
            }
        }
        if low < high {
            Ok(low)
        } else {
            Err(Malformed("an entry is missing"))
        }
    }
}

thread_local! {
    /// Making one takes as long as unpacking a block.
    static UNPACKER: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// Unpacks a block.
pub(super) fn unpack(
    packed: &[u8],
    raw_len: usize,
    primer: Option<&DDict<'static>>,
) -> Decode<Vec<u8>> {
    let mut raw = Vec::with_capacity(raw_len);
    let unpacked = UNPACKER.with_borrow_mut(|unpacker| match primer {
        Some(primer) => unpacker.decompress_using_ddict(&mut raw, packed, primer),
        None => unpacker.decompress(&mut raw, packed),
    });
    unpacked.map_err(|_| Malformed("a block cannot be unpacked"))?;
    if raw.len() == raw_len {
        Ok(raw)
    } else {
        Err(Malformed("a block has the wrong length"))
    }
}

/// Ids by ordinal: count + 1 offsets, then the bytes.
pub(super) fn encode_ids<'a>(ids: impl Iterator<Item = &'a str> + Clone) -> Vec<u8> {
    let mut w = Writer::new();
    let mut end = 0u32;
    w.u32(end);
    for id in ids.clone() {
        end += id.len() as u32;
        w.u32(end);
    }
    ids.for_each(|id| w.bytes.extend_from_slice(id.as_bytes()));
    w.bytes
}

/// The hash that the id map is sorted by. Among the records of a segment, half of XXH3 tells as many
/// ids apart as matter: what is found by it is compared.
pub(super) fn id_hash(id: &str) -> u32 {
    (xxh3_64(id.as_bytes()) >> 32) as u32
}

/// Hashes in ascending order, then their ordinals in the same order.
pub(super) fn encode_id_map<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut pairs: Vec<(u32, u32)> = ids.map(id_hash).zip(0u32..).collect();
    pairs.sort_unstable();
    let mut w = Writer::new();
    pairs.iter().for_each(|(hash, _)| w.u32(*hash));
    pairs.iter().for_each(|(_, ordinal)| w.u32(*ordinal));
    w.bytes
}

/// First position in ascending, evenly spread `hashes` that is not below `hash`.
pub(super) fn lower_bound(hashes: &[[u8; 4]], hash: u32) -> usize {
    let at = |i: usize| u32::from_le_bytes(hashes[i]);
    let n = hashes.len();
    // Hashes are uniform, so the place of one is nearly known; widen from there until it is inside.
    let guess = ((u64::from(hash) * n as u64) >> 32) as usize;
    let (mut low, mut high, mut step) = (guess, guess, 8);
    while low > 0 && at(low - 1) >= hash {
        low = low.saturating_sub(step);
        step *= 2;
    }
    step = 8;
    while high < n && at(high) < hash {
        high = (high + step).min(n);
        step *= 2;
    }
    low + hashes[low..high].partition_point(|h| u32::from_le_bytes(*h) < hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lower_bound_is_the_partition_point(mut hashes in prop::collection::vec(any::<u32>(), 0..300),
                                              probe in any::<u32>()) {
            hashes.sort_unstable();
            let bytes: Vec<[u8; 4]> = hashes.iter().map(|h| h.to_le_bytes()).collect();
            for hash in hashes.iter().copied().chain([probe, 0, u32::MAX]) {
                prop_assert_eq!(lower_bound(&bytes, hash), hashes.partition_point(|h| *h < hash));
            }
        }
    }
}
