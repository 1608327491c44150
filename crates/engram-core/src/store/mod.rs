//! The file: storage, locks, superblocks, log, space. Knows bytes and extents, not records.
//!
//! `Storage` is the only door to the disk. Everything above it works on a file, in memory, or on a
//! simulated disk that loses power.

pub mod file;
pub mod fork;
pub mod locks;
pub mod log;
pub mod memory;
pub mod place;
mod sealed;
#[cfg(feature = "testing")]
pub mod sim;
pub mod space;
pub mod storage;

pub use place::Place;
pub use sealed::Sealed;
pub use storage::{Region, Storage};

use crate::error::{Code, Error, Result};
use crate::format::superblock::Superblock;
use crate::format::{FORMAT_MAJOR, PAGE_BYTES, manifest::Manifest};

/// Reads the newest valid superblock (F-011). A slot that is damaged is passed over: the log of the
/// older generation leads to the newer one (F-013).
pub fn read_superblock(storage: &dyn Storage) -> Result<Superblock> {
    let len = storage.len()?;
    if len < 2 * PAGE_BYTES {
        return Err(too_short(storage, len));
    }
    let mut best: Option<Superblock> = None;
    let mut reason = None;
    for slot in 0..2 {
        let mut page = vec![0; PAGE_BYTES as usize];
        storage.read_at(slot * PAGE_BYTES, &mut page)?;
        match Superblock::decode(&page) {
            Ok(block) if best.is_none_or(|b| b.generation < block.generation) => best = Some(block),
            Ok(_) => {}
            Err(why) => {
                let is_ours = page.starts_with(&crate::format::superblock::MAGIC[..6]);
                if is_ours || reason.is_none() {
                    reason = Some((why, is_ours));
                }
            }
        }
    }
    let Some(block) = best else {
        let (why, is_ours) = reason.ok_or_else(|| Error::internal("no superblock was read"))?;
        return Err(if is_ours {
            why.into_error(Code::CorruptSuperblock, "the superblock", 0)
        } else {
            Error::new(Code::FormatNotEngram, "this is not an engram file")
                .hint("check the path; a file of another kind is never overwritten")
        });
    };
    if block.version.0 > FORMAT_MAJOR {
        let message = format!(
            "the file has format {}.{}, this build reads up to {FORMAT_MAJOR}",
            block.version.0, block.version.1
        );
        return Err(Error::new(Code::FormatTooNew, message)
            .detail("file_major", block.version.0)
            .detail("supported_major", FORMAT_MAJOR)
            .hint("install a newer engram"));
    }
    Ok(block)
}

fn too_short(storage: &dyn Storage, len: u64) -> Error {
    let mut head = vec![0; len.min(6) as usize];
    let readable = storage.read_at(0, &mut head).is_ok();
    if readable && len >= 6 && crate::format::superblock::MAGIC.starts_with(&head) {
        return Error::new(
            Code::CorruptTruncated,
            format!("the file was cut off at {len} bytes"),
        )
        .hint("restore it from a backup");
    }
    let what = if len == 0 {
        "the file is empty"
    } else {
        "this is not an engram file"
    };
    Error::new(Code::FormatNotEngram, what)
        .hint("check the path; to start a new database here, remove the file first")
}

/// Where a manifest lies and how to check it.
#[derive(Clone, Copy, Debug)]
pub struct ManifestAt {
    /// Its extent.
    pub extent: crate::format::Extent,
    /// Encoded length in bytes.
    pub len: u64,
    /// CRC-32 of the encoded bytes.
    pub crc: u32,
}

/// Reads and checks a manifest.
pub fn read_manifest(storage: &dyn Storage, at: ManifestAt) -> Result<Manifest> {
    let offset = at.extent.offset;
    let wrong = |why: crate::format::Malformed| {
        why.into_error(Code::CorruptManifest, "the manifest", offset)
    };
    let file_len = storage.len()?;
    if at.extent.end() > file_len || at.len > at.extent.len {
        let message = format!(
            "the file ends at byte {file_len}, before the manifest at {offset} that it should hold"
        );
        return Err(Error::new(Code::CorruptTruncated, message)
            .hint("restore it from a backup, or run `engram doctor`"));
    }
    at.extent.check(file_len).map_err(wrong)?;
    let mut bytes = vec![0; at.len as usize];
    storage.read_at(offset, &mut bytes)?;
    if crc32fast::hash(&bytes) != at.crc {
        return Err(wrong(crate::format::Malformed(
            "its checksum does not match",
        )));
    }
    let manifest = Manifest::decode(&bytes).map_err(wrong)?;
    for segment in manifest.segments() {
        segment.extent.check(file_len).map_err(|why| {
            let code = if segment.extent.end() > file_len {
                Code::CorruptTruncated
            } else {
                Code::CorruptManifest
            };
            why.into_error(code, "a segment entry", offset)
        })?;
    }
    manifest
        .log
        .check(file_len)
        .map_err(|why| why.into_error(Code::CorruptTruncated, "the log entry", offset))?;
    Ok(manifest)
}
