//! Repairs what can be repaired, and lists what it drops.
//!
//! A damaged file is read leniently: the newest manifest that can be read, every record that can be
//! read, every commit of the log that can be read. The result is a whole new file that takes the
//! place of the old one; with `dry_run` nothing is written. Salvaged records are held in memory.

use super::database::{Database, OpenOptions, empty_state};
use super::engine::replay;
use super::rewrite::{Seed, new_file_id, write_file};
use super::verify::Problem;
use crate::error::{Code, Error, Result};
use crate::format::frame::{self, Kind, Publish};
use crate::format::manifest::{CollectionMeta, HEAD_BYTES, Manifest, SegmentRef};
use crate::format::superblock::Superblock;
use crate::format::{FIRST_EXTENT, PAGE_BYTES};
use crate::segment::Segment;
use crate::state::{Collection, State};
use crate::store::log::{self, Tail};
use crate::store::place::FilePlace;
use crate::store::{ManifestAt, Place, Storage, locks, read_manifest};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct DoctorOptions {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Build every derived part again even where nothing is wrong.
    pub rebuild: bool,
    /// Reclaim space even where nothing is wrong.
    pub vacuum: bool,
    /// Longest wait for the write lock.
    pub lock_timeout: Duration,
}

/// What was found and done.
#[derive(Clone, Debug, Default)]
pub struct DoctorReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What was done, or would be.
    pub actions: Vec<String>,
    /// What was lost, or would be.
    pub dropped: Vec<String>,
    /// Live records kept.
    pub records_kept: u64,
    /// Live records lost.
    pub records_dropped: u64,
    /// Length of the file before.
    pub bytes_before: u64,
    /// Length of the file after.
    pub bytes_after: u64,
}

/// Examines and repairs the file at `path`.
pub fn doctor(path: &Path, options: DoctorOptions) -> Result<DoctorReport> {
    let place: Arc<dyn Place> = Arc::new(FilePlace::new(path));
    doctor_place(place, options).map_err(|e| {
        if e.path().is_none() {
            e.at_path(path)
        } else {
            e
        }
    })
}

fn doctor_place(place: Arc<dyn Place>, options: DoctorOptions) -> Result<DoctorReport> {
    let storage = place.open(options.dry_run)?;
    let bytes = storage.len()?;
    let mut report = DoctorReport {
        dry_run: options.dry_run,
        bytes_before: bytes,
        bytes_after: bytes,
        ..DoctorReport::default()
    };
    match examine(&place, &options) {
        Ok((problems, records)) if problems.is_empty() => {
            report.records_kept = records;
            return tend(&place, &options, report);
        }
        Ok((problems, _)) => report.problems = problems,
        // Not damage, so nothing to repair: a lock, a permission, a file of another kind.
        Err(e) if !e.is_corruption() => return Err(e),
        Err(e) => report.problems.push(Problem::new("file", &e)),
    }
    if !options.dry_run {
        locks::wait_for_write(storage.locks(), options.lock_timeout)?;
    }
    let done = repair(&*place, &*storage, &mut report);
    if !options.dry_run {
        storage.locks().release_write();
    }
    done.map(|()| report)
}

fn open_options(options: &DoctorOptions, read_only: bool) -> OpenOptions {
    let lock_timeout = options.lock_timeout;
    OpenOptions {
        read_only,
        create: false,
        lock_timeout,
        relaxed: false,
    }
}

fn examine(place: &Arc<dyn Place>, options: &DoctorOptions) -> Result<(Vec<Problem>, u64)> {
    let db = Database::open_place(place.clone(), open_options(options, true))?;
    let report = db.verify(true)?;
    Ok((report.problems, report.records))
}

/// What a sound file is asked for.
fn tend(
    place: &Arc<dyn Place>,
    options: &DoctorOptions,
    mut report: DoctorReport,
) -> Result<DoctorReport> {
    if options.rebuild {
        report
            .actions
            .push("build every index again from the records".into());
    }
    if options.vacuum || options.rebuild {
        report
            .actions
            .push("rewrite the file without dead bytes".into());
        if !options.dry_run {
            let db = Database::open_place(place.clone(), open_options(options, false))?;
            let done = if options.rebuild {
                db.rebuild()?
            } else {
                db.optimize()?
            };
            report.bytes_after = done.bytes_after;
        }
    }
    Ok(report)
}

fn repair(place: &dyn Place, storage: &dyn Storage, report: &mut DoctorReport) -> Result<()> {
    let (file_id, manifest) = newest_manifest(storage, report)?;
    let mut state = salvage_segments(storage, &manifest, report)?;
    let last_frame = salvage_log(storage, &manifest, &mut state, report)?;
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
    let mut best: Option<Manifest> = None;
    let mut file_id = new_file_id();
    let mut consider = |found: Manifest| {
        if best
            .as_ref()
            .is_none_or(|b| b.generation < found.generation)
        {
            best = Some(found);
        }
    };
    for slot in 0..2 {
        let mut page = vec![0; PAGE_BYTES as usize];
        let block = storage.read_at(slot * PAGE_BYTES, &mut page).ok();
        if let Some(Ok(block)) = block.map(|()| Superblock::decode(&page)) {
            file_id = block.file_id;
            let (len, crc) = (block.manifest_len, block.manifest_crc);
            if let Ok(m) = read_lenient(
                storage,
                ManifestAt {
                    extent: block.manifest,
                    len,
                    crc,
                },
            ) {
                consider(m);
            }
        }
    }
    // An older generation's manifest may lie about what was reused since, but every segment it
    // names is checked on its own; a newer one than the superblocks know cannot be complete.
    if best.is_none() {
        report
            .actions
            .push("search the whole file for a manifest".into());
        let pages = storage.len()? / PAGE_BYTES;
        for page in FIRST_EXTENT / PAGE_BYTES..pages {
            if let Some(found) = manifest_at(storage, page * PAGE_BYTES) {
                if best
                    .as_ref()
                    .is_none_or(|b| b.generation < found.generation)
                {
                    best = Some(found);
                }
            }
        }
    }
    let best = best.ok_or_else(|| {
        Error::new(
            Code::CorruptManifest,
            "no manifest of this file can be read",
        )
        .hint("restore the file from a backup")
    })?;
    Ok((file_id, best))
}

/// A manifest, even one whose extents reach beyond a cut-off file.
fn read_lenient(storage: &dyn Storage, at: ManifestAt) -> Result<Manifest> {
    read_manifest(storage, at).or_else(|e| manifest_at(storage, at.extent.offset).ok_or(e))
}

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
            ..meta.clone()
        };
        let mut c = Collection::from_meta(&bare, |_| Err(Error::internal("no segment")))?;
        for at in &meta.segments {
            salvage_segment(storage, at, &mut c, report)?;
        }
        state.collections.insert(c.name.clone(), Arc::new(c));
    }
    let mut kept = Vec::new();
    for snapshot in &manifest.snapshots {
        let mut segments = snapshot.collections.iter().flat_map(|c| &c.segments);
        let whole = segments.all(|at| {
            Segment::open(storage, at)
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
        let whole = segment.record(ordinal, true);
        let found = whole.or_else(|_| {
            // Its vectors may be what is damaged: the rest is worth keeping.
            let bare = segment.record(ordinal, false)?;
            report.dropped.push(format!(
                "the vectors of record {:?} of {:?}",
                bare.id, c.name
            ));
            Ok::<_, Error>(bare)
        });
        match found {
            Ok(record) => c.put(record)?,
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
        match log::after(tail, &frame, file_len) {
            Ok(next) if frame.header.kind != Kind::Checkpoint => tail = next,
            _ => return Ok(frame.header.number),
        }
    }
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
