//! Core errors as Python exceptions. The classes live in `engram.errors`.

use engram_core::error::{Class, Code, Error};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The Python class of an error class.
pub(crate) fn class_name(class: Class) -> &'static str {
    match class {
        Class::InvalidInput => "InvalidInput",
        Class::NotFound => "NotFound",
        Class::Conflict => "Conflict",
        Class::Busy => "Busy",
        Class::Corrupt => "Corrupt",
        Class::Incompatible => "Incompatible",
        Class::Io => "Io",
        Class::Closed => "Closed",
        Class::Internal => "Internal",
    }
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    for (key, value) in error.details() {
        details.set_item(key, value)?;
    }
    let arguments = (
        error.code().slug(),
        class_name(error.code().class()),
        error.message(),
        error.hint_text(),
        details,
        error.errno(),
        error.path().map(|p| p.to_string_lossy().into_owned()),
    );
    let exception = py
        .import("engram.errors")?
        .call_method1("_from_native", arguments)?;
    Ok(PyErr::from_value(exception))
}

/// Turns a core error into the exception that `engram.errors` makes of it.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failed| failed)
}

/// Turns core results into Python results.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Error> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|e| raise(py, &e))
    }
}

/// Adds the place in its batch to an engram exception.
pub(crate) fn at_index(py: Python<'_>, error: PyErr, index: usize) -> PyErr {
    let value = error.value(py);
    if let Ok(details) = value.getattr("details") {
        // An exception of another kind has no details to add to.
        let _ = details.set_item("index", index.to_string());
    }
    error
}

/// An `input.invalid` exception.
pub(crate) fn invalid(py: Python<'_>, message: impl Into<String>, hint: &str) -> PyErr {
    raise(py, &Error::new(Code::InputInvalid, message).hint(hint))
}
