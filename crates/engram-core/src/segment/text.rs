//! The text index of a segment in the making.
//!
//! Owns: which records are taken apart into words, and which bring their words along from a segment that
//! they lie in already. Either way gives the same bytes.

use super::Segment;
use crate::error::Result;
use crate::index::text::{Analyzer, DROPPED, MergeSource, TextIndexReader, TextIndexWriter, merge};

/// Records in a row that come from one place.
enum Run<'a> {
    Fresh(TextIndexWriter),
    /// New ordinals by old ones.
    Stored(&'a Segment, Vec<u32>),
}

#[derive(Default)]
pub(super) struct TextParts<'a> {
    runs: Vec<Run<'a>>,
}

impl<'a> TextParts<'a> {
    /// Adds a text.
    pub(super) fn add(&mut self, ordinal: u32, text: &str, analyzer: &Analyzer) -> Result<()> {
        if !matches!(self.runs.last(), Some(Run::Fresh(_))) {
            self.runs.push(Run::Fresh(TextIndexWriter::new()));
        }
        match self.runs.last_mut() {
            Some(Run::Fresh(writer)) => writer.add_text(ordinal, text, analyzer),
            _ => Ok(()),
        }
    }

    /// Adds the words of record `old` of a segment.
    pub(super) fn add_stored(&mut self, ordinal: u32, segment: &'a Segment, old: u32) {
        if !matches!(self.runs.last(), Some(Run::Stored(last, _)) if std::ptr::eq(*last, segment)) {
            self.runs.push(Run::Stored(segment, Vec::new()));
        }
        if let Some(Run::Stored(_, ordinals)) = self.runs.last_mut() {
            ordinals.resize(old as usize, DROPPED);
            ordinals.push(ordinal);
        }
    }

    /// The bytes of the index.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        if self.runs.is_empty() {
            return TextIndexWriter::new().finish();
        }
        if let [Run::Fresh(_)] = self.runs.as_slice()
            && let Some(Run::Fresh(writer)) = self.runs.pop()
        {
            return writer.finish();
        }
        let mut fresh = Vec::new();
        let mut stored = Vec::new();
        for run in self.runs {
            match run {
                Run::Fresh(writer) => {
                    fresh.push(writer.finish()?);
                    stored.push(None);
                }
                Run::Stored(segment, ordinals) => stored.push(Some((segment, ordinals))),
            }
        }
        let mut fresh = fresh.iter();
        let mut sources = Vec::with_capacity(stored.len());
        for run in stored {
            sources.push(match run {
                Some((segment, ordinals)) => MergeSource {
                    reader: segment.text_index()?,
                    ordinals,
                },
                None => {
                    // Its ordinals are the new ones already.
                    let reader =
                        TextIndexReader::open(fresh.next().map_or(&[][..], Vec::as_slice))?;
                    let ordinals = 0..reader.ordinal_limit();
                    let keep = |ordinal| {
                        if reader.doc_len(ordinal) > 0 {
                            ordinal
                        } else {
                            DROPPED
                        }
                    };
                    MergeSource {
                        reader,
                        ordinals: ordinals.map(keep).collect(),
                    }
                }
            });
        }
        merge(&sources)
    }
}
