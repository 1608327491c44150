//! Reports of the core as dicts.

use engram_core::db::{DoctorReport, Problem, RewriteReport, Stats, VerifyReport};
use engram_core::format::manifest::SnapshotMeta;
use engram_core::query::RecallReport;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A dict of the given items.
macro_rules! dict {
    ($py:expr, $($key:literal: $value:expr),* $(,)?) => {{
        let out = PyDict::new($py);
        $(out.set_item($key, $value)?;)*
        out
    }};
}

pub(crate) fn snapshot<'py>(py: Python<'py>, s: &SnapshotMeta) -> PyResult<Bound<'py, PyDict>> {
    Ok(dict!(py, "name": &s.name, "commit": s.commit, "time_us": s.time_us))
}

pub(crate) fn rewrite<'py>(py: Python<'py>, r: &RewriteReport) -> PyResult<Bound<'py, PyDict>> {
    Ok(
        dict!(py, "bytes_before": r.bytes_before, "bytes_after": r.bytes_after,
             "records": r.records, "edges": r.edges, "segments": r.segments),
    )
}

fn problems<'py>(py: Python<'py>, found: &[Problem]) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for p in found {
        out.append(dict!(py, "code": p.code.slug(), "message": &p.message, "where": &p.place))?;
    }
    Ok(out)
}

pub(crate) fn verify<'py>(py: Python<'py>, r: &VerifyReport) -> PyResult<Bound<'py, PyDict>> {
    Ok(
        dict!(py, "ok": r.problems.is_empty(), "deep": r.deep, "commit": r.commit,
             "records": r.records, "edges": r.edges, "segments": r.segments, "blocks": r.blocks,
             "problems": problems(py, &r.problems)?),
    )
}

pub(crate) fn recall<'py>(py: Python<'py>, r: &RecallReport) -> PyResult<Bound<'py, PyDict>> {
    let (took, exact) = (r.took_us / 1e3, r.exact_us / 1e3);
    Ok(
        dict!(py, "sample": r.queries, "recall": r.recall, "worst": r.worst,
             "took_ms": took, "exact_ms": exact, "compared_all": r.exact),
    )
}

pub(crate) fn doctor<'py>(py: Python<'py>, r: &DoctorReport) -> PyResult<Bound<'py, PyDict>> {
    Ok(dict!(py, "ok": r.problems.is_empty(), "dry_run": r.dry_run,
             "problems": problems(py, &r.problems)?, "actions": &r.actions, "dropped": &r.dropped,
             "records_kept": r.records_kept, "records_dropped": r.records_dropped,
             "edges_kept": r.edges_kept, "edges_dropped": r.edges_dropped,
             "bytes_before": r.bytes_before, "bytes_after": r.bytes_after))
}

/// The number that was meant by one that is kept in 32 bits: the shortest that rounds to it.
pub(crate) fn exact(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

pub(crate) fn stats<'py>(
    py: Python<'py>,
    s: &Stats,
    relaxed: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let collections = PyDict::new(py);
    for (name, c) in &s.collections {
        let spaces = PyList::empty(py);
        for (space, records) in &c.spaces {
            spaces.append(dict!(py, "name": &space.name, "kind": space.kind.name(),
                "dimension": space.dimension, "element": space.element.name(),
                "truncate": space.truncate,
                                "identity": space.identity.as_deref(), "records": records))?;
        }
        let (k1, b) = (c.text.k1.map(exact), c.text.b.map(exact));
        let one = dict!(py, "language": c.text.language.code(),
                        "stop_words": c.text.stop_words.name(), "k1": k1, "b": b,
                        "records": c.records, "edges": c.edges, "segments": c.segments,
                        "live_bytes": c.live_bytes, "spaces": spaces);
        collections.set_item(name, one)?;
    }
    Ok(
        dict!(py, "commit": s.commit, "time_us": s.time_us, "generation": s.generation,
             "file_bytes": s.file_bytes, "live_bytes": s.live_bytes, "dead_bytes": s.dead_bytes,
             "free_bytes": s.free_bytes, "log_bytes": s.log_bytes, "segments": s.segments,
             "records": s.records, "edges": s.edges, "snapshots": s.snapshots,
             "durability": if relaxed { "relaxed" } else { "full" }, "collections": collections),
    )
}
