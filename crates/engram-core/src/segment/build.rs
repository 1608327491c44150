//! Builds the bytes of a segment from records. Same records in the same order, same bytes.

use super::parts::{BlocksWriter, encode_id_map, encode_ids};
use super::plane::PlaneBuilder;
use crate::error::{Error, Result};
use crate::format::codec::Writer;
use crate::format::record::{Record, encode_text};
use crate::format::segment::{SegmentWriter, kind};
use crate::format::space::Space;
use crate::index::text::{Analyzer, TextIndexWriter};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Takes records and gives a segment.
pub struct SegmentBuilder<'a> {
    analyzer: &'a Analyzer,
    spaces: &'a [Space],
    ids: Vec<String>,
    texts: BlocksWriter,
    metadata: BlocksWriter,
    planes: BTreeMap<u16, PlaneBuilder>,
    text_index: TextIndexWriter,
    fields: BTreeSet<String>,
}

pub(super) fn zstd_error(e: &std::io::Error) -> Error {
    Error::internal(format!("a block cannot be packed: {e}"))
}

#[allow(
    clippy::len_without_is_empty,
    reason = "a segment without records is never built"
)]
impl<'a> SegmentBuilder<'a> {
    /// A builder for records of a collection with these spaces, whose text `analyzer` takes apart.
    #[must_use]
    pub fn new(analyzer: &'a Analyzer, spaces: &'a [Space]) -> Self {
        SegmentBuilder {
            analyzer,
            spaces,
            ids: Vec::new(),
            texts: BlocksWriter::default(),
            metadata: BlocksWriter::default(),
            planes: BTreeMap::new(),
            text_index: TextIndexWriter::new(),
            fields: BTreeSet::new(),
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
        collect_paths(&record.metadata, &mut String::new(), &mut self.fields);
        if let Some(text) = &record.text {
            self.text_index.add_text(ordinal, text, self.analyzer)?;
        }
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
    pub fn finish(self, id: u64) -> Result<(Vec<u8>, u32)> {
        let mut segment = SegmentWriter::new(id, self.ids.len() as u32);
        let ids = || self.ids.iter().map(String::as_str);
        segment.part(kind::ID_MAP, 0, &encode_id_map(ids()));
        segment.part(kind::IDS, 0, &encode_ids(ids()));
        for (space, plane) in self.planes {
            segment.part_with(plane.part_kind(), space, |w| plane.finish(w))?;
        }
        segment.part(kind::TEXT_INDEX, 0, &self.text_index.finish());
        segment.part(
            kind::METADATA,
            0,
            &self.metadata.finish().map_err(|e| zstd_error(&e))?,
        );
        let mut fields = Writer::new();
        fields.len(self.fields.len());
        self.fields.iter().for_each(|f| fields.str(f));
        segment.part(kind::FIELDS, 0, &fields.bytes);
        segment.part(
            kind::TEXTS,
            0,
            &self.texts.finish().map_err(|e| zstd_error(&e))?,
        );
        Ok(segment.finish())
    }
}

/// Every dotted path of a metadata value, lists looked through.
pub(crate) fn collect_paths(value: &Value, prefix: &mut String, out: &mut BTreeSet<String>) {
    match value {
        Value::Map(entries) => {
            for (key, inner) in entries {
                let mark = prefix.len();
                if mark > 0 {
                    prefix.push('.');
                }
                prefix.push_str(key);
                if !out.contains(prefix.as_str()) {
                    out.insert(prefix.clone());
                }
                collect_paths(inner, prefix, out);
                prefix.truncate(mark);
            }
        }
        Value::List(items) => items
            .iter()
            .for_each(|item| collect_paths(item, prefix, out)),
        _ => {}
    }
}
