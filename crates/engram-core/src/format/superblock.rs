//! The superblock: where the newest manifest lies (F-010 to F-014).
//!
//! Two slots of one page each, written in turn by generation; the valid one with the highest
//! generation wins. Layout: magic 8, major u16, minor u16, reserved u32, file id 16 bytes,
//! generation u64, manifest offset u64, length u64, manifest CRC u32, reserved up to 4092, CRC u32.

use super::codec::{Reader, Writer};
use super::{Decode, Extent, FORMAT_MAJOR, FORMAT_MINOR, Malformed, PAGE_BYTES};

/// First bytes of every engram file.
pub const MAGIC: &[u8; 8] = b"ENGRAM\x1a\n";

/// One decoded superblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Format version of the file.
    pub version: (u16, u16),
    /// Random id given at creation; kept by `optimize`, changed by `backup`.
    pub file_id: [u8; 16],
    /// Number of the manifest it points to.
    pub generation: u64,
    /// Where the manifest lies.
    pub manifest: Extent,
    /// Length of the encoded manifest in bytes.
    pub manifest_len: u64,
    /// CRC-32 of the encoded manifest.
    pub manifest_crc: u32,
}

impl Superblock {
    /// The offset of the slot that this generation is written to (F-011).
    #[must_use]
    pub fn slot_offset(&self) -> u64 {
        (self.generation & 1).saturating_mul(PAGE_BYTES)
    }

    /// One page.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.bytes.extend_from_slice(MAGIC);
        w.u16(FORMAT_MAJOR);
        w.u16(FORMAT_MINOR);
        w.u32(0);
        w.bytes.extend_from_slice(&self.file_id);
        w.u64(self.generation);
        w.u64(self.manifest.offset);
        w.u64(self.manifest.len);
        w.u64(self.manifest_len);
        w.u32(self.manifest_crc);
        w.bytes.resize((PAGE_BYTES as usize).saturating_sub(4), 0);
        w.u32(crc32fast::hash(&w.bytes));
        w.bytes
    }

    /// Decodes one page. A newer major version is decoded far enough to say so.
    pub fn decode(page: &[u8]) -> Decode<Superblock> {
        let (body, crc) = page
            .split_last_chunk::<4>()
            .ok_or(Malformed("it is too short"))?;
        let mut r = Reader::new(body);
        if r.take(8)? != MAGIC {
            return Err(Malformed("it lacks the magic bytes"));
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(Malformed("its checksum does not match"));
        }
        let version = (r.u16()?, r.u16()?);
        let reserved = r.u32()?;
        let mut file_id = [0; 16];
        file_id.copy_from_slice(r.take(16)?);
        let block = Superblock {
            version,
            file_id,
            generation: r.u64()?,
            manifest: Extent {
                offset: r.u64()?,
                len: r.u64()?,
            },
            manifest_len: r.u64()?,
            manifest_crc: r.u32()?,
        };
        let zero = reserved == 0 && r.rest().iter().all(|b| *b == 0);
        if version.0 <= FORMAT_MAJOR && !zero {
            return Err(Malformed("reserved bytes are not zero"));
        }
        Ok(block)
    }
}
