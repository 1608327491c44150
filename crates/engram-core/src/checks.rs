//! Checks of everything a caller hands in, against the limits of the format.

use crate::error::{Code, Error, Result};
use crate::format::codec::Writer;
use crate::format::limits::*;
use crate::format::record::Metric;
use crate::format::space::{Element, Embedding, Kind, Space};
use crate::value::Value;

/// The error of a value beyond its limit.
pub(crate) fn over(what: &str, limit: usize, actual: usize, unit: &str) -> Error {
    Error::new(
        Code::InputLimit,
        format!("{what} is {actual} {unit}, the limit is {limit}"),
    )
    .detail("limit", limit)
    .detail("actual", actual)
}

/// A name of a collection, snapshot or vector space.
pub(crate) fn name(what: &str, name: &str, limit: usize) -> Result<()> {
    if name.is_empty() {
        return Err(
            Error::new(Code::InputInvalid, format!("the {what} is empty"))
                .hint("give it at least one character"),
        );
    }
    if name.len() > limit {
        return Err(over(&format!("the {what}"), limit, name.len(), "bytes"));
    }
    if name.contains('\0') {
        return Err(Error::new(
            Code::InputInvalid,
            format!("the {what} holds a zero character"),
        ));
    }
    Ok(())
}

/// A record id.
pub(crate) fn id(id: &str) -> Result<()> {
    name("record id", id, MAX_ID_BYTES)
}

/// Adds the record that an error is about.
pub(crate) fn of_record(error: Error, id: &str) -> Error {
    let shown: String = id.chars().take(80).collect();
    error.detail("id", shown)
}

/// The properties of an edge: as metadata, but not as large.
pub(crate) fn edge_properties(value: &Value) -> Result<()> {
    if !matches!(value, Value::Map(_)) {
        let message = "the properties of an edge must be an object";
        return Err(Error::new(Code::InputInvalid, message).hint("give a dict with string keys"));
    }
    value_within(value, 0)?;
    let mut w = Writer::new();
    w.value(value);
    let (limit, size) = (MAX_EDGE_PROPERTY_BYTES, w.bytes.len());
    match size > limit {
        true => Err(over("the properties of an edge", limit, size, "bytes")),
        false => Ok(()),
    }
}

/// A text.
pub(crate) fn text(text: &str) -> Result<()> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(
            over("the text", MAX_TEXT_BYTES, text.len(), "bytes").hint("split it into passages")
        );
    }
    Ok(())
}

/// Metadata: an object, not too deep, not too large, every number finite, every key once.
pub(crate) fn metadata(value: &Value) -> Result<()> {
    if !matches!(value, Value::Map(_)) {
        return Err(Error::new(Code::InputInvalid, "metadata must be an object")
            .hint("give a dict with string keys"));
    }
    value_within(value, 0)?;
    let mut w = Writer::new();
    w.value(value);
    if w.bytes.len() > MAX_METADATA_BYTES {
        return Err(over(
            "the metadata",
            MAX_METADATA_BYTES,
            w.bytes.len(),
            "bytes",
        ));
    }
    Ok(())
}

fn value_within(value: &Value, depth: usize) -> Result<()> {
    let below = depth + 1;
    if matches!(value, Value::List(_) | Value::Map(_)) && below > MAX_METADATA_DEPTH {
        return Err(over(
            "the nesting of the metadata",
            MAX_METADATA_DEPTH,
            below,
            "levels",
        )
        .hint("flatten it, or store the deep part as a JSON text"));
    }
    match value {
        Value::Float(f) if !f.is_finite() => Err(Error::new(
            Code::InputNotFinite,
            format!("metadata holds {f}, which is not JSON"),
        )
        .hint("leave the field out, or use null")),
        Value::List(items) => items.iter().try_for_each(|v| value_within(v, below)),
        Value::Map(entries) => entries.iter().try_for_each(|(_, v)| value_within(v, below)),
        _ => Ok(()),
    }
}

/// What a record is to have in a space.
pub(crate) fn embedding(space: &str, embedding: &Embedding, metric: Metric) -> Result<()> {
    match embedding {
        Embedding::Dense(v) => vector(space, v, metric),
        Embedding::Sparse(entries) => sparse(space, entries),
        Embedding::Multi(m) => {
            if metric == Metric::L2 {
                let message =
                    format!("the multi-vector {space:?} is compared by MaxSim, not by L2");
                return Err(Error::new(Code::InputInvalid, message)
                    .hint("use a collection with metric=\"cosine\" or \"dot\""));
            }
            let rows = m.rows();
            if rows.len() == 0 || rows.len() > MAX_TOKENS {
                let what = format!("the multi-vector {space:?}");
                return Err(over(&what, MAX_TOKENS, rows.len(), "tokens"));
            }
            m.rows().zip(0usize..).try_for_each(|(row, i)| {
                vector(space, row, metric).map_err(|e| e.detail("token", i))
            })
        }
    }
}

fn sparse(space: &str, entries: &[(u32, f32)]) -> Result<()> {
    let wrong = |message: String, hint| Err(Error::new(Code::InputInvalid, message).hint(hint));
    if entries.is_empty() {
        let message = format!("the sparse vector {space:?} is empty");
        return wrong(message, "leave it out where there is no weight");
    }
    if entries.len() > MAX_DIMENSION {
        let what = format!("the sparse vector {space:?}");
        return Err(over(&what, MAX_DIMENSION, entries.len(), "weights"));
    }
    for (i, (dimension, weight)) in entries.iter().enumerate() {
        if !weight.is_finite() {
            let message = format!("the sparse vector {space:?} holds {weight} at {dimension}");
            return Err(Error::new(Code::InputNotFinite, message).detail("position", i));
        }
        if *weight <= 0.0 {
            let message = format!("the sparse vector {space:?} holds {weight} at {dimension}");
            return wrong(message, "weights must be above 0; leave the others out");
        }
        if i > 0 && entries[i - 1].0 >= *dimension {
            let message = format!("the sparse vector {space:?} names dimension {dimension} twice");
            return wrong(message, "give each dimension one weight");
        }
    }
    Ok(())
}

/// A space that is declared.
pub(crate) fn space(space: &Space, metric: Metric) -> Result<()> {
    name("vector name", &space.name, MAX_VECTOR_NAME_BYTES)?;
    let wrong =
        |message: String, hint: &str| Err(Error::new(Code::InputInvalid, message).hint(hint));
    let (name, kind) = (&space.name, space.kind.name());
    match (space.kind, space.dimension as usize) {
        (Kind::Sparse, 0) => {}
        (Kind::Sparse, _) => {
            let message = format!("the space {name:?} is sparse, so it has no dimension");
            return wrong(message, "leave dimension out");
        }
        (_, 0) => {
            let message = format!("the space {name:?} is {kind} and needs a dimension");
            return wrong(message, "give dimension=, the length of its vectors");
        }
        (_, d) if d > MAX_DIMENSION => {
            let what = format!("the dimension of the space {name:?}");
            return Err(over(&what, MAX_DIMENSION, d, "numbers"));
        }
        _ => {}
    }
    if space.kind == Kind::Sparse && matches!(space.element, Element::I8 | Element::Bit) {
        let message = format!("a sparse space cannot hold {}", space.element.name());
        return wrong(message, "use float32 or float16");
    }
    if space.kind == Kind::Sparse && space.truncate {
        return wrong(
            "a sparse vector cannot be cut".to_owned(),
            "leave truncate out",
        );
    }
    if space.kind == Kind::Multi && metric == Metric::L2 {
        let message = format!("the space {name:?} is compared by MaxSim, not by L2");
        return wrong(
            message,
            "use a collection with metric=\"cosine\" or \"dot\"",
        );
    }
    Ok(())
}

/// The kind of what is put or asked with against that of its space.
pub(crate) fn kind(space: &Space, got: Kind) -> Result<()> {
    if space.kind == got {
        return Ok(());
    }
    let (want, got) = (space.kind.name(), got.name());
    let message = format!("the space {:?} is {want}, this is {got}", space.name);
    Err(Error::new(Code::InputInvalid, message).hint("use another vector name"))
}

/// A vector to be stored or asked with: finite, and of length other than 0 under cosine.
pub(crate) fn vector(space: &str, vector: &[f32], metric: Metric) -> Result<()> {
    if vector.is_empty() {
        return Err(Error::new(
            Code::InputDimension,
            format!("the vector {space:?} is empty"),
        ));
    }
    if vector.len() > MAX_DIMENSION {
        let what = format!("the dimension of the vector {space:?}");
        return Err(over(&what, MAX_DIMENSION, vector.len(), "numbers"));
    }
    if let Some(i) = vector.iter().position(|x| !x.is_finite()) {
        let message = format!("the vector {space:?} holds {} at position {i}", vector[i]);
        return Err(Error::new(Code::InputNotFinite, message)
            .detail("position", i)
            .hint("every number must be finite in float32; look where it comes from"));
    }
    if metric == Metric::Cosine && crate::kernel::norm_squared(vector) < f32::MIN_POSITIVE {
        let message = format!("the vector {space:?} is zero, so it has no direction for cosine");
        return Err(Error::new(Code::InputZeroVector, message)
            .hint("leave the vector out, or use a collection with metric=\"dot\" or \"l2\""));
    }
    Ok(())
}

/// The dimension of a vector against that of its space.
pub(crate) fn dimension(space: &str, want: u32, got: usize) -> Result<()> {
    if want as usize == got {
        return Ok(());
    }
    let message = format!("the vector {space:?} has {got} dimensions, its space has {want}");
    Err(Error::new(Code::InputDimension, message)
        .detail("expected", want)
        .detail("actual", got)
        .hint("use another vector name for vectors of another model"))
}

/// The embedder of a vector against that of its space.
pub(crate) fn identity(space: &str, want: Option<&str>, got: Option<&str>) -> Result<()> {
    if want == got {
        return Ok(());
    }
    let shown = |identity: Option<&str>| identity.unwrap_or("the caller's own vectors").to_owned();
    let message = format!(
        "the vector space {space:?} holds vectors of {}, these are of {}",
        shown(want),
        shown(got)
    );
    Err(Error::new(Code::EmbedderMismatch, message)
        .detail("stored", shown(want))
        .detail("given", shown(got))
        .hint("open the database with the embedder it was filled with, have reembed switch it to yours, or use another vector name"))
}
/// The share of the best that a search is to find.
pub(crate) fn recall(wanted: f32) -> Result<()> {
    if (0.5..=1.0).contains(&wanted) {
        return Ok(());
    }
    let message = format!("recall is {wanted}, it must be from 0.5 to 1");
    Err(Error::new(Code::InputInvalid, message))
}
