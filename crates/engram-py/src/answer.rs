//! Answers out. An answer keeps its records as the core gave them; Python objects are made when somebody
//! looks.

use crate::ask::Ask;
use crate::rows::{Include, row};
use crate::value::value_out;
use engram_core::format::record::Record;
use engram_core::format::space::Space;
use engram_core::index::text::Snippet;
use engram_core::query::{self, Facet, Hit, Report};
use engram_core::state::Collection;
use engram_core::value::Value;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

/// `(values with their counts, how many distinct ones there are)`
pub(crate) type FacetOut<'py> = (Vec<(Bound<'py, PyAny>, u64)>, u64);

pub(crate) fn facets_out<'py>(py: Python<'py>, found: &[Facet]) -> PyResult<Vec<FacetOut<'py>>> {
    let pairs = |facet: &Facet| {
        let pair = |(value, n): &(Value, u64)| Ok((value_out(py, value)?, *n));
        facet.values.iter().map(pair).collect::<PyResult<Vec<_>>>()
    };
    found.iter().map(|f| Ok((pairs(f)?, f.distinct))).collect()
}

/// A hit with what of its record is handed out.
pub(crate) struct Found {
    pub(crate) hit: Hit,
    pub(crate) record: Option<Record>,
    /// Each with its text.
    pub(crate) snippets: Vec<(String, Snippet)>,
}

/// What a query found, and how.
#[pyclass(frozen, module = "engram._native")]
pub(crate) struct Answer {
    hits: Vec<Found>,
    names: Vec<String>,
    spaces: Vec<Space>,
    include: Include,
    report: Report,
    commit: u64,
}

impl Answer {
    pub(crate) fn new(
        c: &Collection,
        commit: u64,
        ask: &Ask,
        include: Include,
        mut hits: Vec<Found>,
        report: Report,
    ) -> Answer {
        // An answer may be kept for long: it must not hold the memory of a whole commit.
        for found in &mut hits {
            found.hit.at = query::NOWHERE;
        }
        Answer {
            hits,
            names: ask.retrievers.iter().map(|r| r.name.clone()).collect(),
            spaces: if include.vectors {
                c.spaces.clone()
            } else {
                Vec::new()
            },
            include,
            report,
            commit,
        }
    }
}

#[pymethods]
impl Answer {
    fn __len__(&self) -> usize {
        self.hits.len()
    }

    #[getter]
    fn commit(&self) -> u64 {
        self.commit
    }

    fn ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.hits.iter().map(|found| found.hit.id.as_str()))
    }

    fn scores<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.hits.iter().map(|found| found.hit.score))
    }

    /// `(row, score, {retriever: score}, [(text, start, end, [(start, end)])])`.
    fn hit<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyTuple>> {
        let Some(found) = self.hits.get(index) else {
            return Err(pyo3::exceptions::PyIndexError::new_err("no such hit"));
        };
        let hit = &found.hit;
        let scores = PyDict::new(py);
        for (name, score) in self.names.iter().zip(&hit.scores) {
            if let Some(score) = score {
                scores.set_item(name, score)?;
            }
        }
        let row = row(
            py,
            &hit.id,
            found.record.as_ref(),
            &self.spaces,
            self.include,
        )?;
        let snippets = PyList::empty(py);
        for (text, snippet) in &found.snippets {
            let marks = snippet.marks.iter();
            let marks: Vec<(usize, usize)> = marks.map(|m| (m.chars.start, m.chars.end)).collect();
            let piece = &snippet.piece.chars;
            snippets.append((text, piece.start, piece.end, marks))?;
        }
        (row, hit.score, scores, snippets).into_pyobject(py)
    }

    /// `[([(value, records)], distinct)]`, in the order that was asked for.
    fn facets<'py>(&self, py: Python<'py>) -> PyResult<Vec<FacetOut<'py>>> {
        facets_out(py, &self.report.facets)
    }

    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("records", self.report.records)?;
        out.set_item("matched", self.report.matched)?;
        out.set_item("candidates", self.report.candidates)?;
        out.set_item("more", self.report.more)?;
        out.set_item("cut_short", self.report.cut_short)?;
        let retrievers = PyList::empty(py);
        for ran in &self.report.retrievers {
            let one = PyDict::new(py);
            one.set_item("name", &ran.name)?;
            one.set_item("records", ran.records)?;
            one.set_item("found", ran.found)?;
            one.set_item("exact", ran.exact)?;
            one.set_item("weight", ran.weight)?;
            let notes = PyDict::new(py);
            for (key, value) in &ran.notes {
                notes.set_item(key, value)?;
            }
            one.set_item("notes", notes)?;
            retrievers.append(one)?;
        }
        out.set_item("retrievers", retrievers)?;
        out.set_item("steps", self.report.steps.clone())?;
        Ok(out)
    }
}
