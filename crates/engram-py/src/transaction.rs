//! An open transaction.

use crate::arrays::{embedding_in, embeddings_in};
use crate::error::{OrRaise, at_index, invalid, raise};
use crate::value::{metadata_in, text_in};
use crate::view::View;
use engram_core::db::{self, NewRecord, NewVector, RecordUpdate};
use engram_core::error::{Code, Error, Result};
use engram_core::format::record::Metric;
use engram_core::format::space::{Element, Embedding, Kind, Space};
use engram_core::index::text::TextSettings;
use engram_core::query;
use engram_core::value::Value;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::{Arc, Mutex, PoisonError};

/// `(space, identity, rows, matrix)`
type MatrixIn<'py> = (
    String,
    Option<String>,
    Option<Vec<usize>>,
    Bound<'py, PyAny>,
);
/// `(space, identity, vector)`
type VectorIn<'py> = (String, Option<String>, Bound<'py, PyAny>);

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct Transaction {
    open: Mutex<Option<db::Transaction>>,
}

fn finished() -> Error {
    Error::new(Code::TransactionFinished, "the transaction has ended")
        .hint("start another one with db.transaction()")
}

impl Transaction {
    pub(crate) fn new(core: db::Transaction) -> Transaction {
        Transaction {
            open: Mutex::new(Some(core)),
        }
    }

    /// Runs `f` detached. A failure leaves the transaction as it was.
    pub(crate) fn with<T: Send>(
        &self,
        py: Python<'_>,
        f: impl FnOnce(&mut db::Transaction) -> Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            // Every step is undone on failure, so a panic elsewhere leaves it whole.
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.as_mut().ok_or_else(finished)?.atomically(f)
        })
        .or_raise(py)
    }

    fn take(&self) -> Option<db::Transaction> {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

fn text_at(item: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = item.cast::<PyString>();
    let wrong = |_| invalid(item.py(), "a text is not a str", "give text as str or None");
    text_in(text.map_err(wrong)?)
}

fn optional_texts(list: Option<&Bound<'_, PyAny>>, n: usize) -> PyResult<Vec<Option<String>>> {
    let Some(list) = list else {
        return Ok(vec![None; n]);
    };
    let mut out = Vec::with_capacity(n);
    for (i, item) in list.try_iter()?.enumerate() {
        let item = item?;
        out.push(match item.is_none() {
            true => None,
            false => Some(text_at(&item).map_err(|e| at_index(item.py(), e, i))?),
        });
    }
    Ok(out)
}

/// A declared space.
pub(crate) fn space_in(
    py: Python<'_>,
    name: &str,
    kind: &str,
    dimension: u32,
    element: &str,
    truncate: bool,
    identity: Option<&str>,
) -> PyResult<Space> {
    let unknown = |what: &str, given: &str, known: Vec<&str>| {
        let hint = format!("use one of: {}", known.join(", "));
        invalid(py, format!("unknown {what} {given:?}"), &hint)
    };
    let Some(kind) = Kind::from_name(kind) else {
        let known = Kind::ALL.map(|(_, name)| name).to_vec();
        return Err(unknown("kind", kind, known));
    };
    let Some(element) = Element::from_name(element) else {
        let known = Element::ALL.map(|(_, name)| name).to_vec();
        return Err(unknown("element type", element, known));
    };
    Ok(Space {
        name: name.to_owned(),
        kind,
        dimension,
        element,
        truncate,
        identity: identity.map(str::to_owned),
    })
}

#[pymethods]
impl Transaction {
    fn view(&self, py: Python<'_>) -> PyResult<View> {
        self.with(py, |tx| {
            Ok(View {
                state: Arc::new(tx.state().clone()),
            })
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn create_collection(
        &self,
        py: Python<'_>,
        name: &str,
        metric: &str,
        language: &str,
        stop_words: &str,
        k1: Option<f32>,
        b: Option<f32>,
    ) -> PyResult<()> {
        let Some(metric) = Metric::from_name(metric) else {
            let known = Metric::ALL.map(|(_, name)| name).join(", ");
            return Err(invalid(
                py,
                format!("unknown metric {metric:?}"),
                &format!("use one of: {known}"),
            ));
        };
        let text = match TextSettings::named(language, stop_words, k1, b) {
            Ok(text) => text.to_string(),
            Err(why) => {
                return Err(invalid(
                    py,
                    why,
                    "use a two-letter code such as \"en\", or \"none\"; weak, keep or drop; numbers within 0..10 and 0..1",
                ));
            }
        };
        self.with(py, |tx| tx.create_collection(name, metric, &text))
    }

    #[pyo3(signature = (collection, name, kind, dimension, element, truncate, identity))]
    #[allow(clippy::too_many_arguments)]
    fn add_space(
        &self,
        py: Python<'_>,
        collection: &str,
        name: &str,
        kind: &str,
        dimension: u32,
        element: &str,
        truncate: bool,
        identity: Option<&str>,
    ) -> PyResult<()> {
        let space = space_in(py, name, kind, dimension, element, truncate, identity)?;
        self.with(py, |tx| tx.add_space(collection, space))
    }

    fn delete_collection(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        self.with(py, |tx| tx.delete_collection(name))
    }

    #[pyo3(signature = (collection, ids, texts, metadata, vectors, times_us))]
    #[allow(clippy::too_many_arguments)]
    fn put_many(
        &self,
        py: Python<'_>,
        collection: &str,
        ids: Vec<String>,
        texts: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
        vectors: Vec<MatrixIn<'_>>,
        times_us: Option<Vec<Option<(i64, i64)>>>,
    ) -> PyResult<()> {
        let n = ids.len();
        let texts = optional_texts(texts, n)?;
        let metadata: Vec<Value> = match metadata {
            None => vec![Value::Map(Vec::new()); n],
            Some(list) => list
                .try_iter()?
                .enumerate()
                .map(|(i, m)| metadata_in(Some(&m?)).map_err(|e| at_index(py, e, i)))
                .collect::<PyResult<_>>()?,
        };
        let times_us = times_us.unwrap_or_else(|| vec![None; n]);
        if texts.len() != n || metadata.len() != n || times_us.len() != n {
            return Err(raise(
                py,
                &Error::internal("the columns of a batch differ in length"),
            ));
        }
        let mut by_record: Vec<Vec<(usize, Embedding)>> = vec![Vec::new(); n];
        for (i, (_, _, rows, matrix)) in vectors.iter().enumerate() {
            let rows = rows.clone().unwrap_or_else(|| (0..n).collect());
            for (vector, row) in embeddings_in(matrix, &rows)?.into_iter().zip(rows) {
                let Some(list) = by_record.get_mut(row) else {
                    return Err(raise(py, &Error::internal("a vector belongs to no record")));
                };
                list.push((i, vector));
            }
        }
        let spaces: Vec<(String, Option<String>)> = vectors
            .into_iter()
            .map(|(space, identity, _, _)| (space, identity))
            .collect();
        self.with(py, |tx| {
            let columns = ids
                .iter()
                .zip(texts)
                .zip(metadata)
                .zip(by_record)
                .zip(times_us);
            for (i, ((((id, text), metadata), vectors), times_us)) in columns.enumerate() {
                let vectors = vectors.into_iter().map(|(space, embedding)| NewVector {
                    space: &spaces[space].0,
                    identity: spaces[space].1.as_deref(),
                    embedding,
                });
                let vectors = vectors.collect();
                tx.put(
                    collection,
                    NewRecord {
                        id,
                        text,
                        metadata,
                        vectors,
                        times_us,
                    },
                )
                .map_err(|e| e.detail("index", i))?;
            }
            Ok(())
        })
    }

    #[pyo3(signature = (collection, id, set_text, text, metadata, unset, vectors, drop_vectors))]
    #[allow(clippy::too_many_arguments)]
    fn update(
        &self,
        py: Python<'_>,
        collection: &str,
        id: &str,
        set_text: bool,
        text: Option<&Bound<'_, PyString>>,
        metadata: Option<&Bound<'_, PyAny>>,
        unset: Vec<String>,
        vectors: Vec<VectorIn<'_>>,
        drop_vectors: Vec<String>,
    ) -> PyResult<()> {
        let text = text.map(text_in).transpose()?;
        let metadata = metadata.map(|m| metadata_in(Some(m))).transpose()?;
        let vectors: Vec<(String, Option<String>, Embedding)> = vectors
            .into_iter()
            .map(|(space, identity, v)| Ok((space, identity, embedding_in(&v)?)))
            .collect::<PyResult<_>>()?;
        self.with(py, |tx| {
            let vectors = vectors
                .iter()
                .map(|(space, identity, embedding)| NewVector {
                    space,
                    identity: identity.as_deref(),
                    embedding: embedding.clone(),
                });
            let vectors = vectors.collect();
            let text = set_text.then_some(text);
            tx.update(
                collection,
                id,
                RecordUpdate {
                    text,
                    metadata,
                    unset,
                    vectors,
                    drop_vectors,
                },
            )
        })
    }

    fn delete(&self, py: Python<'_>, collection: &str, ids: Vec<String>) -> PyResult<usize> {
        self.with(py, |tx| {
            let mut n = 0;
            for id in &ids {
                n += usize::from(tx.delete(collection, id)?);
            }
            Ok(n)
        })
    }

    #[pyo3(signature = (collection, r#where, ignore_missing))]
    fn delete_where(
        &self,
        py: Python<'_>,
        collection: &str,
        r#where: &str,
        ignore_missing: bool,
    ) -> PyResult<usize> {
        self.with(py, |tx| {
            let c = tx.state().collection(collection)?.clone();
            let mask = query::select(&c, Some(r#where), ignore_missing)?;
            let ids: Vec<String> = mask.ids(&c)?;
            for id in &ids {
                tx.delete(collection, id)?;
            }
            Ok(ids.len())
        })
    }

    fn commit(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.take().ok_or_else(finished)?.commit())
            .or_raise(py)
    }

    fn rollback(&self, py: Python<'_>) {
        py.detach(|| drop(self.take()));
    }
}
