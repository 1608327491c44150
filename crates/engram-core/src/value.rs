//! Metadata values: JSON and bytes, in memory.
//!
//! Owns: the one tree type that metadata takes between Python, the file and the filter. Maps keep
//! the order in which the user gave the keys. Numbers are `i64` or finite `f64`; the boundary
//! rejects everything else. The byte form is `format::codec`.

/// A JSON value, or bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer within 64 bits.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// Text.
    Str(String),
    /// An array.
    List(Vec<Value>),
    /// An object, keys in the user's order, each key once.
    Map(Vec<(String, Value)>),
    /// Bytes of any kind: kept as they are, and no scalar to filters, facets and columns.
    Bytes(Vec<u8>),
}

impl Value {
    /// The value under `key`, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Sets `key` in a map, keeping its place when it is there already.
    pub fn set(&mut self, key: &str, value: Value) {
        if let Value::Map(entries) = self {
            match entries.iter_mut().find(|(k, _)| k == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
    }
}
