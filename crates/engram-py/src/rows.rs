//! Records as the tuples that `engram` makes its objects of.

use crate::arrays::embedding_out;
use crate::value::value_out;
use engram_core::format::record::Record;
use engram_core::format::space::Space;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// What of a record is handed out beside its id.
#[derive(Clone, Copy)]
pub(crate) struct Include {
    pub(crate) text: bool,
    pub(crate) metadata: bool,
    pub(crate) vectors: bool,
}

impl Include {
    /// Text and metadata, and vectors where asked for.
    pub(crate) fn all(vectors: bool) -> Include {
        Include {
            text: true,
            metadata: true,
            vectors,
        }
    }

    /// Whether there is anything to read.
    pub(crate) fn any(self) -> bool {
        self.text || self.metadata || self.vectors
    }
}

/// `(id, text, metadata, created_us, updated_us, vectors)`; None for what was not asked for.
pub(crate) fn row<'py>(
    py: Python<'py>,
    id: &str,
    record: Option<&Record>,
    spaces: &[Space],
    include: Include,
) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = match record {
        Some(record) if include.vectors => {
            let out = PyDict::new(py);
            for (space, vector) in &record.vectors {
                if let Some(space) = spaces.get(usize::from(*space)).filter(|s| s.is_shown()) {
                    out.set_item(&space.name, embedding_out(py, vector)?)?;
                }
            }
            Some(out)
        }
        _ => None,
    };
    let with_metadata = record.filter(|_| include.metadata);
    (
        id,
        record
            .filter(|_| include.text)
            .and_then(|r| r.text.as_deref()),
        with_metadata
            .map(|r| value_out(py, &r.metadata))
            .transpose()?,
        with_metadata.map(|r| r.created_us),
        with_metadata.map(|r| r.updated_us),
        arrays,
    )
        .into_pyobject(py)
}
