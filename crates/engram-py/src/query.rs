//! Queries in, answers out. An answer keeps its records as the core gave them; Python objects are made
//! when somebody looks.

use crate::arrays::{sparse_in, tokens_in, vector_in};
use crate::error::{OrRaise, at_index, invalid};
use crate::graph::Which;
use crate::rows::{Include, row};
use engram_core::error::Result;
use engram_core::format::record::Record;
use engram_core::format::space::{Matrix, Space};
use engram_core::index::text::{Snippet, SnippetShape};
use engram_core::query::{
    self, Cutoff, Dense, Fusion, Group, Highlighter, Hit, Multi, Near, Report, Request, Retriever,
    Sparse, Wanted,
};
use engram_core::state::Collection;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `(kind, name, space, identity, value, weight, min_score, recall, exact, trust)`
type RetrieverIn<'py> = (
    String,
    String,
    Option<String>,
    Option<String>,
    Bound<'py, PyAny>,
    Option<f32>,
    Option<f32>,
    f32,
    bool,
    f32,
);

/// `(starts, hops, (types, direction))`
type NearIn = (Vec<String>, u32, Which);

/// `(min_score, cutoff, diversity, (group_by, group_size))`
type ShapeIn<'py> = (
    Option<f32>,
    Option<Bound<'py, PyAny>>,
    Option<f32>,
    Option<(String, usize)>,
);

/// `(text, chars, count)`
type SnippetsIn = (String, usize, usize);

/// `(retrievers, where, ignore_missing, near, k, offset, candidates, fusion, shape, feedback, explain, snippets)`
pub(crate) type AskIn<'py> = (
    Vec<RetrieverIn<'py>>,
    Option<String>,
    bool,
    Option<NearIn>,
    usize,
    usize,
    Option<usize>,
    String,
    ShapeIn<'py>,
    f32,
    bool,
    Option<SnippetsIn>,
);

enum Value {
    Text(String),
    Dense(Vec<f32>),
    Sparse(Vec<(u32, f32)>),
    Multi(Matrix),
}

struct OwnRetriever {
    name: String,
    space: String,
    identity: Option<String>,
    value: Value,
    weight: Option<f32>,
    min_score: Option<f32>,
    recall: f32,
    exact: bool,
    trust: f32,
}

/// A query with everything it needs in Rust's hands.
pub(crate) struct Ask {
    retrievers: Vec<OwnRetriever>,
    filter: Option<String>,
    ignore_missing: bool,
    near: Option<NearIn>,
    k: usize,
    offset: usize,
    candidates: Option<usize>,
    fusion: Fusion,
    min_score: Option<f32>,
    cutoff: Cutoff,
    diversity: Option<f32>,
    group: Option<(String, usize)>,
    feedback: f32,
    explain: bool,
    snippets: Option<SnippetsIn>,
}

impl OwnRetriever {
    fn new(given: RetrieverIn<'_>) -> PyResult<OwnRetriever> {
        let (kind, name, space, identity, value, weight, min_score, recall, exact, trust) = given;
        let py = value.py();
        let value = match kind.as_str() {
            "lexical" => Value::Text(value.extract()?),
            "dense" => Value::Dense(vector_in(&value)?),
            "sparse" => match value.cast::<PyDict>() {
                Ok(weights) => Value::Sparse(sparse_in(weights)?),
                Err(_) => {
                    let hint = "give a dict of weights by dimension";
                    return Err(invalid(py, "a sparse query is no dict", hint));
                }
            },
            "multi" => Value::Multi(tokens_in(&value)?),
            other => {
                let hint = "use one of: lexical, dense, sparse, multi";
                return Err(invalid(py, format!("unknown retriever {other:?}"), hint));
            }
        };
        Ok(OwnRetriever {
            name,
            space: space.unwrap_or_default(),
            identity,
            value,
            weight,
            min_score,
            recall,
            exact,
            trust,
        })
    }

    fn borrow(&self) -> Retriever<'_> {
        let (space, identity) = (self.space.as_str(), self.identity.as_deref());
        let wanted = match &self.value {
            Value::Text(text) => Wanted::Lexical(text),
            Value::Dense(vector) => Wanted::Dense(Dense {
                space,
                identity,
                vector,
                exact: self.exact,
                recall: self.recall,
            }),
            Value::Sparse(entries) => Wanted::Sparse(Sparse {
                space,
                identity,
                entries,
            }),
            Value::Multi(tokens) => Wanted::Multi(Multi {
                space,
                identity,
                tokens,
                exact: self.exact,
                recall: self.recall,
            }),
        };
        Retriever {
            name: &self.name,
            wanted,
            weight: self.weight,
            min_score: self.min_score,
            trust: self.trust,
        }
    }
}

impl Ask {
    pub(crate) fn new(py: Python<'_>, given: AskIn<'_>) -> PyResult<Ask> {
        let (
            retrievers,
            filter,
            ignore_missing,
            near,
            k,
            offset,
            candidates,
            fusion,
            (min_score, cutoff, diversity, group),
            feedback,
            explain,
            snippets,
        ) = given;
        let retrievers = retrievers.into_iter().map(OwnRetriever::new);
        let fusion = match fusion.as_str() {
            "convex" => Fusion::Convex,
            "rrf" => Fusion::Rrf,
            other => {
                let message = format!("unknown fusion {other:?}");
                return Err(invalid(py, message, "use one of: convex, rrf"));
            }
        };
        Ok(Ask {
            retrievers: retrievers.collect::<PyResult<_>>()?,
            filter,
            ignore_missing,
            near,
            k,
            offset,
            candidates,
            fusion,
            min_score,
            cutoff: cutoff_in(py, cutoff)?,
            diversity,
            group,
            feedback,
            explain,
            snippets,
        })
    }

    fn borrow(&self, py: Python<'_>) -> PyResult<Request<'_>> {
        let near = self.near.as_ref().map(|(starts, hops, which)| {
            let scope = which.scope(py)?;
            let hops = *hops;
            Ok::<_, PyErr>(Near {
                starts,
                hops,
                scope,
            })
        });
        Ok(Request {
            retrievers: self.retrievers.iter().map(OwnRetriever::borrow).collect(),
            filter: self.filter.as_deref(),
            ignore_missing: self.ignore_missing,
            near: near.transpose()?,
            k: self.k,
            offset: self.offset,
            candidates: self.candidates,
            fusion: self.fusion,
            min_score: self.min_score,
            cutoff: self.cutoff,
            diversity: self.diversity,
            group: self
                .group
                .as_ref()
                .map(|(path, size)| Group { path, size: *size }),
            feedback: self.feedback,
            explain: self.explain,
        })
    }
}

fn cutoff_in(py: Python<'_>, cutoff: Option<Bound<'_, PyAny>>) -> PyResult<Cutoff> {
    let Some(cutoff) = cutoff else {
        return Ok(Cutoff::None);
    };
    if let Ok(share) = cutoff.extract::<f32>()
        && (0.0..=1.0).contains(&share)
    {
        return Ok(Cutoff::Relative(share));
    }
    match cutoff.cast::<PyString>().map(|s| s.to_str()) {
        Ok(Ok("elbow")) => Ok(Cutoff::Elbow),
        _ => {
            let hint = "give \"elbow\", or a share of the best score from 0 to 1";
            Err(invalid(py, format!("unknown cutoff {cutoff}"), hint))
        }
    }
}

/// A hit with what of its record is handed out.
struct Found {
    hit: Hit,
    record: Option<Record>,
    /// Each with its text.
    snippets: Vec<(String, Snippet)>,
}

type Answered = Result<(Vec<Found>, Report)>;

fn answer(
    c: &Collection,
    request: &Request<'_>,
    include: Include,
    snippets: Option<&SnippetsIn>,
) -> Answered {
    let (hits, report) = query::run(c, request)?;
    let highlighter = match snippets {
        Some((text, chars, count)) if !hits.is_empty() => {
            let (chars, count) = (*chars, *count);
            Some(Highlighter::new(c, text, SnippetShape { chars, count })?)
        }
        _ => None,
    };
    let with_records = hits.into_iter().map(|hit| {
        let record = match include.any() || highlighter.is_some() {
            true => Some(query::record(c, &hit, include.vectors)?),
            false => None,
        };
        let text = record.as_ref().and_then(|record| record.text.as_deref());
        let found = highlighter.as_ref().zip(text).map(|(highlighter, text)| {
            let piece = |one: &Snippet| text.get(one.piece.bytes.clone()).unwrap_or("").to_owned();
            let all = highlighter.snippets(text).into_iter();
            all.map(|one| (piece(&one), one)).collect()
        });
        Ok(Found {
            hit,
            record,
            snippets: found.unwrap_or_default(),
        })
    });
    Ok((with_records.collect::<Result<_>>()?, report))
}

/// Answers one query.
pub(crate) fn ask_one(
    py: Python<'_>,
    c: Arc<Collection>,
    commit: u64,
    ask: &Ask,
    include: Include,
) -> PyResult<Answer> {
    let request = ask.borrow(py)?;
    let (hits, report) = py
        .detach(|| answer(&c, &request, include, ask.snippets.as_ref()))
        .or_raise(py)?;
    Ok(Answer::new(&c, commit, ask, include, hits, report))
}

/// Answers several queries with some threads, in their order.
pub(crate) fn ask_many(
    py: Python<'_>,
    c: &Arc<Collection>,
    commit: u64,
    asks: &[Ask],
    include: Include,
    threads: usize,
) -> PyResult<Vec<Answer>> {
    let borrowed = asks.iter().enumerate();
    let requests = borrowed.map(|(i, ask)| ask.borrow(py).map_err(|e| at_index(py, e, i)));
    let requests: Vec<Request<'_>> = requests.collect::<PyResult<_>>()?;
    let answered = py.detach(|| run_many(c, &requests, asks, include, threads));
    let mut out = Vec::with_capacity(asks.len());
    for ((i, one), ask) in answered.into_iter().enumerate().zip(asks) {
        let (hits, report) = one.or_raise(py).map_err(|e| at_index(py, e, i))?;
        out.push(Answer::new(c, commit, ask, include, hits, report));
    }
    Ok(out)
}

fn run_many(
    c: &Collection,
    requests: &[Request<'_>],
    asks: &[Ask],
    include: Include,
    threads: usize,
) -> Vec<Answered> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some((request, ask)) = requests.get(i).zip(asks.get(i)) else {
                return done;
            };
            done.push((i, answer(c, request, include, ask.snippets.as_ref())));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(requests.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut all = work();
        for other in others {
            // A panic in the core is a bug; it goes on in the caller.
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, one)| one).collect()
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
    fn new(
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
