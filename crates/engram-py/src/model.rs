//! The built-in embedder.

use crate::error::OrRaise;
use engram_core::embed::StaticModel as Core;
use engram_core::error::Error;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// Texts that are embedded between two looks at signals and the progress callback.
const STEP: usize = 1024;

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct StaticModel {
    core: Core,
}

#[pymethods]
impl StaticModel {
    #[staticmethod]
    fn load(py: Python<'_>, path: &str) -> PyResult<StaticModel> {
        let read = || {
            let bytes = std::fs::read(path)
                .map_err(|e| Error::io("cannot read the model", &e).at_path(path))?;
            Core::from_bytes(&bytes).map_err(|e| e.at_path(path))
        };
        Ok(StaticModel {
            core: py.detach(read).or_raise(py)?,
        })
    }

    #[getter]
    fn dimension(&self) -> usize {
        self.core.dimension()
    }
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }
    #[getter]
    fn revision(&self) -> &str {
        self.core.revision()
    }

    fn encode<'py>(&self, py: Python<'py>, text: &str) -> Option<Bound<'py, PyBytes>> {
        let mut out = vec![0.0; self.core.dimension()];
        let known = py.detach(|| self.core.encode_into(text, &mut out));
        known.then(|| to_bytes(py, &out))
    }

    #[pyo3(signature = (texts, progress))]
    fn encode_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyList>)> {
        let texts: Vec<String> = texts.extract()?;
        let dimension = self.core.dimension();
        let mut out = vec![0.0; texts.len() * dimension];
        let mut empty = Vec::new();
        let rows = out.chunks_mut(STEP * dimension).zip(texts.chunks(STEP));
        for (step, (rows, texts)) in rows.enumerate() {
            let unknown = py.detach(|| {
                let each = rows.chunks_mut(dimension).zip(texts).enumerate();
                each.filter_map(|(i, (row, text))| (!self.core.encode_into(text, row)).then_some(i))
                    .collect::<Vec<_>>()
            });
            empty.extend(unknown.into_iter().map(|i| step * STEP + i));
            py.check_signals()?;
            if let Some(progress) = progress {
                progress.call1((step * STEP + texts.len(),))?;
            }
        }
        Ok((to_bytes(py, &out), PyList::new(py, empty)?))
    }
}

fn to_bytes<'py>(py: Python<'py>, values: &[f32]) -> Bound<'py, PyBytes> {
    // The format's byte order, which is also that of every machine this builds for.
    PyBytes::new(py, bytemuck::cast_slice(values))
}
