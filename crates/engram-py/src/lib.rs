//! `engram._native`: the Rust core for Python. Conversions and the error map, nothing else.
//!
//! The contract is `python/engram/_native.pyi`. Defaults and policy live in Python; the core checks
//! every value again. Python is detached for everything that may touch the disk or take longer than
//! about 10 us; no core lock is waited for while attached.

mod answer;
mod arrays;
mod ask;
mod database;
mod error;
mod graph;
mod model;
mod query;
mod reembed;
mod reports;
mod rows;
mod transaction;
mod value;
mod view;

use engram_core::error::Code;
use engram_core::format::{FORMAT_MAJOR, FORMAT_MINOR, limits};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Every error code of the core with its class, in table order.
#[pyfunction]
fn error_codes() -> Vec<(&'static str, &'static str)> {
    Code::ALL
        .iter()
        .map(|c| (c.slug(), error::class_name(c.class())))
        .collect()
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("FORMAT_VERSION", (FORMAT_MAJOR, FORMAT_MINOR))?;
    let table = PyDict::new(m.py());
    for (name, limit) in limits::TABLE {
        table.set_item(name, limit)?;
    }
    m.add("LIMITS", table)?;
    m.add_function(wrap_pyfunction!(error_codes, m)?)?;
    m.add_function(wrap_pyfunction!(database::doctor, m)?)?;
    m.add_class::<database::Database>()?;
    m.add_class::<view::View>()?;
    m.add_class::<view::Cursor>()?;
    m.add_class::<answer::Answer>()?;
    m.add_class::<transaction::Transaction>()?;
    m.add_class::<model::StaticModel>()?;
    graph::add(m)?;
    reembed::add(m)?;
    Ok(())
}
