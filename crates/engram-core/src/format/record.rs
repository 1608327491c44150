//! Records as bytes (F-040 to F-042); their embeddings are in `space`.
//!
//! A log operation holds a whole record; a segment holds the same fields spread over its parts.

use super::codec::{Reader, Writer};
use super::space::Embedding;
use super::{Decode, Malformed};
use crate::value::Value;

/// One record, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Unique within its collection.
    pub id: String,
    /// Text for full-text search.
    pub text: Option<String>,
    /// A map.
    pub metadata: Value,
    /// First put, microseconds since 1970.
    pub created_us: i64,
    /// Last put or update, microseconds since 1970.
    pub updated_us: i64,
    /// Embeddings by the index of their space, ascending.
    pub vectors: Vec<(u16, Embedding)>,
}

/// Which parts of a record are read beside its id; the others are as if it had none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Its text.
    pub text: bool,
    /// Its metadata and times.
    pub metadata: bool,
    /// Its embeddings.
    pub vectors: bool,
}

impl Parts {
    /// Text, metadata and times, and embeddings where asked for.
    #[must_use]
    pub fn all(vectors: bool) -> Parts {
        Parts {
            text: true,
            metadata: true,
            vectors,
        }
    }
}

impl Record {
    /// What it has in space `space`.
    #[must_use]
    pub fn embedding(&self, space: u16) -> Option<&Embedding> {
        self.vectors
            .iter()
            .find(|(s, _)| *s == space)
            .map(|(_, v)| v)
    }

    /// Its dense vector in space `space`.
    #[must_use]
    pub fn vector(&self, space: u16) -> Option<&[f32]> {
        self.embedding(space).and_then(Embedding::as_dense)
    }

    /// A copy of some of its parts.
    #[must_use]
    pub fn part(&self, parts: Parts) -> Record {
        Record {
            id: self.id.clone(),
            text: self.text.as_ref().filter(|_| parts.text).cloned(),
            metadata: match parts.metadata {
                true => self.metadata.clone(),
                false => Value::Map(Vec::new()),
            },
            vectors: match parts.vectors {
                true => self.vectors.clone(),
                false => Vec::new(),
            },
            ..*self
        }
    }

    /// Encodes the record, vectors included (F-041).
    pub fn encode(&self, w: &mut Writer) {
        w.str(&self.id);
        encode_text(w, self.text.as_deref());
        w.value(&self.metadata);
        w.i64(self.created_us);
        w.i64(self.updated_us);
        w.len(self.vectors.len());
        for (space, vector) in &self.vectors {
            w.u16(*space);
            vector.encode(w);
        }
    }

    /// Decodes what [`Record::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Decode<Record> {
        let id = r.str()?.to_owned();
        let text = decode_text(r)?.map(str::to_owned);
        let metadata = r.value()?;
        let (created_us, updated_us) = (r.i64()?, r.i64()?);
        let count = r.count()?;
        let mut vectors: Vec<(u16, Embedding)> = Vec::with_capacity(count);
        for _ in 0..count {
            let space = r.u16()?;
            if vectors.last().is_some_and(|(last, _)| *last >= space) {
                return Err(Malformed("vector spaces are out of order"));
            }
            vectors.push((space, Embedding::decode(r)?));
        }
        if !matches!(metadata, Value::Map(_)) {
            return Err(Malformed("metadata is no object"));
        }
        Ok(Record {
            id,
            text,
            metadata,
            created_us,
            updated_us,
            vectors,
        })
    }

    /// An estimate of the bytes it takes in memory and file.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let vectors: usize = self
            .vectors
            .iter()
            .map(|(_, v)| v.size_bytes())
            .fold(0, usize::saturating_add);
        let text = self.text.as_ref().map_or(0, String::len);
        vectors
            .saturating_add(text)
            .saturating_add(self.id.len())
            .saturating_add(value_bytes(&self.metadata))
            .saturating_add(24)
    }
}

/// About how many bytes a value takes.
pub(crate) fn value_bytes(v: &Value) -> usize {
    match v {
        Value::Str(s) => s.len().saturating_add(2),
        Value::Bytes(bytes) => bytes.len().saturating_add(5),
        Value::List(items) => items.iter().map(value_bytes).fold(2, usize::saturating_add),
        Value::Map(entries) => entries
            .iter()
            .map(|(k, v)| k.len().saturating_add(1).saturating_add(value_bytes(v)))
            .fold(2, usize::saturating_add),
        _ => 5,
    }
}

/// Writes an optional text: 0, or 1 and the text.
pub fn encode_text(w: &mut Writer, text: Option<&str>) {
    w.u8(u8::from(text.is_some()));
    if let Some(text) = text {
        w.str(text);
    }
}

/// Reads an optional text.
pub fn decode_text<'a>(r: &mut Reader<'a>) -> Decode<Option<&'a str>> {
    match r.u8()? {
        0 => Ok(None),
        1 => Ok(Some(r.str()?)),
        _ => Err(Malformed("a text flag is neither 0 nor 1")),
    }
}

/// How two vectors of a collection are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Cosine of the angle; higher is nearer.
    Cosine,
    /// Inner product; higher is nearer.
    Dot,
    /// Euclidean distance; the score is its negative.
    L2,
}

impl Metric {
    /// Every metric with its name.
    pub const ALL: [(Metric, &'static str); 3] = [
        (Metric::Cosine, "cosine"),
        (Metric::Dot, "dot"),
        (Metric::L2, "l2"),
    ];

    /// The name users give.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::Dot => "dot",
            Metric::L2 => "l2",
        }
    }

    /// The metric of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Metric> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(m, _)| *m)
    }
}
