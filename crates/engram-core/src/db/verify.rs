//! Looks for damage: reads everything back, and counts each index again from the records.

use super::edges;
use super::engine::Engine;
use super::history::log_start;
use super::lists;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::frame::Kind;
use crate::format::segment::{Directory, kind};
use crate::format::space::Space;
use crate::format::superblock::Superblock;
use crate::format::{Decode, Extent, PAGE_BYTES};
use crate::segment::{Coding, EdgeSegment, ListSegment, Segment, SegmentBuilder};
use crate::state::{Collection, State};
use crate::store::read_manifest;
use roaring::RoaringBitmap;
use std::collections::HashSet;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The error code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Which structure.
    pub place: String,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, error: &Error) -> Problem {
        Problem {
            code: error.code(),
            message: error.message().to_owned(),
            place: place.into(),
        }
    }
}

/// What `verify` found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Whether indexes were counted again from the records.
    pub deep: bool,
    /// The commit that was looked at.
    pub commit: u64,
    /// Live records.
    pub records: u64,
    /// Live edges.
    pub edges: u64,
    /// Segments read, those of snapshots included.
    pub segments: usize,
    /// Checksummed blocks read.
    pub blocks: usize,
    /// What is wrong; empty where all is well.
    pub problems: Vec<Problem>,
}

impl VerifyReport {
    fn note(&mut self, place: impl Into<String>, outcome: Result<()>) {
        if let Err(e) = outcome {
            self.problems.push(Problem::new(place, &e));
        }
    }
}

pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::CorruptSegment, message)
}

impl Engine {
    /// Reads everything that `state` and its snapshots stand on.
    pub(super) fn verify(&self, state: &State, deep: bool) -> Result<VerifyReport> {
        let mut report = VerifyReport {
            deep,
            commit: state.commit,
            records: state.records(),
            edges: state.edges(),
            ..VerifyReport::default()
        };
        self.verify_superblocks(&mut report)?;
        self.verify_log_and_space(&mut report);
        let mut seen = HashSet::new();
        for c in state.collections.values() {
            for view in &c.segments {
                seen.insert(view.at.id);
                verify_segment(&mut report, c, &view.segment, deep);
            }
            for view in &c.graph.segments {
                seen.insert(view.at.id);
                verify_edge_segment(&mut report, &c.name, &view.segment, deep);
            }
            for view in &c.lists {
                seen.insert(view.at.id);
                verify_lists(&mut report, c, &view.lists, deep);
            }
            if deep {
                report.note(format!("collection {:?}", c.name), verify_collection(c));
                let edges = edges::verify_graph(c);
                report.note(format!("edges of collection {:?}", c.name), edges);
            }
        }
        for snapshot in state.snapshots.iter() {
            for meta in &snapshot.collections {
                for at in meta.segments.iter().filter(|at| seen.insert(at.id)) {
                    let place = format!("snapshot {:?}", snapshot.name);
                    let opened = Segment::open(&*self.storage, at).and_then(|segment| {
                        let one =
                            |_: &_| Ok(std::sync::Arc::new(Segment::open(&*self.storage, at)?));
                        let only = crate::format::manifest::CollectionMeta {
                            segments: vec![at.clone()],
                            edges: Vec::new(),
                            lists: Vec::new(),
                            ..meta.clone()
                        };
                        let no_edges = |_: &_| Err(Error::internal("no edges"));
                        let no_lists = |_: &_| Err(Error::internal("no lists"));
                        verify_segment(
                            &mut report,
                            &Collection::from_meta(&only, one, no_edges, no_lists)?,
                            &segment,
                            deep,
                        );
                        Ok(())
                    });
                    report.note(place, opened);
                }
                for at in meta.edges.iter().filter(|at| seen.insert(at.id)) {
                    let opened = EdgeSegment::open(&*self.storage, at);
                    let opened = opened.map(|segment| {
                        verify_edge_segment(&mut report, &meta.name, &segment, deep);
                    });
                    report.note(format!("snapshot {:?}", snapshot.name), opened);
                }
            }
        }
        report.segments = seen.len();
        Ok(report)
    }

    fn verify_superblocks(&self, report: &mut VerifyReport) -> Result<()> {
        for slot in 0..2 {
            let decoded = self.read_slot(slot)?;
            // Another process may have been writing it just now; damage stays damage.
            let decoded = if decoded.is_err() {
                self.read_slot(slot)?
            } else {
                decoded
            };
            let outcome = decoded.map(|_| ()).map_err(|why| {
                why.into_error(Code::CorruptSuperblock, "a superblock", slot * PAGE_BYTES)
            });
            report.note(format!("superblock {slot}"), outcome);
            report.blocks += 1;
        }
        Ok(())
    }

    fn read_slot(&self, slot: u64) -> Result<Decode<Superblock>> {
        let mut page = vec![0; PAGE_BYTES as usize];
        self.storage.read_at(slot * PAGE_BYTES, &mut page)?;
        Ok(Superblock::decode(&page))
    }

    fn verify_log_and_space(&self, report: &mut VerifyReport) {
        let (at, start, end, extents) = {
            let head = self.head.lock();
            let mut extents: Vec<Extent> = head.space.free_extents();
            extents.extend(head.space.pending().iter().map(|p| p.extent));
            extents.extend(head.manifest.segments().iter().map(|s| s.extent));
            extents.extend(head.log.iter().copied());
            extents.push(head.manifest_at.extent);
            (
                head.manifest_at,
                log_start(&head),
                head.tail,
                (extents, head.space.end()),
            )
        };
        report.note("manifest", read_manifest(&*self.storage, at).map(|_| ()));
        let mut frames = 0;
        let read = self.each_frame(start, end, |frame| {
            frames += 1;
            Ok(frame.header.kind != Kind::Checkpoint)
        });
        report.note("log", read);
        report.blocks += frames + 1;
        report.note("space", verify_extents(extents.0, extents.1));
    }
}

/// No two extents overlap, and none lies behind the end.
fn verify_extents(mut extents: Vec<Extent>, end: u64) -> Result<()> {
    extents.sort_unstable();
    for pair in extents.windows(2) {
        if pair[0].end() > pair[1].offset {
            let (a, b) = (pair[0].offset, pair[1].offset);
            let message = format!("the extents at bytes {a} and {b} overlap");
            return Err(Error::new(Code::CorruptManifest, message));
        }
    }
    match extents.last() {
        Some(last) if last.end() > end => Err(Error::new(
            Code::CorruptManifest,
            "an extent lies behind the end of the file",
        )),
        _ => Ok(()),
    }
}

fn verify_segment(report: &mut VerifyReport, c: &Collection, segment: &Segment, deep: bool) {
    let place = format!("segment {} of collection {:?}", segment.id(), c.name);
    match segment.check_all() {
        Ok(blocks) => report.blocks += blocks,
        Err(e) => return report.note(place, Err(e)),
    }
    if deep {
        report.note(place, recount(c, segment));
    }
}

fn verify_edge_segment(report: &mut VerifyReport, name: &str, segment: &EdgeSegment, deep: bool) {
    let place = format!("segment {} of collection {name:?}", segment.sealed().id());
    match segment.sealed().check_all() {
        Ok(blocks) => report.blocks += blocks,
        Err(e) => return report.note(place, Err(e)),
    }
    if deep {
        report.note(place, edges::verify_segment(segment));
    }
}

fn verify_lists(report: &mut VerifyReport, c: &Collection, list: &ListSegment, deep: bool) {
    let place = format!("lists {} of collection {:?}", list.sealed().id(), c.name);
    match list.sealed().check_all() {
        Ok(blocks) => report.blocks += blocks,
        Err(e) => return report.note(place, Err(e)),
    }
    if deep {
        report.note(place, lists::verify(c, list));
    }
}

/// Builds every derived part again from the records, and compares.
fn recount(c: &Collection, segment: &Segment) -> Result<()> {
    let mut all = RoaringBitmap::new();
    all.insert_range(0..segment.records());
    let records = segment.records_of(&all, true)?;
    if records.len() != segment.records() as usize {
        return Err(wrong(
            "a segment holds another number of records than it says",
        ));
    }
    let coding = coding_of(segment)?;
    let mut builder = SegmentBuilder::new(&c.analyzer, &c.spaces, c.metric, &coding);
    for (record, ordinal) in records.iter().zip(0u32..) {
        if segment.find(&record.id)? != Some(ordinal) {
            return Err(wrong(format!(
                "the id map does not lead to record {:?}",
                record.id
            )));
        }
        for (space, vector) in &record.vectors {
            let declared = c.spaces.get(usize::from(*space));
            let fits = |s: &Space| {
                let rounded = || {
                    let mut again = vector.clone();
                    again.round(s.element);
                    again == *vector
                };
                s.fits(vector) && checks::embedding(&s.name, vector, c.metric).is_ok() && rounded()
            };
            if !declared.is_some_and(fits) {
                return Err(wrong(format!(
                    "a vector of record {:?} is wrong",
                    record.id
                )));
            }
        }
        builder.add(record)?;
    }
    let (fresh, footer_crc) = builder.finish(segment.id())?;
    compare(segment, &fresh, footer_crc)
}

/// How the vectors of a segment are coded. What has no codes is right without.
fn coding_of(segment: &Segment) -> Result<Coding> {
    let mut coding = Coding::default();
    for space in segment.spaces() {
        if let Some(vectors) = segment.dense(space)?
            && let Some(codes) = segment.codes(space, &vectors)?
        {
            coding.centres.insert(space, codes.centre.to_vec());
        }
    }
    Ok(coding)
}

/// Compares the parts that are not compressed, byte for byte: another version of the compressor may
/// pack the same records differently.
fn compare(segment: &Segment, fresh: &[u8], footer_crc: u32) -> Result<()> {
    let fresh_parts = Directory::decode(fresh, footer_crc)
        .map_err(|why| Error::internal(format!("a fresh segment cannot be read: {}", why.0)))?;
    for part in fresh_parts.parts {
        if [kind::TEXTS, kind::METADATA, kind::SPARSE].contains(&part.kind) {
            continue;
        }
        let again = &fresh[part.offset as usize..(part.offset + part.len) as usize];
        let found = segment.part_bytes(part.kind, part.space)?;
        // Which segments have codes of their tokens is a choice: a search does without, too.
        let may_be_missing = part.kind == kind::MULTI_INDEX;
        if found != Some(again) && !(found.is_none() && may_be_missing) {
            let what = match part.kind {
                kind::IDS => "the ids",
                kind::ID_MAP => "the id map",
                kind::VECTORS => "a vector plane",
                kind::CODES => "the codes of vectors",
                kind::SPARSE_INDEX => "the index of sparse vectors",
                kind::MULTI => "the token vectors",
                kind::MULTI_INDEX => "the codes of token vectors",
                kind::TEXT_INDEX => "the text index",
                _ => "the columns",
            };
            return Err(wrong(format!(
                "{what} of segment {} does not match its records",
                segment.id()
            )));
        }
    }
    Ok(())
}

/// Every id is live in one place only.
fn verify_collection(c: &Collection) -> Result<()> {
    let mut ids: HashSet<String> = c.memory.keys().map(|k| k.to_string()).collect();
    for view in &c.segments {
        for ordinal in view.live_ordinals() {
            let id = view.segment.record_id(ordinal)?;
            if !ids.insert(id.to_owned()) {
                return Err(wrong(format!("record {id:?} is live twice")));
            }
        }
    }
    if ids.len() as u64 != c.live() {
        return Err(wrong("the count of live records is wrong"));
    }
    Ok(())
}
