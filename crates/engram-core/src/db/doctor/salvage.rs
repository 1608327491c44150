//! Reads a damaged file as far as it can be read, and writes what was found into a new one.
//!
//! Owns: which manifest is believed, and what stands in for records and frames that cannot be read.

use super::super::database::empty_state;
use super::super::edges;
use super::super::head::replay;
use super::super::rewrite::{Seed, new_file_id, write_file};
use super::DoctorReport;
use crate::error::{Code, Error, Result};
use crate::format::frame::{self, CheckpointBody, Kind, Publish};
use crate::format::manifest::{CollectionMeta, HEAD_BYTES, Manifest, SegmentRef};
use crate::format::record::Parts;
use crate::format::superblock::Superblock;
use crate::format::{Extent, FIRST_EXTENT, PAGE_BYTES};
use crate::segment::Segment;
use crate::state::{Collection, State};
use crate::store::log::{self, Frame, Tail};
use crate::store::{Place, Sealed, Storage, locks};
use std::sync::Arc;

pub(super) fn repair(
    place: &dyn Place,
    storage: &dyn Storage,
    report: &mut DoctorReport,
) -> Result<()> {
    let (file_id, manifest) = newest_manifest(storage, report)?;
    let mut state = salvage_segments(storage, &manifest, report)?;
    let last_frame = salvage_log(storage, &manifest, &mut state, report)?;
    edges::prune(&mut state, report)?;
    state.commit += 1;
    state.time_us = locks::now_us().max(state.time_us);
    report.records_kept = state.records();
    report
        .actions
        .push("write everything that can be read into a new file".into());
    if report.dry_run {
        return Ok(());
    }
    let seed = Seed {
        file_id,
        generation: manifest.generation + 2,
        first_frame: last_frame + 1_000,
        next_segment: manifest.next_segment,
        rebuild: true,
    };
    let mut after = 0;
    let mut fill = |target: &dyn Storage| {
        after = write_file(target, &state, storage, &seed)?.bytes_after;
        Ok(())
    };
    place.replace(&mut fill, &mut || Ok(()))?;
    report.bytes_after = after;
    Ok(())
}

/// The newest manifest that a superblock leads to, else the newest that lies anywhere in the file.
fn newest_manifest(
    storage: &dyn Storage,
    report: &mut DoctorReport,
) -> Result<([u8; 16], Manifest)> {
    let mut found = Vec::new();
    let mut file_id = new_file_id();
    for slot in 0..2 {
        let mut page = vec![0; PAGE_BYTES as usize];
        let read = storage.read_at(slot * PAGE_BYTES, &mut page).ok();
        if let Some(Ok(block)) = read.map(|()| Superblock::decode(&page)) {
            file_id = block.file_id;
            found.extend(manifest_at(storage, block.manifest.offset));
        }
    }
    if found.is_empty() {
        report
            .actions
            .push("search the whole file for a manifest".into());
        let pages = FIRST_EXTENT / PAGE_BYTES..storage.len()? / PAGE_BYTES;
        found.extend(pages.filter_map(|page| manifest_at(storage, page * PAGE_BYTES)));
    }
    let newest = found
        .into_iter()
        .max_by_key(|m| m.generation)
        .ok_or_else(|| {
            Error::new(
                Code::CorruptManifest,
                "no manifest of this file can be read",
            )
            .hint("restore the file from a backup")
        })?;
    Ok((file_id, follow_checkpoints(storage, newest)))
}

/// The last manifest that the log of `manifest` leads to: where the newest superblock is damaged,
/// the older one is the start of the way to the newest state.
fn follow_checkpoints(storage: &dyn Storage, mut manifest: Manifest) -> Manifest {
    loop {
        let mut tail = Tail::start(manifest.log, manifest.first_frame);
        let next = loop {
            let Ok(Some(frame)) = log::read(storage, tail) else {
                return manifest;
            };
            if frame.header.kind == Kind::Checkpoint {
                break CheckpointBody::decode(&frame.body).ok();
            }
            let Ok(after) = storage.len().and_then(|len| log::after(tail, &frame, len)) else {
                return manifest;
            };
            tail = after;
        };
        match next.and_then(|body| manifest_at(storage, body.manifest.offset)) {
            Some(newer) if newer.generation > manifest.generation => manifest = newer,
            _ => return manifest,
        }
    }
}

/// The manifest at an offset, even one whose extents reach beyond a cut-off file.
fn manifest_at(storage: &dyn Storage, offset: u64) -> Option<Manifest> {
    let mut head = [0; HEAD_BYTES as usize];
    storage.read_at(offset, &mut head).ok()?;
    let len = Manifest::len_from_head(&head)?;
    if offset.checked_add(len)? > storage.len().ok()? {
        return None;
    }
    let mut bytes = vec![0; len as usize];
    storage.read_at(offset, &mut bytes).ok()?;
    Manifest::decode(&bytes).ok()
}

/// Every record of the segments that can be read, as records in memory.
fn salvage_segments(
    storage: &dyn Storage,
    manifest: &Manifest,
    report: &mut DoctorReport,
) -> Result<State> {
    let mut state = State {
        commit: manifest.commit,
        time_us: manifest.time_us,
        next_collection: manifest.next_collection,
        ..empty_state()
    };
    for meta in &manifest.collections {
        let bare = CollectionMeta {
            segments: Vec::new(),
            edges: Vec::new(),
            lists: Vec::new(),
            ..meta.clone()
        };
        let none = |_: &_| Err(Error::internal("no segment"));
        let no_edges = |_: &_| Err(Error::internal("no segment"));
        let no_lists = |_: &_| Err(Error::internal("no segment"));
        let mut c = Collection::from_meta(&bare, none, no_edges, no_lists)?;
        for at in &meta.segments {
            salvage_segment(storage, at, &mut c, report)?;
        }
        edges::salvage(storage, &meta.edges, &mut c, report)?;
        state.collections.insert(c.name.clone(), Arc::new(c));
    }
    let mut kept = Vec::new();
    for snapshot in &manifest.snapshots {
        let collections = snapshot.collections.iter();
        let mut segments = collections.flat_map(CollectionMeta::all_segments);
        let whole = segments.all(|at| {
            Sealed::open(storage, at)
                .and_then(|s| s.check_all())
                .is_ok()
        });
        if whole {
            kept.push(snapshot.clone());
        } else {
            report.dropped.push(format!("snapshot {:?}", snapshot.name));
        }
    }
    state.snapshots = Arc::new(kept);
    Ok(state)
}

fn salvage_segment(
    storage: &dyn Storage,
    at: &SegmentRef,
    c: &mut Collection,
    report: &mut DoctorReport,
) -> Result<()> {
    let live = u64::from(at.records) - at.dead.len();
    let segment = match Segment::open(storage, at) {
        Ok(segment) => segment,
        Err(e) => {
            let offset = at.extent.offset;
            let what = format!(
                "{live} records of collection {:?} (segment at byte {offset}): {e}",
                c.name
            );
            report.dropped.push(what);
            report.records_dropped += live;
            return Ok(());
        }
    };
    for ordinal in (0..at.records).filter(|o| !at.dead.contains(*o)) {
        let whole = segment.record(ordinal, Parts::all(true));
        let found = whole.or_else(|_| {
            // Its vectors may be what is damaged: the rest is worth keeping.
            let bare = segment.record(ordinal, Parts::all(false))?;
            report.dropped.push(format!(
                "the vectors of record {:?} of {:?}",
                bare.id, c.name
            ));
            Ok::<_, Error>(bare)
        });
        match found {
            Ok(mut record) => {
                c.strip(&mut record);
                c.put(record)?;
            }
            Err(e) => {
                let id = segment
                    .record_id(ordinal)
                    .map_or("?".to_owned(), str::to_owned);
                report
                    .dropped
                    .push(format!("record {id:?} of collection {:?}: {e}", c.name));
                report.records_dropped += 1;
            }
        }
    }
    Ok(())
}

/// Applies the commits of the log that can be read, and returns the number of the last frame.
fn salvage_log(
    storage: &dyn Storage,
    manifest: &Manifest,
    state: &mut State,
    report: &mut DoctorReport,
) -> Result<u64> {
    let file_len = storage.len()?;
    let mut tail = Tail::start(manifest.log, manifest.first_frame);
    if tail.extent.check(file_len).is_err() {
        report
            .dropped
            .push("the log, which lies behind the end of the file".into());
        return Ok(tail.next);
    }
    loop {
        let frame = match log::read(storage, tail) {
            Ok(Some(frame)) => frame,
            Ok(None) | Err(_) => match next_readable(storage, tail) {
                Some(next) => {
                    let lost = next.next - tail.next;
                    report.dropped.push(format!(
                        "{lost} damaged log frames from number {}",
                        tail.next
                    ));
                    tail = next;
                    continue;
                }
                None => {
                    if log::read(storage, tail).is_err() {
                        report
                            .dropped
                            .push(format!("the damaged last log frame, number {}", tail.next));
                    }
                    return Ok(tail.next);
                }
            },
        };
        if frame.header.kind == Kind::Commit {
            match replay(state, &frame) {
                Ok(next) => *state = next,
                Err(e) => report
                    .dropped
                    .push(format!("commit {}: {e}", frame.header.commit)),
            }
        }
        if frame.header.kind == Kind::Checkpoint {
            match past_checkpoint(storage, &frame, state, report)? {
                Some(next) => tail = next,
                None => return Ok(frame.header.number),
            }
            continue;
        }
        match log::after(tail, &frame, file_len) {
            Ok(next) => tail = next,
            _ => return Ok(frame.header.number),
        }
    }
}

/// Goes on where a checkpoint leads to a manifest that cannot be read: says what only that manifest
/// knew, and looks for the log that follows it.
fn past_checkpoint(
    storage: &dyn Storage,
    checkpoint: &Frame,
    state: &mut State,
    report: &mut DoctorReport,
) -> Result<Option<Tail>> {
    let header = &checkpoint.header;
    let mut lost = "the newest manifest, with snapshots made or removed by it".to_owned();
    if header.commit > state.commit {
        let (first, last) = (state.commit + 1, header.commit);
        lost.push_str(&format!(", and commits {first} to {last}"));
        state.commit = last;
    }
    report.dropped.push(lost);
    let (number, file_len) = (header.number + 1, storage.len()?);
    for at in (FIRST_EXTENT..file_len).step_by(PAGE_BYTES as usize) {
        // How long the extent is only the manifest knew; frames are checked one by one.
        let extent = Extent {
            offset: at,
            len: file_len - at,
        };
        let tail = Tail::start(extent, number);
        if let Ok(Some(_)) = log::read(storage, tail) {
            return Ok(Some(tail));
        }
    }
    Ok(None)
}

/// The next durable frame behind a damaged one, in the same extent.
fn next_readable(storage: &dyn Storage, tail: Tail) -> Option<Tail> {
    let mut rest = vec![0; tail.extent.end().saturating_sub(tail.at) as usize];
    storage.read_at(tail.at, &mut rest).ok()?;
    (8..rest.len()).step_by(8).find_map(|at| {
        let window = &rest[at..];
        let header = frame::decode_header(window).ok()?;
        let durable = frame::word(window) == frame::publish_word(header.number, Publish::Full);
        (durable && header.number > tail.next && frame::decode(window).is_ok()).then_some(Tail {
            at: tail.at + at as u64,
            next: header.number,
            ..tail
        })
    })
}
