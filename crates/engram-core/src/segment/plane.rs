//! The embeddings of one space in a segment, writer and reader side by side (F-084, F-170).
//!
//! Each part begins with a head and the bitmap of the ordinals that have an embedding; row j belongs
//! to the j-th of them. Dense rows lie in a plane, mapped as they are; sparse ones in compressed blocks;
//! multi-vectors as `index::multi` says.

use super::parts::BlocksWriter;
use crate::error::Result;
use crate::format::codec::{Reader, Writer};
use crate::format::record::Metric;
use crate::format::segment::kind;
use crate::format::space::{self, Element, Embedding, Kind};
use crate::format::{Decode, Malformed};
use crate::index::multi::{TokensWriter, encode_codes};
use crate::index::sparse::SparseWriter;
use crate::index::vector::{codable, encode};
use crate::kernel::{self, Rows};
use roaring::RoaringBitmap;

/// Below so many rows, scoring all of them costs no more than reading their codes.
const LEAST_CODED_ROWS: u64 = 128;
/// Below this dimension, codes take a fair part of what they stand for.
const LEAST_CODED_DIMENSION: u32 = 32;

/// Head of an embeddings part.
pub(super) struct VectorsHead {
    pub(super) dimension: u32,
    pub(super) count: u32,
    pub(super) bitmap_len: u32,
    pub(super) element: Element,
}

impl VectorsHead {
    pub(super) const BYTES: u64 = 16;

    fn encode(&self, w: &mut Writer) {
        w.u32(self.dimension);
        w.u32(self.count);
        w.u32(self.bitmap_len);
        w.u32(u32::from(self.element as u8));
    }

    pub(super) fn decode(bytes: &[u8]) -> Decode<VectorsHead> {
        let mut r = Reader::new(bytes);
        let (dimension, count, bitmap_len) = (r.u32()?, r.u32()?, r.u32()?);
        let code = u8::try_from(r.u32()?).map_err(|_| Malformed("an unknown element type"))?;
        // Below this, none of the sums that follow from it overflows.
        if u64::from(count) * u64::from(dimension) > 1 << 48 {
            return Err(Malformed("a vector plane has impossible sizes"));
        }
        Ok(VectorsHead {
            dimension,
            count,
            bitmap_len,
            element: Element::from_code(code)?,
        })
    }

    /// Where the rows start, from the start of the part.
    pub(super) fn plane_at(&self) -> u64 {
        (Self::BYTES + u64::from(self.bitmap_len)).next_multiple_of(64)
    }

    /// Bytes of one row.
    pub(super) fn stride(&self) -> u64 {
        self.element.stride(self.dimension as usize) as u64
    }

    /// Length of the plane in bytes.
    pub(super) fn plane_len(&self) -> u64 {
        u64::from(self.count) * self.stride()
    }

    /// Where the inverse norms start.
    pub(super) fn norms_at(&self) -> u64 {
        (self.plane_at() + self.plane_len()).next_multiple_of(64)
    }

    /// Where the scales of int8 rows start.
    pub(super) fn scales_at(&self) -> u64 {
        (self.norms_at() + u64::from(self.count) * 4).next_multiple_of(64)
    }
}

/// The dense vectors of one space.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Length of each vector.
    pub dimension: usize,
    /// The vectors, row after row.
    pub data: Rows<'a>,
    /// One over the norm of each row.
    pub inverse_norms: &'a [f32],
}

impl<'a> Plane<'a> {
    /// Row `j` as float32: borrowed where it is, else written into `buffer`.
    pub fn row<'b>(&self, j: usize, buffer: &'b mut Vec<f32>) -> &'b [f32]
    where
        'a: 'b,
    {
        if let Rows::F32(data) = self.data {
            return &data[j * self.dimension..(j + 1) * self.dimension];
        }
        buffer.clear();
        self.data.decode(self.dimension, j, buffer);
        buffer
    }
}

/// Collects the embeddings of one space.
pub(super) struct PlaneBuilder {
    kind: Kind,
    element: Element,
    dimension: u32,
    rows: RoaringBitmap,
    /// Of dense ones, which were rounded to `element` when they were put.
    data: Vec<f32>,
    /// Of sparse ones, whole and by dimension.
    blocks: BlocksWriter,
    weights: SparseWriter,
    /// Of multi-vectors.
    tokens: TokensWriter,
}

/// One over the Euclidean norm; 0 for a zero vector, which cosine collections refuse anyway.
pub(crate) fn inverse_norm(vector: &[f32]) -> f32 {
    let norm = kernel::norm_squared(vector).sqrt();
    if norm > 0.0 { 1.0 / norm } else { 0.0 }
}

impl PlaneBuilder {
    pub(super) fn new(space: &space::Space) -> PlaneBuilder {
        PlaneBuilder {
            kind: space.kind,
            element: space.element,
            dimension: space.dimension,
            rows: RoaringBitmap::new(),
            data: Vec::new(),
            blocks: BlocksWriter::default(),
            weights: SparseWriter::new(space.element),
            tokens: TokensWriter::new(space.element, space.dimension as usize),
        }
    }

    /// Adds the embedding of the next ordinal that has one.
    pub(super) fn push(&mut self, ordinal: u32, embedding: &Embedding) -> Result<()> {
        self.rows.insert(ordinal);
        match embedding {
            Embedding::Dense(v) => self.data.extend_from_slice(v),
            Embedding::Multi(m) => self.tokens.push(m)?,
            Embedding::Sparse(entries) => {
                self.weights.push(entries)?;
                let mut w = Writer::new();
                embedding.encode(&mut w);
                self.blocks
                    .push(&w.bytes)
                    .map_err(|e| super::build::zstd_error(&e))?;
            }
        }
        Ok(())
    }

    /// The kind of its part.
    pub(super) fn part_kind(&self) -> u16 {
        match self.kind {
            Kind::Dense => kind::VECTORS,
            Kind::Sparse => kind::SPARSE,
            Kind::Multi => kind::MULTI,
        }
    }

    /// The weights by dimension, of sparse embeddings.
    pub(super) fn weights(&self) -> Option<&SparseWriter> {
        (self.kind == Kind::Sparse).then_some(&self.weights)
    }

    /// The codes of its tokens, of multi-vectors, where they help.
    pub(super) fn token_codes(&self) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Multi => encode_codes(&self.tokens),
            _ => None,
        }
    }

    /// Writes the part.
    pub(super) fn write(&mut self, w: &mut Writer) -> Result<()> {
        let mut bitmap = Vec::with_capacity(self.rows.serialized_size());
        // Writing into a vector cannot fail.
        let _ = self.rows.serialize_into(&mut bitmap);
        VectorsHead {
            dimension: self.dimension,
            count: self.rows.len() as u32,
            bitmap_len: bitmap.len() as u32,
            element: self.element,
        }
        .encode(w);
        w.bytes.extend_from_slice(&bitmap);
        w.align(64);
        match self.kind {
            Kind::Dense => self.encode_plane(w),
            Kind::Multi => self.tokens.write(w),
            Kind::Sparse => {
                let blocks = std::mem::take(&mut self.blocks).finish();
                w.bytes
                    .extend_from_slice(&blocks.map_err(|e| super::build::zstd_error(&e))?);
            }
        }
        Ok(())
    }

    /// Whether codes of its rows are worth their bytes, and can be made.
    pub(super) fn wants_codes(&self) -> bool {
        self.kind == Kind::Dense
            && self.element != Element::Bit
            && self.rows.len() >= LEAST_CODED_ROWS
            && self.dimension >= LEAST_CODED_DIMENSION
            && codable(&self.data)
    }

    /// Writes the codes of its rows.
    pub(super) fn write_codes(&self, w: &mut Writer, metric: Metric, centre: &[f32]) {
        let rows = self.data.chunks_exact(self.dimension.max(1) as usize);
        encode(w, metric, centre, rows);
    }

    fn encode_plane(&self, w: &mut Writer) {
        let rows = || self.data.chunks_exact(self.dimension.max(1) as usize);
        match self.element {
            Element::F32 => w.f32s(&self.data),
            Element::F16 => self.data.iter().for_each(|x| {
                w.u16(space::to_f16(*x).to_bits());
            }),
            Element::I8 => rows().for_each(|row| {
                let scale = space::int8_scale(row);
                let codes = row.iter().map(|x| space::to_int8(*x, scale) as u8);
                w.bytes.extend(codes);
            }),
            Element::Bit => rows().for_each(|row| encode_bits(row, w)),
        }
        w.align(64);
        rows().for_each(|row| w.f32s(&[inverse_norm(row)]));
        if self.element == Element::I8 {
            w.align(64);
            rows().for_each(|row| w.f32s(&[space::int8_scale(row)]));
        }
    }
}

fn encode_bits(row: &[f32], w: &mut Writer) {
    for part in row.chunks(64) {
        let bits = part.iter().zip(0u32..);
        w.u64(bits.fold(0, |word, (x, i)| word | u64::from(*x < 0.0) << i));
    }
}
