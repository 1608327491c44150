//! One commit, read.

use crate::answer::{Answer, FacetOut, facets_out};
use crate::ask::{Ask, AskIn};
use crate::error::{OrRaise, at_index};
use crate::query::{ask_many, ask_one};
use crate::reports::{self, exact};
use crate::rows::{Include, row};
use engram_core::db::{any_in_space, records_in_space};
use engram_core::error::Result;
use engram_core::format::record::Record;
use engram_core::index::filter::{Path, parse_path};
use engram_core::query::{self, Mask, RecallCheck};
use engram_core::state::{Collection, State};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use roaring::RoaringBitmap;
use std::sync::{Arc, Mutex, PoisonError};

/// `(name, kind, dimension, identity)`
type LiveSpace = (String, &'static str, u32, Option<String>);

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct View {
    pub(crate) state: Arc<State>,
}

impl View {
    pub(crate) fn collection(&self, py: Python<'_>, name: &str) -> PyResult<Arc<Collection>> {
        self.state.collection(name).cloned().or_raise(py)
    }
}

#[pymethods]
impl View {
    #[getter]
    fn commit(&self) -> u64 {
        self.state.commit
    }
    #[getter]
    fn time_us(&self) -> i64 {
        self.state.time_us
    }

    fn collections(&self) -> Vec<String> {
        self.state
            .collections
            .keys()
            .map(|k| k.to_string())
            .collect()
    }

    fn describe<'py>(
        &self,
        py: Python<'py>,
        collection: &str,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(c) = self.state.collections.get(collection).cloned() else {
            return Ok(None);
        };
        let counts: Vec<u64> = py
            .detach(|| {
                (0..c.spaces.len())
                    .map(|i| records_in_space(&c, i as u16))
                    .collect::<Result<_>>()
            })
            .or_raise(py)?;
        let spaces = PyList::empty(py);
        let shown = c.spaces.iter().zip(counts).filter(|(s, _)| s.is_shown());
        for (space, records) in shown {
            let one = PyDict::new(py);
            one.set_item("name", &space.name)?;
            one.set_item("kind", space.kind.name())?;
            one.set_item("dimension", space.dimension)?;
            one.set_item("element", space.element.name())?;
            one.set_item("truncate", space.truncate)?;
            one.set_item("identity", space.identity.as_deref())?;
            one.set_item("records", records)?;
            spaces.append(one)?;
        }
        let out = PyDict::new(py);
        out.set_item("name", &*c.name)?;
        out.set_item("metric", c.metric.name())?;
        let text = c.analyzer.settings();
        out.set_item("language", text.language.code())?;
        out.set_item("stop_words", text.stop_words.name())?;
        out.set_item("k1", text.k1.map(exact))?;
        out.set_item("b", text.b.map(exact))?;
        out.set_item("records", c.live())?;
        out.set_item("created_us", c.created_us)?;
        out.set_item("spaces", spaces)?;
        Ok(Some(out))
    }

    fn get_many<'py>(
        &self,
        py: Python<'py>,
        collection: &str,
        ids: Vec<String>,
        vectors: bool,
    ) -> PyResult<Vec<Option<Bound<'py, PyTuple>>>> {
        let c = self.collection(py, collection)?;
        let found: Vec<Option<Record>> = py
            .detach(|| {
                ids.iter()
                    .map(|id| c.get(id, vectors))
                    .collect::<Result<_>>()
            })
            .or_raise(py)?;
        let out = found.iter().map(|r| {
            r.as_ref()
                .map(|r| row(py, &r.id, Some(r), &c.spaces, Include::all(vectors)))
                .transpose()
        });
        out.collect()
    }

    fn contains(&self, py: Python<'_>, collection: &str, id: &str) -> PyResult<bool> {
        let c = self.collection(py, collection)?;
        Ok(py.detach(|| c.find(id)).or_raise(py)?.is_some())
    }

    #[pyo3(signature = (collection, r#where, ignore_missing))]
    fn count(
        &self,
        py: Python<'_>,
        collection: &str,
        r#where: Option<&str>,
        ignore_missing: bool,
    ) -> PyResult<u64> {
        let c = self.collection(py, collection)?;
        match r#where {
            None => Ok(c.live()),
            Some(_) => py
                .detach(|| query::select(&c, r#where, ignore_missing))
                .map(|m| m.len())
                .or_raise(py),
        }
    }

    #[pyo3(signature = (collection, r#where, ignore_missing, vectors))]
    fn scan(
        &self,
        py: Python<'_>,
        collection: &str,
        r#where: Option<&str>,
        ignore_missing: bool,
        vectors: bool,
    ) -> PyResult<Cursor> {
        let c = self.collection(py, collection)?;
        let mask = py
            .detach(|| query::select(&c, r#where, ignore_missing))
            .or_raise(py)?;
        let place = Mutex::new(Place { part: 0, next: 0 });
        Ok(Cursor {
            _state: self.state.clone(),
            collection: c,
            mask,
            vectors,
            place,
        })
    }

    /// For each path the most frequent values with their counts, and how many there are.
    #[pyo3(signature = (collection, r#where, ignore_missing, paths, limit))]
    fn facets<'py>(
        &self,
        py: Python<'py>,
        collection: &str,
        r#where: Option<&str>,
        ignore_missing: bool,
        paths: Vec<String>,
        limit: usize,
    ) -> PyResult<Vec<FacetOut<'py>>> {
        let c = self.collection(py, collection)?;
        let found = py
            .detach(|| {
                let paths: Vec<Path> = paths
                    .iter()
                    .map(|path| parse_path(path))
                    .collect::<Result<_>>()?;
                let mask = query::select(&c, r#where, ignore_missing)?;
                query::facets(&c, &mask, &paths, limit, ignore_missing)
            })
            .or_raise(py)?;
        facets_out(py, &found)
    }

    /// How well the codes of a space find what the exact search finds.
    fn recall_check<'py>(
        &self,
        py: Python<'py>,
        collection: &str,
        space: &str,
        sample: usize,
        k: usize,
        recall: f32,
    ) -> PyResult<Bound<'py, PyDict>> {
        let c = self.collection(py, collection)?;
        let check = RecallCheck {
            space,
            sample,
            k,
            recall,
        };
        let found = py.detach(|| query::recall_check(&c, &check)).or_raise(py)?;
        reports::recall(py, &found)
    }

    /// Answers one query; `include` is (text, metadata, vectors).
    fn query(
        &self,
        py: Python<'_>,
        collection: &str,
        ask: AskIn<'_>,
        include: (bool, bool, bool),
    ) -> PyResult<Answer> {
        let c = self.collection(py, collection)?;
        let ask = Ask::new(py, ask)?;
        ask_one(py, c, self.state.commit, &ask, include_in(include))
    }

    /// Answers several queries with up to `threads` threads.
    fn query_many(
        &self,
        py: Python<'_>,
        collection: &str,
        asks: Vec<AskIn<'_>>,
        include: (bool, bool, bool),
        threads: usize,
    ) -> PyResult<Vec<Answer>> {
        let c = self.collection(py, collection)?;
        let asks = asks
            .into_iter()
            .enumerate()
            .map(|(i, ask)| Ask::new(py, ask).map_err(|e| at_index(py, e, i)))
            .collect::<PyResult<Vec<Ask>>>()?;
        ask_many(
            py,
            &c,
            self.state.commit,
            &asks,
            include_in(include),
            threads,
        )
    }

    /// The spaces of a collection that any live record has an embedding in, as
    /// `(name, kind, dimension, identity)`; None where there is no such collection.
    fn live_spaces(&self, py: Python<'_>, collection: &str) -> PyResult<Option<Vec<LiveSpace>>> {
        let Some(c) = self.state.collections.get(collection) else {
            return Ok(None);
        };
        let mut out = Vec::with_capacity(c.spaces.len());
        for (space, index) in c.spaces.iter().zip(0u16..) {
            if space.is_shown() && any_in_space(c, index).or_raise(py)? {
                let identity = space.identity.clone();
                out.push((
                    space.name.clone(),
                    space.kind.name(),
                    space.dimension,
                    identity,
                ));
            }
        }
        Ok(Some(out))
    }
}

fn include_in((text, metadata, vectors): (bool, bool, bool)) -> Include {
    Include {
        text,
        metadata,
        vectors,
    }
}

struct Place {
    part: usize,
    next: u64,
}

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct Cursor {
    /// Keeps the generation pinned whose segments are read.
    _state: Arc<State>,
    collection: Arc<Collection>,
    mask: Mask,
    vectors: bool,
    place: Mutex<Place>,
}

impl Cursor {
    fn records(&self, limit: usize) -> Result<Vec<Record>> {
        // The place is two numbers, whole at any time.
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        while out.len() < limit && place.part <= self.collection.segments.len() {
            let room = limit - out.len();
            let taken = match self.collection.segments.get(place.part) {
                Some(view) => {
                    let allowed = self.mask.segment(place.part);
                    let rest = allowed.ordinals_from(place.next as u32, view.segment.records());
                    let wanted: RoaringBitmap = rest.take(room).collect();
                    out.extend(self.collection.records_of(view, &wanted, self.vectors)?);
                    wanted.max().map(|last| u64::from(last) + 1)
                }
                None => {
                    let memory = self
                        .mask
                        .memory()
                        .iter()
                        .skip(place.next as usize)
                        .take(room);
                    let before = out.len();
                    out.extend(memory.map(|e| e.record.clone()));
                    (out.len() > before).then_some(place.next + (out.len() - before) as u64)
                }
            };
            *place = match taken {
                Some(next) => Place {
                    part: place.part,
                    next,
                },
                None => Place {
                    part: place.part + 1,
                    next: 0,
                },
            };
        }
        Ok(out)
    }
}

#[pymethods]
impl Cursor {
    fn next_batch<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let records = py.detach(|| self.records(limit)).or_raise(py)?;
        records
            .iter()
            .map(|r| {
                let include = Include::all(self.vectors);
                row(py, &r.id, Some(r), &self.collection.spaces, include)
            })
            .collect()
    }
}
