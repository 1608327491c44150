//! Vectors and matrices of numbers, in and out. NumPy is imported only where an array is handed
//! over or asked for.

use crate::error::{at_index, invalid};
use engram_core::format::space::{Embedding, Matrix};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

const WHAT: &str = "give a sequence of numbers, a NumPy array, or bytes of float32";

/// Little-endian float32 values.
fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Vec<f32>> {
    let (chunks, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(invalid(
            py,
            "the bytes of a vector are no whole number of float32",
            WHAT,
        ));
    }
    Ok(chunks.iter().map(|c| f32::from_le_bytes(*c)).collect())
}

/// A C-contiguous float32 array of `ndim` dimensions.
fn as_float32<'py>(object: &Bound<'py, PyAny>, ndim: usize) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let numpy = py.import("numpy")?;
    let plain = numpy
        .call_method1("asarray", (object,))
        .map_err(|e| invalid(py, format!("a vector cannot be read: {e}"), WHAT))?;
    let kind: String = plain.getattr("dtype")?.getattr("kind")?.extract()?;
    let have: usize = plain.getattr("ndim")?.extract()?;
    if !matches!(kind.as_str(), "f" | "i" | "u") {
        let dtype = plain.getattr("dtype")?.str()?;
        return Err(invalid(
            py,
            format!("a vector has dtype {dtype}, not real numbers"),
            WHAT,
        ));
    }
    if have != ndim {
        let message = format!("an array has {have} dimensions where {ndim} are expected");
        return Err(invalid(py, message, WHAT));
    }
    numpy.call_method1("ascontiguousarray", (plain, "float32"))
}

/// One vector.
pub(crate) fn vector_in(object: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return from_bytes(object.py(), bytes.as_bytes());
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return object.try_iter()?.map(|x| number_in(&x?)).collect();
    }
    let array = as_float32(object, 1)?;
    Ok(array
        .cast::<PyArray1<f32>>()?
        .readonly()
        .as_slice()?
        .to_vec())
}

fn number_in(x: &Bound<'_, PyAny>) -> PyResult<f32> {
    x.extract::<f64>().map(|v| v as f32).map_err(|_| {
        let what = x
            .get_type()
            .name()
            .map_or_else(|_| "?".to_owned(), |n| n.to_string());
        invalid(
            x.py(),
            format!("a vector holds a {what}, not a number"),
            WHAT,
        )
    })
}

/// An embedding: a dict of weights by dimension is sparse, a matrix is a multi-vector, the rest a
/// dense vector.
pub(crate) fn embedding_in(object: &Bound<'_, PyAny>) -> PyResult<Embedding> {
    if let Ok(weights) = object.cast::<PyDict>() {
        return sparse_in(weights).map(Embedding::Sparse);
    }
    if is_matrix(object)? {
        return tokens_in(object).map(Embedding::Multi);
    }
    vector_in(object).map(Embedding::Dense)
}

/// Weights by dimension, ascending; those of 0 are left out.
pub(crate) fn sparse_in(weights: &Bound<'_, PyDict>) -> PyResult<Vec<(u32, f32)>> {
    let mut out = Vec::with_capacity(weights.len());
    for (dimension, weight) in weights {
        let key = dimension.extract::<u32>().map_err(|_| {
            let what = format!("a sparse vector has the dimension {dimension}");
            invalid(
                dimension.py(),
                what,
                "dimensions are from 0 to 4,294,967,295",
            )
        })?;
        let weight = number_in(&weight)?;
        if weight != 0.0 {
            out.push((key, weight));
        }
    }
    out.sort_unstable_by_key(|(dimension, _)| *dimension);
    Ok(out)
}

/// Whether it is a two-dimensional array, or a sequence of vectors.
fn is_matrix(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let first = object.try_iter()?.next().transpose()?;
        return Ok(first.is_some_and(|row| row.hasattr("__len__").unwrap_or(false)));
    }
    match object.getattr("ndim") {
        Ok(ndim) => Ok(ndim.extract::<usize>()? == 2),
        Err(_) => Ok(false),
    }
}

/// Token vectors.
pub(crate) fn tokens_in(object: &Bound<'_, PyAny>) -> PyResult<Matrix> {
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let rows: Vec<Vec<f32>> = object
            .try_iter()?
            .map(|row| vector_in(&row?))
            .collect::<PyResult<_>>()?;
        let dimension = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != dimension) {
            let what = "the token vectors of a multi-vector differ in length";
            return Err(invalid(object.py(), what, WHAT));
        }
        return Ok(Matrix {
            dimension: dimension as u32,
            data: rows.concat(),
        });
    }
    let array = as_float32(object, 2)?;
    let array = array.cast::<PyArray2<f32>>()?;
    Ok(Matrix {
        dimension: array.shape()[1] as u32,
        data: array.readonly().as_slice()?.to_vec(),
    })
}

/// One embedding for each of the records at `indices` of a batch: a matrix with a dense vector in
/// each row, or a sequence of embeddings of any kind.
pub(crate) fn embeddings_in(
    object: &Bound<'_, PyAny>,
    indices: &[usize],
) -> PyResult<Vec<Embedding>> {
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        check_count(object.py(), object.len()?, indices.len())?;
        let embeddings = object.try_iter()?.zip(indices);
        return embeddings
            .map(|(v, i)| embedding_in(&v?).map_err(|e| at_index(object.py(), e, *i)))
            .collect();
    }
    let rows = matrix_in(object, indices.len())?;
    Ok(rows.into_iter().map(Embedding::Dense).collect())
}

fn check_count(py: Python<'_>, have: usize, rows: usize) -> PyResult<()> {
    if have == rows {
        return Ok(());
    }
    let message = format!("there are {have} vectors for {rows} records");
    Err(invalid(py, message, "give one vector for each record"))
}

/// The rows of a matrix, or of the bytes of one.
fn matrix_in(object: &Bound<'_, PyAny>, rows: usize) -> PyResult<Vec<Vec<f32>>> {
    let py = object.py();
    if let Ok(bytes) = object.cast::<PyBytes>() {
        let flat = from_bytes(py, bytes.as_bytes())?;
        if rows == 0 || !flat.len().is_multiple_of(rows) {
            return check_count(py, flat.len(), rows).map(|()| Vec::new());
        }
        return Ok(flat
            .chunks_exact((flat.len() / rows).max(1))
            .map(<[f32]>::to_vec)
            .collect());
    }
    let array = as_float32(object, 2)?;
    let array = array.cast::<PyArray2<f32>>()?;
    check_count(py, array.shape()[0], rows)?;
    let dimension = array.shape()[1];
    if dimension == 0 {
        return Ok(vec![Vec::new(); rows]);
    }
    Ok(array
        .readonly()
        .as_slice()?
        .chunks_exact(dimension)
        .map(<[f32]>::to_vec)
        .collect())
}

/// A NumPy float32 array, of two dimensions for a multi-vector; a dict of weights for a sparse one.
pub(crate) fn embedding_out<'py>(
    py: Python<'py>,
    embedding: &Embedding,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match embedding {
        Embedding::Dense(v) => PyArray1::from_slice(py, v).into_any(),
        Embedding::Sparse(entries) => {
            let out = PyDict::new(py);
            for (dimension, weight) in entries {
                out.set_item(dimension, weight)?;
            }
            out.into_any()
        }
        Embedding::Multi(m) => {
            let flat = PyArray1::from_slice(py, &m.data);
            flat.reshape([m.rows().len(), m.dimension as usize])?
                .into_any()
        }
    })
}
