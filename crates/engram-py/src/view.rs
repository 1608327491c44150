//! One commit, read.

use crate::arrays::vector_in;
use crate::error::OrRaise;
use crate::rows::row;
use engram_core::db::records_in_space;
use engram_core::error::Result;
use engram_core::format::record::Record;
use engram_core::query::{self, Dense, Mask, Request};
use engram_core::state::{Collection, State};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use roaring::RoaringBitmap;
use std::sync::{Arc, Mutex, PoisonError};

/// `(space, identity, vector)`
type DenseIn<'py> = (String, Option<String>, Bound<'py, PyAny>);

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct View {
    pub(crate) state: Arc<State>,
}

impl View {
    fn collection(&self, py: Python<'_>, name: &str) -> PyResult<Arc<Collection>> {
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
        for (space, records) in c.spaces.iter().zip(counts) {
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
        out.set_item("language", &*c.language)?;
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
                .map(|r| row(py, r, &c.spaces, vectors))
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

    #[pyo3(signature = (collection, lexical, dense, r#where, ignore_missing, k, vectors))]
    #[allow(clippy::too_many_arguments)]
    fn query<'py>(
        &self,
        py: Python<'py>,
        collection: &str,
        lexical: Option<&str>,
        dense: Option<DenseIn<'py>>,
        r#where: Option<&str>,
        ignore_missing: bool,
        k: usize,
        vectors: bool,
    ) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyDict>)> {
        let c = self.collection(py, collection)?;
        let dense =
            dense.map(|(space, identity, v)| Ok::<_, PyErr>((space, identity, vector_in(&v)?)));
        let dense = dense.transpose()?;
        let request = Request {
            lexical,
            dense: dense.as_ref().map(|(space, identity, vector)| Dense {
                space,
                identity: identity.as_deref(),
                vector,
            }),
            filter: r#where,
            ignore_missing,
            k,
        };
        let (found, report) = py
            .detach(|| {
                let (hits, report) = query::run(&c, &request)?;
                let rows = hits
                    .into_iter()
                    .map(|h| Ok((query::record(&c, &h, vectors)?, h)));
                Ok((rows.collect::<Result<Vec<_>>>()?, report))
            })
            .or_raise(py)?;
        let hits = PyList::empty(py);
        for (record, hit) in &found {
            let parts = PyDict::new(py);
            hit.lexical
                .map(|s| parts.set_item("lexical", s))
                .transpose()?;
            hit.dense.map(|s| parts.set_item("dense", s)).transpose()?;
            hits.append((row(py, record, &c.spaces, vectors)?, hit.score, parts))?;
        }
        let took = PyDict::new(py);
        for (stage, us) in &report.took_us {
            took.set_item(stage, us)?;
        }
        let out = PyDict::new(py);
        out.set_item("commit", self.state.commit)?;
        out.set_item("records", report.records)?;
        out.set_item("matched", report.matched)?;
        out.set_item("lexical_records", report.lexical_records)?;
        out.set_item("dense_records", report.dense_records)?;
        out.set_item("took_us", took)?;
        Ok((hits, out))
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
                    out.extend(view.segment.records_of(&wanted, self.vectors)?);
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
            .map(|r| row(py, r, &self.collection.spaces, self.vectors))
            .collect()
    }
}
