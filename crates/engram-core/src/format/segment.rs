//! The frame of a segment: header, parts, checksums, directory, footer (F-070 to F-075).
//!
//! What the parts hold is `segment::build`; here is only how they are laid out and covered. Parts
//! start at multiples of 64. Every chunk of 32 KiB before the checksum table has a CRC-32 in it; the
//! directory and the table have theirs in the footer; the manifest holds that of the footer.

use super::codec::{Reader, Writer};
use super::{Decode, Malformed};

/// Bytes that one checksum covers.
pub const CHUNK_BYTES: usize = 32 << 10;
/// Alignment of every part.
pub const PART_ALIGN: usize = 64;
/// Length of the footer in bytes.
pub const FOOTER_BYTES: usize = 64;

const MAGIC: u64 = 0x3130_4745_534d_4152;

/// What a part holds (F-071). Unknown kinds are carried along and ignored.
pub mod kind {
    /// Ids by ordinal.
    pub const IDS: u16 = 1;
    /// Ordinals by hash of id.
    pub const ID_MAP: u16 = 2;
    /// Texts, compressed.
    pub const TEXTS: u16 = 3;
    /// Times and metadata, compressed.
    pub const METADATA: u16 = 4;
    /// Dense vectors of one space.
    pub const VECTORS: u16 = 5;
    /// Full-text index.
    pub const TEXT_INDEX: u16 = 6;
    /// Codes of the dense vectors of one space.
    pub const CODES: u16 = 8;
    /// Metadata by path. (7 was a list of these paths.)
    pub const COLUMNS: u16 = 9;
    /// Sparse vectors of one space.
    pub const SPARSE: u16 = 10;
    /// Their weights by dimension.
    pub const SPARSE_INDEX: u16 = 11;
    /// Multi-vectors of one space.
    pub const MULTI: u16 = 12;
    /// Codes of the token vectors of one space.
    pub const MULTI_INDEX: u16 = 13;
    /// The kinds that hold embeddings of one space, or what is derived from them.
    pub const OF_SPACES: [u16; 6] = [VECTORS, CODES, SPARSE, SPARSE_INDEX, MULTI, MULTI_INDEX];
    /// Ids of nodes, in a segment of edges.
    pub const NODES: u16 = 14;
    /// Edges by node: outgoing ones under space 0, incoming ones under space 1.
    pub const ROWS: u16 = 15;
    /// Names of edge types.
    pub const EDGE_TYPES: u16 = 16;
    /// Properties of edges, compressed.
    pub const PROPERTIES: u16 = 17;
    /// What lists of one space cover, in a segment of lists.
    pub const LISTS: u16 = 18;
    /// Centres of lists.
    pub const LIST_CENTRES: u16 = 19;
    /// Codes by list.
    pub const LIST_CODES: u16 = 20;
    /// Rows by list.
    pub const LIST_ROWS: u16 = 21;
}

/// One entry of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// One of [`kind`].
    pub kind: u16,
    /// Space index for embeddings and their indexes, else 0.
    pub space: u16,
    /// First byte, from the start of the segment.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// Collects parts and closes the segment.
#[derive(Debug, Default)]
pub struct SegmentWriter {
    w: Writer,
    parts: Vec<Part>,
}

impl SegmentWriter {
    /// A segment of `records` records under `id`.
    #[must_use]
    pub fn new(id: u64, records: u32) -> Self {
        let mut w = Writer::new();
        w.u64(MAGIC);
        w.u64(id);
        w.u32(records);
        w.align(PART_ALIGN);
        SegmentWriter {
            w,
            parts: Vec::new(),
        }
    }

    /// Appends a part.
    pub fn part(&mut self, kind: u16, space: u16, bytes: &[u8]) {
        self.part_with(kind, space, |w| w.bytes.extend_from_slice(bytes));
    }

    /// Appends a part that `fill` writes; it may align itself to 64 within the segment.
    pub fn part_with<T>(
        &mut self,
        kind: u16,
        space: u16,
        fill: impl FnOnce(&mut Writer) -> T,
    ) -> T {
        self.w.align(PART_ALIGN);
        let offset = self.w.bytes.len() as u64;
        let filled = fill(&mut self.w);
        let len = (self.w.bytes.len() as u64).saturating_sub(offset);
        self.parts.push(Part {
            kind,
            space,
            offset,
            len,
        });
        filled
    }

    /// Closes the segment: its bytes and the CRC-32 of its footer.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, u32) {
        let mut w = self.w;
        w.align(PART_ALIGN);
        let data_len = w.bytes.len() as u64;
        let mut table = Writer::new();
        w.bytes
            .chunks(CHUNK_BYTES)
            .for_each(|c| table.u32(crc32fast::hash(c)));
        let mut directory = Writer::new();
        directory.len(self.parts.len());
        for p in &self.parts {
            directory.u16(p.kind);
            directory.u16(p.space);
            directory.u64(p.offset);
            directory.u64(p.len);
        }
        w.bytes.extend_from_slice(&table.bytes);
        w.bytes.extend_from_slice(&directory.bytes);
        let mut footer = Writer::new();
        footer.u64(MAGIC);
        footer.u64(data_len);
        footer.u64(table.bytes.len() as u64);
        footer.u64(directory.bytes.len() as u64);
        footer.u32(crc32fast::hash(&table.bytes));
        footer.u32(crc32fast::hash(&directory.bytes));
        footer.bytes.resize(FOOTER_BYTES, 0);
        w.bytes.extend_from_slice(&footer.bytes);
        (w.bytes, crc32fast::hash(&footer.bytes))
    }
}

/// The decoded outside of a segment.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Id given at building.
    pub id: u64,
    /// Records in it.
    pub records: u32,
    /// Bytes that the checksum table covers.
    pub data_len: u64,
    /// CRC-32 of each chunk of the data.
    pub chunk_crcs: Vec<u32>,
    /// The parts.
    pub parts: Vec<Part>,
}

impl Directory {
    /// Reads the outside of a segment, checking all but the chunks of the data.
    pub fn decode(bytes: &[u8], footer_crc: u32) -> Decode<Directory> {
        let at = bytes
            .len()
            .checked_sub(FOOTER_BYTES)
            .ok_or(Malformed("it is too short"))?;
        let (body, footer) = bytes
            .split_at_checked(at)
            .ok_or(Malformed("it is too short"))?;
        if crc32fast::hash(footer) != footer_crc {
            return Err(Malformed("its footer does not match the manifest"));
        }
        let mut f = Reader::new(footer);
        if f.u64()? != MAGIC {
            return Err(Malformed("it lacks the segment magic"));
        }
        let (data_len, table_len, directory_len) = (f.u64()?, f.u64()?, f.u64()?);
        let (table_crc, directory_crc) = (f.u32()?, f.u32()?);
        let mut r = Reader::new(body);
        let to_len = |n| usize::try_from(n).map_err(|_| Malformed("a length is too large"));
        let data = r.take(to_len(data_len)?)?;
        let table = r.take(to_len(table_len)?)?;
        let directory = r.take(to_len(directory_len)?)?;
        r.finish()?;
        if crc32fast::hash(table) != table_crc || crc32fast::hash(directory) != directory_crc {
            return Err(Malformed("the checksum of its directory does not match"));
        }
        let chunk_crcs: Vec<u32> = table
            .as_chunks::<4>()
            .0
            .iter()
            .map(|c| u32::from_le_bytes(*c))
            .collect();
        if chunk_crcs.len() != data.len().div_ceil(CHUNK_BYTES) {
            return Err(Malformed("its checksum table has the wrong length"));
        }
        let mut head = Reader::new(data);
        if head.u64()? != MAGIC {
            return Err(Malformed("it lacks the segment magic"));
        }
        let (id, records) = (head.u64()?, head.u32()?);
        let parts = decode_parts(directory, data_len)?;
        Ok(Directory {
            id,
            records,
            data_len,
            chunk_crcs,
            parts,
        })
    }
}

fn decode_parts(directory: &[u8], data_len: u64) -> Decode<Vec<Part>> {
    let mut d = Reader::new(directory);
    let mut parts = Vec::new();
    for _ in 0..d.count()? {
        let part = Part {
            kind: d.u16()?,
            space: d.u16()?,
            offset: d.u64()?,
            len: d.u64()?,
        };
        let fits = part
            .offset
            .checked_add(part.len)
            .is_some_and(|end| end <= data_len);
        if !fits || !part.offset.is_multiple_of(PART_ALIGN as u64) {
            return Err(Malformed("a part lies outside the segment"));
        }
        parts.push(part);
    }
    d.finish()?;
    Ok(parts)
}
