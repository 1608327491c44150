//! Records as the tuples that `engram` makes its objects of.

use crate::arrays::embedding_out;
use crate::value::value_out;
use engram_core::format::record::Record;
use engram_core::format::space::Space;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// `(id, text, metadata, created_us, updated_us, vectors)`.
pub(crate) fn row<'py>(
    py: Python<'py>,
    record: &Record,
    spaces: &[Space],
    vectors: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = match vectors {
        false => None,
        true => {
            let out = PyDict::new(py);
            for (space, vector) in &record.vectors {
                if let Some(space) = spaces.get(usize::from(*space)) {
                    out.set_item(&space.name, embedding_out(py, vector)?)?;
                }
            }
            Some(out)
        }
    };
    (
        &record.id,
        record.text.as_deref(),
        value_out(py, &record.metadata)?,
        record.created_us,
        record.updated_us,
        arrays,
    )
        .into_pyobject(py)
}
