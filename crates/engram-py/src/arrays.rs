//! Vectors and matrices of numbers, in and out. NumPy is imported only where an array is handed
//! over or asked for.

use crate::error::{at_index, invalid};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

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

/// One vector for each of the records at `indices` of a batch.
pub(crate) fn matrix_in(object: &Bound<'_, PyAny>, indices: &[usize]) -> PyResult<Vec<Vec<f32>>> {
    let (py, rows) = (object.py(), indices.len());
    let count = |have: usize| match have == rows {
        true => Ok(()),
        false => {
            let message = format!("there are {have} vectors for {rows} records");
            Err(invalid(py, message, "give one vector for each record"))
        }
    };
    if let Ok(bytes) = object.cast::<PyBytes>() {
        let flat = from_bytes(py, bytes.as_bytes())?;
        if rows == 0 || !flat.len().is_multiple_of(rows) {
            return count(flat.len()).map(|()| Vec::new());
        }
        return Ok(flat
            .chunks_exact((flat.len() / rows).max(1))
            .map(<[f32]>::to_vec)
            .collect());
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        count(object.len()?)?;
        let vectors = object.try_iter()?.zip(indices);
        return vectors
            .map(|(v, i)| vector_in(&v?).map_err(|e| at_index(py, e, *i)))
            .collect();
    }
    let array = as_float32(object, 2)?;
    let array = array.cast::<PyArray2<f32>>()?;
    count(array.shape()[0])?;
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

/// A NumPy float32 array.
pub(crate) fn vector_out<'py>(py: Python<'py>, vector: &[f32]) -> Bound<'py, PyAny> {
    PyArray1::from_slice(py, vector).into_any()
}
