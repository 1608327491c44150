//! Embeddings of another model: what is to be embedded, and the space that is filled with it.

use crate::arrays::embeddings_in;
use crate::error::{OrRaise, raise};
use crate::transaction::{Transaction, space_in};
use crate::view::View;
use engram_core::db::{next_space, pending, pending_count};
use engram_core::error::Error;
use engram_core::format::space::NEXT;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashSet;

/// Adds everything of this file to the module.
pub(crate) fn add(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("NEXT_SPACE", NEXT)?;
    m.add_function(wrap_pyfunction!(reembed_status, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_count, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_pending, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_begin, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_set, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_switch, m)?)?;
    m.add_function(wrap_pyfunction!(reembed_drop, m)?)
}

#[pyfunction]
fn reembed_status<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let c = view.collection(py, collection)?;
    let Some(found) = py.detach(|| next_space(&c)).or_raise(py)? else {
        return Ok(None);
    };
    let out = PyDict::new(py);
    out.set_item("kind", found.space.kind.name())?;
    out.set_item("dimension", found.space.dimension)?;
    out.set_item("element", found.space.element.name())?;
    out.set_item("identity", found.space.identity)?;
    out.set_item("records", found.records)?;
    Ok(Some(out))
}

#[pyfunction]
fn reembed_count(py: Python<'_>, view: &View, collection: &str, space: &str) -> PyResult<u64> {
    let c = view.collection(py, collection)?;
    py.detach(|| pending_count(&c, space)).or_raise(py)
}

#[pyfunction]
fn reembed_pending(
    py: Python<'_>,
    view: &View,
    collection: &str,
    space: &str,
    limit: usize,
    skip: HashSet<String>,
) -> PyResult<Vec<(String, String)>> {
    let c = view.collection(py, collection)?;
    py.detach(|| pending(&c, space, limit, &skip)).or_raise(py)
}

#[pyfunction]
#[pyo3(signature = (transaction, collection, kind, dimension, element, truncate, identity))]
#[allow(clippy::too_many_arguments)]
fn reembed_begin(
    py: Python<'_>,
    transaction: &Transaction,
    collection: &str,
    kind: &str,
    dimension: u32,
    element: &str,
    truncate: bool,
    identity: Option<&str>,
) -> PyResult<bool> {
    let space = space_in(py, NEXT, kind, dimension, element, truncate, identity)?;
    transaction.with(py, |tx| tx.begin_next(collection, space))
}

#[pyfunction]
#[pyo3(signature = (transaction, collection, space, identity, ids, texts, matrix))]
#[allow(clippy::too_many_arguments)]
fn reembed_set(
    py: Python<'_>,
    transaction: &Transaction,
    collection: &str,
    space: &str,
    identity: Option<&str>,
    ids: Vec<String>,
    texts: Vec<String>,
    matrix: &Bound<'_, PyAny>,
) -> PyResult<usize> {
    let rows: Vec<usize> = (0..ids.len()).collect();
    let embeddings = embeddings_in(matrix, &rows)?;
    if texts.len() != ids.len() || embeddings.len() != ids.len() {
        let error = Error::internal("the columns of a batch differ in length");
        return Err(raise(py, &error));
    }
    let rows = ids.into_iter().zip(texts).zip(embeddings);
    let rows = rows
        .map(|((id, text), embedding)| (id, text, embedding))
        .collect();
    transaction.with(py, |tx| {
        tx.set_embeddings(collection, space, identity, rows)
    })
}

#[pyfunction]
fn reembed_switch(py: Python<'_>, transaction: &Transaction, collection: &str) -> PyResult<()> {
    transaction.with(py, |tx| tx.switch_next(collection))
}

#[pyfunction]
fn reembed_drop(py: Python<'_>, transaction: &Transaction, collection: &str) -> PyResult<bool> {
    transaction.with(py, |tx| tx.drop_next(collection))
}
