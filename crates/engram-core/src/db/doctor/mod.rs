//! Repairs what can be repaired, and lists what it drops.
//!
//! A damaged file is read leniently: the newest manifest that can be read, every record that can be
//! read, every commit of the log that can be read. The result is a whole new file that takes the
//! place of the old one; with `dry_run` nothing is written. Salvaged records are held in memory.

mod salvage;

use salvage::repair;

use super::database::{Database, OpenOptions};
use super::verify::Problem;
use crate::error::Result;
use crate::store::place::FilePlace;
use crate::store::{Place, locks};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// Live edges kept.
    pub edges_kept: u64,
    /// Live edges lost.
    pub edges_dropped: u64,
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
        Ok((problems, [records, edges])) if problems.is_empty() => {
            (report.records_kept, report.edges_kept) = (records, edges);
            return tend(&place, &options, report);
        }
        Ok((problems, _)) => report.problems = problems,
        // Not damage, so nothing to repair: a lock, a permission, a file of another kind.
        Err(e) if !e.is_corruption() => return Err(e),
        Err(e) => report.problems.push(Problem::new("file", &e)),
    }
    if !options.dry_run {
        locks::wait_for_write(storage.locks(), Instant::now(), options.lock_timeout)?;
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

fn examine(place: &Arc<dyn Place>, options: &DoctorOptions) -> Result<(Vec<Problem>, [u64; 2])> {
    let db = Database::open_place(place.clone(), open_options(options, true))?;
    let report = db.verify(true)?;
    Ok((report.problems, [report.records, report.edges]))
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
