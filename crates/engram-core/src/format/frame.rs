//! Log frames (F-030 to F-039): one commit, link, checkpoint or move each.
//!
//! A frame starts at a multiple of 8: publish word u64, magic u32, body length u32, frame number
//! u64, commit u64, time i64, kind u32, CRC u32 over bytes 8..44 and the body; the body follows,
//! padded with zeros to a multiple of 8.
//!
//! The publish word is zero until the frame is durable. It is the one word that other handles watch,
//! and the evidence that a frame whose checksum fails was acknowledged once (F-034).

use super::codec::{Reader, Writer};
use super::{Decode, Extent, MAX_NUMBER, Malformed, is_time};

/// Bytes before the body.
pub const HEADER_BYTES: usize = 48;
/// Longest body of a frame; larger commits go straight into segments (F-036).
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// A link frame with its padding.
pub const LINK_BYTES: u64 = 64;
/// A checkpoint frame with its padding.
pub const CHECKPOINT_BYTES: u64 = 88;

/// Room that a frame leaves behind it in its extent (F-035): after a commit for a move and a
/// checkpoint, after a move for a checkpoint (or a link, which is shorter), else none.
#[must_use]
pub fn reserve_after(kind: Kind) -> u64 {
    match kind {
        Kind::Commit => CHECKPOINT_BYTES.saturating_add(HEADER_BYTES as u64),
        Kind::Moved => CHECKPOINT_BYTES,
        Kind::Checkpoint | Kind::Link => 0,
    }
}

const MAGIC: u32 = 0x4d52_4645;
const SALT_FULL: u64 = 0x9e6c_63d0_876a_68af;
const SALT_RELAXED: u64 = 0xa0d2_c391_5f1b_7e35;

/// What a frame does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Operations of one transaction.
    Commit,
    /// The log goes on in another extent.
    Link,
    /// The state goes on from another manifest.
    Checkpoint,
    /// The file was replaced; look at its path again.
    Moved,
}

impl Kind {
    fn code(self) -> u32 {
        match self {
            Kind::Commit => 1,
            Kind::Link => 2,
            Kind::Checkpoint => 3,
            Kind::Moved => 4,
        }
    }
}

/// Whether a published frame was synced first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// Synced before it was published.
    Full,
    /// Published without a sync (`durability="relaxed"`).
    Relaxed,
}

/// The publish word of frame `number` (F-033).
#[must_use]
pub fn publish_word(number: u64, how: Publish) -> u64 {
    number
        ^ match how {
            Publish::Full => SALT_FULL,
            Publish::Relaxed => SALT_RELAXED,
        }
}

/// A decoded frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame does.
    pub kind: Kind,
    /// Position in the sequence of all frames ever written.
    pub number: u64,
    /// Commit number after this frame.
    pub commit: u64,
    /// When it was written, microseconds since 1970.
    pub time_us: i64,
    /// Length of the body in bytes.
    pub body_len: usize,
}

impl Header {
    /// Length of the whole frame in bytes, padding included.
    #[must_use]
    pub fn frame_len(&self) -> u64 {
        frame_len(self.body_len)
    }
}

/// Length of a frame with a body of `body_len` bytes.
#[must_use]
pub fn frame_len(body_len: usize) -> u64 {
    (HEADER_BYTES as u64).saturating_add((body_len as u64).next_multiple_of(8))
}

fn checksum(fields: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fields);
    hasher.update(body);
    hasher.finalize()
}

/// A whole frame, not yet published.
#[must_use]
pub fn encode(kind: Kind, number: u64, commit: u64, time_us: i64, body: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    w.u64(0);
    w.u32(MAGIC);
    w.u32(body.len() as u32);
    w.u64(number);
    w.u64(commit);
    w.i64(time_us);
    w.u32(kind.code());
    let crc = checksum(w.bytes.get(8..).unwrap_or_default(), body);
    w.u32(crc);
    w.bytes.extend_from_slice(body);
    w.align(8);
    w.bytes
}

/// Decodes a header without checking the body.
pub fn decode_header(bytes: &[u8]) -> Decode<Header> {
    let mut r = Reader::new(bytes);
    r.u64()?;
    if r.u32()? != MAGIC {
        return Err(Malformed("it lacks the frame magic"));
    }
    let body_len = r.u32()? as usize;
    if body_len > MAX_BODY_BYTES {
        return Err(Malformed("its length is beyond the limit"));
    }
    let (number, commit, time_us) = (r.u64()?, r.u64()?, r.i64()?);
    if number > MAX_NUMBER || commit > MAX_NUMBER || !is_time(time_us) {
        return Err(Malformed("a number is beyond any use"));
    }
    let kind = match r.u32()? {
        1 => Kind::Commit,
        2 => Kind::Link,
        3 => Kind::Checkpoint,
        4 => Kind::Moved,
        _ => return Err(Malformed("its kind is unknown")),
    };
    r.u32()?;
    Ok(Header {
        kind,
        number,
        commit,
        time_us,
        body_len,
    })
}

/// Decodes a frame at the start of `bytes` and checks it whole.
pub fn decode(bytes: &[u8]) -> Decode<(Header, &[u8])> {
    let header = decode_header(bytes)?;
    let mut r = Reader::new(bytes);
    r.u64()?;
    let fields = r.take(HEADER_BYTES.saturating_sub(12))?;
    let crc = r.u32()?;
    let body = r.take(header.body_len)?;
    let padding = body.len().next_multiple_of(8).saturating_sub(body.len());
    if checksum(fields, body) != crc {
        return Err(Malformed("its checksum does not match"));
    }
    if r.take(padding)?.iter().any(|b| *b != 0) {
        return Err(Malformed("its padding is not zero"));
    }
    Ok((header, body))
}

/// The publish word at the start of a frame.
#[must_use]
pub fn word(bytes: &[u8]) -> u64 {
    Reader::new(bytes).u64().unwrap_or(0)
}

/// Body of a link frame: the next extent.
#[must_use]
pub fn encode_link(next: Extent) -> Vec<u8> {
    let mut w = Writer::new();
    w.u64(next.offset);
    w.u64(next.len);
    w.bytes
}

/// Reads the body of a link frame.
pub fn decode_link(body: &[u8]) -> Decode<Extent> {
    let mut r = Reader::new(body);
    let next = Extent {
        offset: r.u64()?,
        len: r.u64()?,
    };
    r.finish()?;
    Ok(next)
}

/// Where a manifest lies, as the body of a checkpoint frame tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointBody {
    /// Generation of the manifest.
    pub generation: u64,
    /// Its extent.
    pub manifest: Extent,
    /// Its encoded length.
    pub manifest_len: u64,
    /// CRC-32 of its encoded bytes.
    pub manifest_crc: u32,
}

impl CheckpointBody {
    /// Encodes the body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u64(self.generation);
        w.u64(self.manifest.offset);
        w.u64(self.manifest.len);
        w.u64(self.manifest_len);
        w.u32(self.manifest_crc);
        w.bytes
    }

    /// Decodes the body.
    pub fn decode(body: &[u8]) -> Decode<CheckpointBody> {
        let mut r = Reader::new(body);
        let out = CheckpointBody {
            generation: r.u64()?,
            manifest: Extent {
                offset: r.u64()?,
                len: r.u64()?,
            },
            manifest_len: r.u64()?,
            manifest_crc: r.u32()?,
        };
        r.finish()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_but_those_of_the_publish_word_is_noticed() {
        let bytes = encode(Kind::Commit, 7, 5, 123, b"hello, log");
        assert_eq!(decode(&bytes).unwrap().1, b"hello, log");
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bad).is_ok(), bit < 64, "bit {bit}");
        }
    }

    #[test]
    fn a_checkpoint_frame_has_the_length_that_is_kept_free_for_it() {
        let at = Extent {
            offset: 8192,
            len: 4096,
        };
        let body = CheckpointBody {
            generation: 1,
            manifest: at,
            manifest_len: 1,
            manifest_crc: 1,
        }
        .encode();
        assert_eq!(frame_len(body.len()), CHECKPOINT_BYTES);
    }

    #[test]
    fn every_truncation_is_noticed() {
        let bytes = encode(
            Kind::Link,
            1,
            1,
            0,
            &encode_link(Extent {
                offset: 8192,
                len: 4096,
            }),
        );
        assert_eq!(bytes.len() as u64, LINK_BYTES);
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len]).is_err(), "length {len}");
        }
    }
}
