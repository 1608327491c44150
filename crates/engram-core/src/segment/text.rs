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

/// Takes texts and records of segments, and gives their text index.
#[derive(Default)]
pub(crate) struct TextParts<'a> {
    runs: Vec<Run<'a>>,
}

impl<'a> TextParts<'a> {
    /// Adds a text.
    pub(crate) fn add(&mut self, ordinal: u32, text: &str, analyzer: &Analyzer) -> Result<()> {
        if !matches!(self.runs.last(), Some(Run::Fresh(_))) {
            self.runs.push(Run::Fresh(TextIndexWriter::new()));
        }
        match self.runs.last_mut() {
            Some(Run::Fresh(writer)) => writer.add_text(ordinal, text, analyzer),
            _ => Ok(()),
        }
    }

    /// Adds the words of record `old` of a segment.
    pub(crate) fn add_stored(&mut self, ordinal: u32, segment: &'a Segment, old: u32) {
        if !matches!(self.runs.last(), Some(Run::Stored(last, _)) if std::ptr::eq(*last, segment)) {
            self.runs.push(Run::Stored(segment, Vec::new()));
        }
        if let Some(Run::Stored(_, ordinals)) = self.runs.last_mut() {
            ordinals.resize(old as usize, DROPPED);
            ordinals.push(ordinal);
        }
    }

    /// The bytes of the index.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        if let [Run::Fresh(_)] = self.runs.as_slice()
            && let Some(Run::Fresh(writer)) = self.runs.pop()
        {
            return writer.finish();
        }
        let mut written = Vec::new();
        for run in &mut self.runs {
            if let Run::Fresh(writer) = run {
                written.push(std::mem::take(writer).finish()?);
            }
        }
        let mut written = written.iter();
        let mut sources = Vec::with_capacity(self.runs.len());
        for run in self.runs {
            sources.push(match run {
                Run::Stored(segment, ordinals) => MergeSource {
                    reader: segment.text_index()?,
                    ordinals,
                },
                Run::Fresh(_) => fresh_source(written.next().map_or(&[], Vec::as_slice))?,
            });
        }
        merge(&sources)
    }
}

/// An index whose ordinals are the new ones already.
fn fresh_source(bytes: &[u8]) -> Result<MergeSource<'_>> {
    let reader = TextIndexReader::open(bytes)?;
    let has_terms = |ordinal: &u32| reader.doc_len(*ordinal) > 0;
    let keep = |ordinal| Some(ordinal).filter(has_terms).unwrap_or(DROPPED);
    Ok(MergeSource {
        ordinals: (0..reader.ordinal_limit()).map(keep).collect(),
        reader,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Coding, SegmentBuilder};
    use super::*;
    use crate::format::Extent;
    use crate::format::manifest::SegmentRef;
    use crate::format::record::{Metric, Record};
    use crate::index::text::Language;
    use crate::store::memory::MemoryStorage;
    use crate::value::Value;
    use proptest::prelude::*;

    const CODES: [&str; 5] = ["none", "en", "de", "ru", "fr"];
    const WORDS: [&str; 12] = [
        "running",
        "Runs",
        "the",
        "H\u{e4}user",
        "na\u{ef}ve",
        "\u{65e5}\u{672c}\u{8a9e}\u{306e}",
        "\u{043a}\u{043d}\u{0438}\u{0433}\u{0438}",
        "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
        "snake_case.partName",
        "2026-11-20",
        "\u{1f600}",
        "maisons",
    ];

    /// The words of a text, whether there is one at all, and whether the record stays.
    type Row = (Option<Vec<usize>>, bool);

    fn record(number: usize, words: Option<&[usize]>) -> Record {
        let word = |w: &usize| {
            WORDS
                .get(*w)
                .map_or_else(|| format!("w{w}"), |w| (*w).to_owned())
        };
        Record {
            id: format!("r{number}"),
            text: words.map(|words| words.iter().map(word).collect::<Vec<_>>().join(" ")),
            metadata: Value::Map(Vec::new()),
            created_us: 0,
            updated_us: 0,
            vectors: Vec::new(),
        }
    }

    fn build<'a>(
        analyzer: &'a Analyzer,
        coding: &'a Coding,
        add: impl FnOnce(&mut SegmentBuilder<'a>) -> Result<()>,
    ) -> (Vec<u8>, u32) {
        let mut builder = SegmentBuilder::new(analyzer, &[], Metric::Cosine, coding);
        add(&mut builder).unwrap();
        builder.finish(7).unwrap()
    }

    fn open(bytes: Vec<u8>, footer_crc: u32, records: usize) -> Segment {
        let len = bytes.len() as u64;
        let at = SegmentRef {
            id: 7,
            extent: Extent { offset: 0, len },
            born: 0,
            len,
            records: records as u32,
            footer_crc,
            dead: roaring::RoaringBitmap::new(),
        };
        Segment::open(&MemoryStorage::with_bytes(bytes), &at).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Each part is a segment, but for those that are records in memory.
        #[test]
        fn merged_segments_have_the_bytes_of_their_records(
            language in 0..CODES.len(),
            parts in prop::collection::vec(
                (any::<bool>(), prop::collection::vec(
                    (
                        prop::option::weighted(0.9, prop::collection::vec(0..20usize, 0..12)),
                        prop::bool::weighted(0.7),
                    ),
                    1..40,
                )),
                1..5,
            ),
        ) {
            let analyzer = Analyzer::new(Language::from_code(CODES[language]).unwrap());
            let coding = Coding::default();
            let parts: Vec<(bool, Vec<Row>)> = parts;
            let records: Vec<Vec<Record>> = parts
                .iter()
                .enumerate()
                .map(|(part, (_, rows))| {
                    let numbered = (part * 100..).zip(rows);
                    numbered.map(|(n, row)| record(n, row.0.as_deref())).collect()
                })
                .collect();
            let segments: Vec<Segment> = records
                .iter()
                .map(|records| {
                    let add = |b: &mut SegmentBuilder<'_>| records.iter().try_for_each(|r| b.add(r));
                    let (bytes, crc) = build(&analyzer, &coding, add);
                    open(bytes, crc, records.len())
                })
                .collect();
            let kept = || {
                let all = parts.iter().zip(&records).zip(&segments);
                all.flat_map(|(((in_memory, rows), records), segment)| {
                    let rows = (0..).zip(rows).zip(records).filter(|((_, row), _)| row.1);
                    rows.map(move |((old, _), record)| (*in_memory, segment, old, record))
                })
            };
            let mut merged = TextParts::default();
            for (ordinal, (in_memory, segment, old, record)) in (0..).zip(kept()) {
                match (in_memory, &record.text) {
                    (false, _) => merged.add_stored(ordinal, segment, old),
                    (true, Some(text)) => merged.add(ordinal, text, &analyzer).unwrap(),
                    (true, None) => (),
                }
            }
            let mut anew = TextParts::default();
            for (ordinal, (.., record)) in (0..).zip(kept()) {
                if let Some(text) = &record.text {
                    anew.add(ordinal, text, &analyzer).unwrap();
                }
            }
            prop_assert_eq!(merged.finish().unwrap(), anew.finish().unwrap());
        }
    }
}
