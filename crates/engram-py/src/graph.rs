//! Edges: questions to a view, writes of a transaction, and all of them a batch at a time.

use crate::error::{OrRaise, at_index, invalid};
use crate::transaction::Transaction;
use crate::value::{metadata_in, text_in, value_out};
use crate::view::View;
use engram_core::db::NewEdge;
use engram_core::error::{Error, Result};
use engram_core::index::graph::{Direction, PageRank};
use engram_core::query::graph::{self, Subgraph};
use engram_core::query::{EdgeScan, Scope, type_counts};
use engram_core::state::{Collection, Edge, State};
use engram_core::value::Value;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use std::sync::{Arc, Mutex, PoisonError};

/// Adds everything of this file to the module.
pub(crate) fn add(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<EdgeCursor>()?;
    m.add_function(wrap_pyfunction!(graph_neighbors, m)?)?;
    m.add_function(wrap_pyfunction!(graph_edges, m)?)?;
    m.add_function(wrap_pyfunction!(graph_edge, m)?)?;
    m.add_function(wrap_pyfunction!(graph_degree, m)?)?;
    m.add_function(wrap_pyfunction!(graph_types, m)?)?;
    m.add_function(wrap_pyfunction!(graph_path, m)?)?;
    m.add_function(wrap_pyfunction!(graph_pagerank, m)?)?;
    m.add_function(wrap_pyfunction!(graph_subgraph, m)?)?;
    m.add_function(wrap_pyfunction!(graph_connect, m)?)?;
    m.add_function(wrap_pyfunction!(graph_scan, m)?)?;
    m.add_function(wrap_pyfunction!(put_edges, m)?)?;
    m.add_function(wrap_pyfunction!(delete_edge, m)?)
}

/// Which edges, as Python says it: types or None, and a direction.
#[derive(FromPyObject)]
pub(crate) struct Which(Option<Vec<String>>, String);

impl Which {
    pub(crate) fn scope(&self, py: Python<'_>) -> PyResult<Scope<'_>> {
        let Some(direction) = Direction::from_name(&self.1) else {
            let message = format!("unknown direction {:?}", self.1);
            return Err(invalid(py, message, "use one of: out, in, both"));
        };
        Ok(Scope {
            types: self.0.as_deref(),
            direction,
        })
    }
}

/// Runs `f` detached on a collection; one that does not exist has no record `id`.
fn ask<'v, T: Send>(
    py: Python<'_>,
    view: &'v View,
    collection: &str,
    id: &str,
    f: impl FnOnce(&'v Collection) -> Result<T> + Send,
) -> PyResult<T> {
    let c = view.state.collections.get(collection);
    py.detach(|| f(c.ok_or_else(|| graph::not_a_record(id))?))
        .or_raise(py)
}

fn edge_out<'py>(py: Python<'py>, e: &Edge) -> PyResult<Bound<'py, PyTuple>> {
    let properties = value_out(py, &e.properties)?;
    (&e.source, &e.kind, &e.target, properties).into_pyobject(py)
}

fn edges_out<'py>(py: Python<'py>, edges: &[Edge]) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for e in edges {
        out.append(edge_out(py, e)?)?;
    }
    Ok(out)
}

fn subgraph_out<'py>(
    py: Python<'py>,
    found: &Subgraph,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyList>)> {
    let nodes = PyDict::new(py);
    for (id, hops) in &found.nodes {
        nodes.set_item(id, hops)?;
    }
    Ok((nodes, edges_out(py, &found.edges)?))
}

fn strs(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

#[pyfunction]
fn graph_neighbors<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    id: &str,
    which: Which,
    hops: u32,
    limit: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let scope = which.scope(py)?;
    let limit = limit.unwrap_or(usize::MAX);
    let near = ask(py, view, collection, id, |c| {
        graph::neighbors(c, id, &scope, hops, limit)
    })?;
    let out = PyDict::new(py);
    for (id, hops) in near {
        out.set_item(id, hops)?;
    }
    Ok(out)
}

#[pyfunction]
fn graph_edges<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    id: &str,
    which: Which,
) -> PyResult<Bound<'py, PyList>> {
    let scope = which.scope(py)?;
    let edges = ask(py, view, collection, id, |c| graph::edges_of(c, id, &scope))?;
    edges_out(py, &edges)
}

#[pyfunction]
fn graph_edge<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    key: (String, String, String),
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let Some(c) = view.state.collections.get(collection) else {
        return Ok(None);
    };
    let found = py.detach(|| graph::edge(c, &key.0, &key.1, &key.2));
    let found = found.or_raise(py)?;
    found.map(|e| edge_out(py, &e)).transpose()
}

#[pyfunction]
fn graph_degree(
    py: Python<'_>,
    view: &View,
    collection: &str,
    id: &str,
    which: Which,
) -> PyResult<u64> {
    let scope = which.scope(py)?;
    ask(py, view, collection, id, |c| graph::degree(c, id, &scope))
}

#[pyfunction]
fn graph_types<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    if let Some(c) = view.state.collections.get(collection) {
        let counts = py.detach(|| type_counts(&c.graph)).or_raise(py)?;
        for (name, count) in counts {
            out.set_item(name, count)?;
        }
    }
    Ok(out)
}

/// `(ids, edges as (source, type, target), cost)`
type PathOut = (Vec<String>, Vec<(String, String, String)>, f64);

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn graph_path(
    py: Python<'_>,
    view: &View,
    collection: &str,
    start: &str,
    end: &str,
    which: Which,
    weight: Option<&str>,
    max_hops: Option<u32>,
) -> PyResult<Option<PathOut>> {
    let scope = which.scope(py)?;
    let max_hops = max_hops.unwrap_or(u32::MAX);
    let found = ask(py, view, collection, start, |c| {
        graph::path(c, [start, end], &scope, weight, max_hops)
    })?;
    Ok(found.map(|path| {
        let edges = path.edges.into_iter().map(|[s, k, t]| (s, k, t));
        (path.ids, edges.collect(), path.cost)
    }))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn graph_pagerank<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    seeds: Vec<(String, f64)>,
    which: Which,
    damping: f64,
    epsilon: f64,
    limit: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let scope = which.scope(py)?;
    let limit = limit.unwrap_or(usize::MAX);
    let first = seeds.first().map_or("", |s| s.0.as_str());
    // Another order of the lifetimes: names are of the view or of the seeds.
    let scores = ask(py, view, collection, first, |c| {
        let seeds: Vec<(&str, f64)> = seeds.iter().map(|(id, w)| (id.as_str(), *w)).collect();
        let options = PageRank { damping, epsilon };
        let scores = graph::pagerank(c, &seeds, &scope, options, limit)?;
        Ok(scores
            .into_iter()
            .map(|(id, s)| (id.to_owned(), s))
            .collect::<Vec<_>>())
    })?;
    let out = PyDict::new(py);
    for (id, score) in scores {
        out.set_item(id, score)?;
    }
    Ok(out)
}

#[pyfunction]
fn graph_subgraph<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    ids: Vec<String>,
    which: Which,
    hops: u32,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyList>)> {
    let scope = which.scope(py)?;
    let first = ids.first().map_or("", String::as_str);
    let found = ask(py, view, collection, first, |c| {
        graph::subgraph(c, &strs(&ids), &scope, hops)
    })?;
    subgraph_out(py, &found)
}

/// Nodes, edges, and which of the ids are joined.
type ConnectOut<'py> = (Bound<'py, PyDict>, Bound<'py, PyList>, Vec<Vec<String>>);

#[pyfunction]
fn graph_connect<'py>(
    py: Python<'py>,
    view: &View,
    collection: &str,
    ids: Vec<String>,
    which: Which,
    max_hops: Option<u32>,
) -> PyResult<ConnectOut<'py>> {
    let scope = which.scope(py)?;
    let max_hops = max_hops.unwrap_or(u32::MAX);
    let first = ids.first().map_or("", String::as_str);
    let (found, sets) = ask(py, view, collection, first, |c| {
        graph::joined(c, &strs(&ids), &scope, max_hops)
    })?;
    let (nodes, edges) = subgraph_out(py, &found)?;
    Ok((nodes, edges, sets))
}

#[pyfunction]
fn graph_scan(view: &View, collection: &str) -> EdgeCursor {
    EdgeCursor {
        collection: view.state.collections.get(collection).cloned(),
        _state: view.state.clone(),
        place: Mutex::default(),
    }
}

/// All edges of a collection at one commit.
#[pyclass(frozen, module = "engram._native")]
pub(crate) struct EdgeCursor {
    /// Keeps the generation pinned whose segments are read.
    _state: Arc<State>,
    collection: Option<Arc<Collection>>,
    place: Mutex<EdgeScan>,
}

#[pymethods]
impl EdgeCursor {
    fn next_batch<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let Some(c) = &self.collection else {
            return Ok(PyList::empty(py));
        };
        let batch = py.detach(|| {
            // The place is three numbers, whole at any time.
            let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            place.next_batch(&c.graph, limit)
        });
        edges_out(py, &batch.or_raise(py)?)
    }
}

/// One edge: `(source, type, target)`, or with properties or None behind.
fn edge_in(item: &Bound<'_, PyAny>) -> PyResult<([String; 3], Value)> {
    let wrong = |what: &str| {
        let hint = "give (source, type, target) or (source, type, target, properties)";
        invalid(item.py(), format!("an edge is {what}"), hint)
    };
    let tuple = item.cast::<PyTuple>().map_err(|_| wrong("no tuple"))?;
    if tuple.len() != 3 && tuple.len() != 4 {
        return Err(wrong(&format!("a tuple of {}", tuple.len())));
    }
    let name = |i: usize| {
        let value = tuple.get_item(i)?;
        let text = value.cast::<PyString>();
        text_in(text.map_err(|_| wrong("named by something that is no str"))?)
    };
    let key = [name(0)?, name(1)?, name(2)?];
    let properties = tuple.get_item(3).ok().filter(|p| !p.is_none());
    match properties {
        Some(p) if !p.is_instance_of::<PyDict>() => Err(wrong("with properties that are no dict")),
        _ => Ok((key, metadata_in(properties.as_ref())?)),
    }
}

#[pyfunction]
fn put_edges(
    py: Python<'_>,
    transaction: &Transaction,
    collection: &str,
    edges: &Bound<'_, PyList>,
) -> PyResult<()> {
    let mut read = Vec::with_capacity(edges.len());
    for (i, item) in edges.iter().enumerate() {
        read.push(edge_in(&item).map_err(|e| at_index(py, e, i))?);
    }
    transaction.with(py, |tx| {
        for (i, ([source, kind, target], properties)) in read.into_iter().enumerate() {
            let edge = NewEdge {
                source: &source,
                kind: &kind,
                target: &target,
                properties,
            };
            let at = |e: Error| e.detail("index", i);
            tx.put_edge(collection, edge).map_err(at)?;
        }
        Ok(())
    })
}

#[pyfunction]
fn delete_edge(
    py: Python<'_>,
    transaction: &Transaction,
    collection: &str,
    key: (String, String, String),
) -> PyResult<bool> {
    transaction.with(py, |tx| tx.delete_edge(collection, &key.0, &key.1, &key.2))
}
