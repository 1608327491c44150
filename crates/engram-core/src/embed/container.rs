//! The model file: a header, a piece list and packed rows, checked in full before use.
//!
//! Owns: the byte layout, version 1, little-endian:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `ENGRSTAT` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | CRC-32 of all bytes from 16 on |
//! | 16 | 4 | dimension `d`, a multiple of 2 |
//! | 20 | 4 | number of pieces `n` |
//! | 24 | 4 | bytes of the piece text `t` |
//! | 28 | 2 | bytes of the name |
//! | 30 | 2 | bytes of the revision |
//! | 32 | 2 | weight of the direction of an unknown character |
//! | 34 | 2 | reserved, zero |
//! | 36 | | name, revision (UTF-8) |
//! | | n | length of each piece in bytes |
//! | | t | the pieces, one after the other (UTF-8, `##` marks a continuation) |
//! | | n | weight of each row, 1 to 255 |
//! | | n * d / 2 | levels of each row, two a byte (see `pooling`) |
//!
//! Invariants: nothing follows the last row; `n * d / 2` cannot overflow; every length is checked
//! against the bytes that are there before it is used, so that damaged bytes give an error.
//! Limits: `DIMENSION_MAX`, `PIECES_MAX`. Written by `tools/static_model/artefact.py`.

use super::vocabulary::{PIECES_MAX, Vocabulary};
use crate::error::{Code, Error, Result};

const MAGIC: &[u8; 8] = b"ENGRSTAT";
const VERSION: u32 = 1;
/// Largest dimension a model may have.
pub(super) const DIMENSION_MAX: usize = 4096;
/// Where the bytes that the checksum covers begin.
const CHECKED_FROM: usize = 16;

/// The parts of a model file.
pub(super) struct Parts {
    pub(super) dimension: usize,
    pub(super) name: String,
    pub(super) revision: String,
    pub(super) unknown_weight: u16,
    pub(super) vocabulary: Vocabulary,
    pub(super) weights: Vec<u8>,
    pub(super) levels: Vec<u8>,
}

fn invalid(message: impl std::fmt::Display) -> Error {
    Error::new(Code::InputInvalid, format!("static model: {message}"))
        .hint("the model file is damaged or not a static model; install the package again")
}

/// Reads forward over the bytes, never past their end.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(|| {
            invalid(format_args!(
                "{what} needs {len} bytes, {} are left",
                self.rest.len()
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn text(&mut self, len: usize, what: &str) -> Result<&'a str> {
        std::str::from_utf8(self.take(len, what)?)
            .map_err(|_| invalid(format_args!("{what} is not UTF-8")))
    }

    fn u16(&mut self, what: &str) -> Result<u16> {
        let mut bytes = [0; 2];
        bytes.copy_from_slice(self.take(2, what)?);
        Ok(u16::from_le_bytes(bytes))
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4, what)?);
        Ok(u32::from_le_bytes(bytes))
    }
}

/// Reads and checks a whole model file.
pub(super) fn parse(bytes: &[u8]) -> Result<Parts> {
    let mut reader = Reader { rest: bytes };
    if reader.take(MAGIC.len(), "magic")? != MAGIC {
        return Err(invalid("the magic bytes are missing"));
    }
    let version = reader.u32("version")?;
    if version != VERSION {
        return Err(invalid(format_args!(
            "version {version}, this build reads {VERSION}"
        )));
    }
    let stored = reader.u32("checksum")?;
    let actual = crc32fast::hash(&bytes[CHECKED_FROM..]);
    if stored != actual {
        return Err(invalid(format_args!(
            "checksum {actual:08x}, expected {stored:08x}"
        )));
    }
    body(reader)
}

fn body(mut reader: Reader<'_>) -> Result<Parts> {
    let dimension = reader.u32("dimension")? as usize;
    let piece_count = reader.u32("piece count")? as usize;
    let text_bytes = reader.u32("piece text length")? as usize;
    let name_bytes = reader.u16("name length")?.into();
    let revision_bytes = reader.u16("revision length")?.into();
    let unknown_weight = reader.u16("unknown weight")?;
    let reserved = reader.u16("reserved bytes")?;
    if dimension == 0 || !dimension.is_multiple_of(2) || dimension > DIMENSION_MAX {
        return Err(invalid(format_args!(
            "dimension {dimension}, allowed: even, 2 to {DIMENSION_MAX}"
        )));
    }
    if piece_count == 0 || piece_count > PIECES_MAX || reserved != 0 {
        return Err(invalid(format_args!(
            "{piece_count} pieces, allowed: 1 to {PIECES_MAX}"
        )));
    }
    let name = reader.text(name_bytes, "name")?.to_owned();
    let revision = reader.text(revision_bytes, "revision")?.to_owned();
    let lengths = reader.take(piece_count, "piece lengths")?;
    let vocabulary = pieces(lengths, reader.text(text_bytes, "piece text")?)?;
    let weights = reader.take(piece_count, "row weights")?.to_vec();
    let levels = reader.take(piece_count * (dimension / 2), "rows")?.to_vec();
    if weights.contains(&0) || !reader.rest.is_empty() {
        return Err(invalid(
            "a row weighs nothing, or bytes follow the last row",
        ));
    }
    Ok(Parts {
        dimension,
        name,
        revision,
        unknown_weight,
        vocabulary,
        weights,
        levels,
    })
}

fn pieces(lengths: &[u8], text: &str) -> Result<Vocabulary> {
    let mut list = Vec::with_capacity(lengths.len());
    let mut rest = text;
    for &len in lengths {
        let (piece, after) = rest
            .split_at_checked(len.into())
            .ok_or_else(|| invalid("a piece is cut inside a character or reaches past the text"))?;
        list.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(invalid("the piece text is longer than the pieces"));
    }
    Vocabulary::build(list.into_iter())
}
