//! Queries in: from Python's tuples to what the core takes.

use crate::arrays::{sparse_in, tokens_in, vector_in};
use crate::error::{OrRaise, invalid};
use crate::graph::Which;
use engram_core::error::Error;
use engram_core::format::space::Matrix;
use engram_core::index::filter::{Path, parse_path};
use engram_core::query::{
    Cutoff, Dense, FacetsOf, Fusion, Group, Multi, Near, Request, Retriever, Sparse, Wanted,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// `(kind, name, space, identity, value, weight, min_score, recall, exact, trust, threads)`
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
    usize,
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
pub(crate) type SnippetsIn = (String, usize, usize);

/// `(explain, snippets, (paths, limit) of facets)`
type BesideIn = (bool, Option<SnippetsIn>, Option<(Vec<String>, usize)>);

/// `(retrievers, where, ignore_missing, near, k, offset, candidates, fusion, shape, (feedback, hop), beside)`
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
    (f32, f32),
    BesideIn,
);

enum Value {
    Text(String),
    Dense(Vec<f32>),
    Sparse(Vec<(u32, f32)>),
    Multi(Matrix),
}

pub(crate) struct OwnRetriever {
    pub(crate) name: String,
    space: String,
    identity: Option<String>,
    value: Value,
    weight: Option<f32>,
    min_score: Option<f32>,
    recall: f32,
    exact: bool,
    trust: f32,
    threads: usize,
}

/// A query with everything it needs in Rust's hands.
pub(crate) struct Ask {
    pub(crate) retrievers: Vec<OwnRetriever>,
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
    hop: f32,
    explain: bool,
    pub(crate) snippets: Option<SnippetsIn>,
    facets: Option<(Vec<Path>, usize)>,
}

impl OwnRetriever {
    fn new(given: RetrieverIn<'_>) -> PyResult<OwnRetriever> {
        let (kind, name, space, identity, value, weight, min_score, recall, exact, trust, threads) =
            given;
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
            threads,
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
                threads: self.threads,
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
            (feedback, hop),
            (explain, snippets, facets),
        ) = given;
        let parsed = |(paths, limit): (Vec<String>, usize)| {
            let paths = paths.iter().map(|path| parse_path(path));
            Ok::<_, Error>((paths.collect::<Result<_, Error>>()?, limit))
        };
        let facets = facets.map(parsed).transpose().or_raise(py)?;
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
            hop,
            explain,
            snippets,
            facets,
        })
    }

    pub(crate) fn borrow(&self, py: Python<'_>) -> PyResult<Request<'_>> {
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
            hop: self.hop,
            explain: self.explain,
            facets: self.facets.as_ref().map(|(paths, limit)| FacetsOf {
                paths,
                limit: *limit,
            }),
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
