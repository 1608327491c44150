//! Builds the bytes of a segment from records. Same records in the same order, same bytes.

use super::parts::{BlocksWriter, encode_id_map, encode_ids};
use super::plane::PlaneBuilder;
use super::text::TextParts;
use crate::error::{Error, Result};
use crate::format::codec::Writer;
use crate::format::record::{Metric, Record, encode_text};
use crate::format::segment::{SegmentWriter, kind};
use crate::format::space::Space;
use crate::index::column::ColumnsWriter;
use crate::index::text::Analyzer;
use std::collections::BTreeMap;

/// How dense vectors are coded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coding {
    /// What is taken from each vector before it is coded, by space; a space without gets no codes.
    pub centres: BTreeMap<u16, Vec<f32>>,
}

/// Takes records and gives a segment.
pub struct SegmentBuilder<'a> {
    analyzer: &'a Analyzer,
    spaces: &'a [Space],
    metric: Metric,
    coding: &'a Coding,
    ids: Vec<String>,
    texts: BlocksWriter,
    metadata: BlocksWriter,
    planes: BTreeMap<u16, PlaneBuilder>,
    text_index: TextParts<'a>,
    columns: ColumnsWriter,
}

pub(super) fn zstd_error(e: &std::io::Error) -> Error {
    Error::internal(format!("a block cannot be packed: {e}"))
}

#[allow(
    clippy::len_without_is_empty,
    reason = "a segment without records is never built"
)]
impl<'a> SegmentBuilder<'a> {
    /// A builder for records of a collection with these spaces and this metric, whose text `analyzer`
    /// takes apart and whose vectors are coded by `coding`.
    #[must_use]
    pub fn new(
        analyzer: &'a Analyzer,
        spaces: &'a [Space],
        metric: Metric,
        coding: &'a Coding,
    ) -> Self {
        SegmentBuilder {
            analyzer,
            spaces,
            metric,
            coding,
            ids: Vec::new(),
            texts: BlocksWriter::default(),
            metadata: BlocksWriter::default(),
            planes: BTreeMap::new(),
            text_index: TextParts::default(),
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
        if let Some(text) = &record.text {
            let ordinal = self.ids.len() as u32;
            self.text_index.add(ordinal, text, self.analyzer)?;
        }
        self.add_rest(record)
    }

    /// Adds a record whose words go into a text index of their own.
    pub(crate) fn add_rest(&mut self, record: &Record) -> Result<()> {
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
        for (index, embedding) in &record.vectors {
            let space = self.spaces.get(usize::from(*index));
            let space = space.ok_or_else(|| Error::internal("a vector without a space"))?;
            let plane = self.planes.entry(*index);
            plane
                .or_insert_with(|| PlaneBuilder::new(space))
                .push(ordinal, embedding)?;
        }
        self.ids.push(record.id.clone());
        Ok(())
    }

    /// The bytes of the segment and the CRC-32 of its footer.
    pub fn finish(mut self, id: u64) -> Result<(Vec<u8>, u32)> {
        let text_index = std::mem::take(&mut self.text_index);
        self.finish_with(id, || text_index.finish())
    }

    /// The same with a text index that was made elsewhere; it is asked for as late as can be.
    pub(crate) fn finish_with(
        self,
        id: u64,
        text_index: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<(Vec<u8>, u32)> {
        let mut segment = SegmentWriter::new(id, self.ids.len() as u32);
        let ids = || self.ids.iter().map(String::as_str);
        segment.part(kind::ID_MAP, 0, &encode_id_map(ids()));
        segment.part(kind::IDS, 0, &encode_ids(ids()));
        for (space, mut plane) in self.planes {
            segment.part_with(plane.part_kind(), space, |w| plane.write(w))?;
            if let Some(weights) = plane.weights() {
                segment.part_with(kind::SPARSE_INDEX, space, |w| weights.write(w));
            }
            if let Some(codes) = plane.token_codes() {
                segment.part(kind::MULTI_INDEX, space, &codes);
            }
            let centre = self.coding.centres.get(&space);
            if let Some(centre) = centre.filter(|_| plane.wants_codes()) {
                let write = |w: &mut Writer| plane.write_codes(w, self.metric, centre);
                segment.part_with(kind::CODES, space, write);
            }
        }
        segment.part(kind::TEXT_INDEX, 0, &text_index()?);
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
