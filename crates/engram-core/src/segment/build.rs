//! Builds the bytes of a segment from records. Same records in the same order, same bytes.

use super::parts::{BlocksWriter, VectorsHead, encode_id_map, encode_ids};
use crate::error::{Error, Result};
use crate::format::codec::Writer;
use crate::format::record::{Record, encode_text};
use crate::format::segment::{SegmentWriter, kind};
use crate::index::column::ColumnsWriter;
use crate::index::text::{Analyzer, TextIndexWriter};
use crate::kernel;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

#[derive(Default)]
struct PlaneBuilder {
    dimension: u32,
    rows: RoaringBitmap,
    data: Vec<f32>,
}

/// Takes records and gives a segment.
pub struct SegmentBuilder<'a> {
    analyzer: &'a Analyzer,
    ids: Vec<String>,
    texts: BlocksWriter,
    metadata: BlocksWriter,
    planes: BTreeMap<u16, PlaneBuilder>,
    text_index: TextIndexWriter,
    columns: ColumnsWriter,
}

fn zstd_error(e: &std::io::Error) -> Error {
    Error::internal(format!("a block cannot be packed: {e}"))
}

#[allow(
    clippy::len_without_is_empty,
    reason = "a segment without records is never built"
)]
impl<'a> SegmentBuilder<'a> {
    /// A builder that indexes text with `analyzer`.
    #[must_use]
    pub fn new(analyzer: &'a Analyzer) -> Self {
        SegmentBuilder {
            analyzer,
            ids: Vec::new(),
            texts: BlocksWriter::default(),
            metadata: BlocksWriter::default(),
            planes: BTreeMap::new(),
            text_index: TextIndexWriter::new(),
            columns: ColumnsWriter::new(),
        }
    }

    /// Records so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds a record; its ordinal is the number of records before it.
    pub fn add(&mut self, record: &Record) -> Result<()> {
        let ordinal = self.ids.len() as u32;
        let mut text = Writer::new();
        encode_text(&mut text, record.text.as_deref());
        self.texts.push(&text.bytes).map_err(|e| zstd_error(&e))?;
        let mut meta = Writer::new();
        meta.i64(record.created_us);
        meta.i64(record.updated_us);
        meta.value(&record.metadata);
        self.metadata
            .push(&meta.bytes)
            .map_err(|e| zstd_error(&e))?;
        self.columns.add(
            &record.metadata,
            record.text.is_some(),
            record.created_us,
            record.updated_us,
        );
        if let Some(text) = &record.text {
            self.text_index.add_text(ordinal, text, self.analyzer)?;
        }
        for (space, vector) in &record.vectors {
            let plane = self.planes.entry(*space).or_default();
            plane.dimension = vector.len() as u32;
            plane.rows.insert(ordinal);
            plane.data.extend_from_slice(vector);
        }
        self.ids.push(record.id.clone());
        Ok(())
    }

    /// The bytes of the segment and the CRC-32 of its footer.
    pub fn finish(self, id: u64) -> Result<(Vec<u8>, u32)> {
        let mut segment = SegmentWriter::new(id, self.ids.len() as u32);
        let ids = || self.ids.iter().map(String::as_str);
        segment.part(kind::ID_MAP, 0, &encode_id_map(ids()));
        segment.part(kind::IDS, 0, &encode_ids(ids()));
        for (space, plane) in &self.planes {
            segment.part_with(kind::VECTORS, *space, |w| encode_plane(w, plane));
        }
        segment.part(kind::TEXT_INDEX, 0, &self.text_index.finish());
        segment.part(
            kind::METADATA,
            0,
            &self.metadata.finish().map_err(|e| zstd_error(&e))?,
        );
        segment.part(kind::COLUMNS, 0, &self.columns.finish());
        segment.part(
            kind::TEXTS,
            0,
            &self.texts.finish().map_err(|e| zstd_error(&e))?,
        );
        Ok(segment.finish())
    }
}

fn encode_plane(w: &mut Writer, plane: &PlaneBuilder) {
    let mut bitmap = Vec::with_capacity(plane.rows.serialized_size());
    // Writing into a vector cannot fail.
    let _ = plane.rows.serialize_into(&mut bitmap);
    let count = plane.rows.len() as u32;
    VectorsHead {
        dimension: plane.dimension,
        count,
        bitmap_len: bitmap.len() as u32,
    }
    .encode(w);
    w.bytes.extend_from_slice(&bitmap);
    w.align(64);
    w.f32s(&plane.data);
    w.align(64);
    for row in plane.data.chunks_exact(plane.dimension as usize) {
        w.f32s(&[inverse_norm(row)]);
    }
}

/// One over the Euclidean norm; 0 for a zero vector, which cosine collections refuse anyway.
pub(crate) fn inverse_norm(vector: &[f32]) -> f32 {
    let norm = kernel::norm_squared(vector).sqrt();
    if norm > 0.0 { 1.0 / norm } else { 0.0 }
}
