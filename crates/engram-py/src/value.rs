//! Metadata between Python objects and core values.

use crate::error::{invalid, raise};
use engram_core::error::{Code, Error};
use engram_core::format::limits::MAX_METADATA_DEPTH;
use engram_core::value::Value;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple,
};

/// The metadata of a record: a dict, or None for an empty one.
pub(crate) fn metadata_in(object: Option<&Bound<'_, PyAny>>) -> PyResult<Value> {
    match object {
        None => Ok(Value::Map(Vec::new())),
        Some(o) if o.is_none() => Ok(Value::Map(Vec::new())),
        Some(o) if o.is_instance_of::<PyDict>() => value_in(o, 0),
        Some(o) => {
            let message = format!("metadata must be a dict, not {}", type_name(o));
            Err(invalid(o.py(), message, "give a dict with string keys"))
        }
    }
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .name()
        .map_or_else(|_| "?".to_owned(), |n| n.to_string())
}

fn value_in(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    // One level beyond the limit is let through: the core names the limit.
    if depth > MAX_METADATA_DEPTH {
        return Ok(Value::Null);
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return text_in(text).map(Value::Str);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Value::Bytes(bytes.as_bytes().to_vec()));
    }
    if let Ok(number) = object.cast::<PyInt>() {
        return int_in(number);
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        return Ok(Value::Float(number.value()));
    }
    if let Ok(map) = object.cast::<PyDict>() {
        let entries = map.iter().map(|(key, item)| {
            let Ok(key) = key.cast::<PyString>() else {
                let message = format!("a metadata key is {}, not str", type_name(&key));
                return Err(invalid(key.py(), message, "make every key a string"));
            };
            Ok((text_in(key)?, value_in(&item, depth + 1)?))
        });
        return Ok(Value::Map(entries.collect::<PyResult<_>>()?));
    }
    if let Ok(list) = object.cast::<PyList>() {
        return Ok(Value::List(
            list.iter()
                .map(|i| value_in(&i, depth + 1))
                .collect::<PyResult<_>>()?,
        ));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return Ok(Value::List(
            tuple
                .iter()
                .map(|i| value_in(&i, depth + 1))
                .collect::<PyResult<_>>()?,
        ));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Value::Bytes(bytes.to_vec()));
    }
    if object.is_instance_of::<PyMemoryView>() {
        let bytes = object.call_method0("tobytes")?;
        return Ok(Value::Bytes(bytes.cast::<PyBytes>()?.as_bytes().to_vec()));
    }
    number_like_in(object)
}

/// Text that has a UTF-8 form; a lone surrogate has none.
pub(crate) fn text_in(text: &Bound<'_, PyString>) -> PyResult<String> {
    text.to_str().map(str::to_owned).map_err(|_| {
        invalid(
            text.py(),
            "a text holds a lone surrogate, which has no UTF-8 form",
            "clean it with text.encode(\"utf-8\", \"replace\").decode()",
        )
    })
}

fn int_in(number: &Bound<'_, PyInt>) -> PyResult<Value> {
    number.extract::<i64>().map(Value::Int).map_err(|_| {
        invalid(
            number.py(),
            "an integer in the metadata does not fit 64 bits",
            "store it as a string",
        )
    })
}

/// NumPy scalars and their like: whatever is an index or a float.
fn number_like_in(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let kind = object
        .getattr("dtype")
        .and_then(|d| d.getattr("kind"))
        .and_then(|k| k.extract::<String>());
    let item = || object.call_method0("item");
    match kind.as_deref() {
        Ok("b" | "i" | "u" | "f")
            if object
                .getattr("ndim")
                .and_then(|n| n.extract::<usize>())
                .is_ok_and(|n| n == 0) =>
        {
            value_in(&item()?, 0)
        }
        _ => {
            let message = format!("metadata cannot hold a {}", type_name(object));
            Err(raise(
                object.py(),
                &Error::new(Code::InputInvalid, message)
                    .hint("use JSON types: None, bool, int, float, str, list, dict, and bytes; a date as its isoformat()"),
            ))
        }
    }
}

/// A core value as a Python object.
pub(crate) fn value_out<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Value::Int(i) => i.into_pyobject(py)?.into_any(),
        Value::Float(f) => PyFloat::new(py, *f).into_any(),
        Value::Str(s) => PyString::new(py, s).into_any(),
        Value::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::List(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|v| value_out(py, v))
                .collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Map(entries) => {
            let out = PyDict::new(py);
            for (key, item) in entries {
                out.set_item(key, value_out(py, item)?)?;
            }
            out.into_any()
        }
    })
}
