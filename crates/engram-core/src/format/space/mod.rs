//! Vector spaces and the embeddings in them, as bytes (F-041, F-043).
//!
//! An embedding is rounded to the element type of its space when it is put, so that log, memory and
//! segment hold the same numbers, and a search gives the same score wherever a record lies.

mod element;
mod embedding;

pub use element::{Element, int8_scale, sign, to_f16, to_int8};
pub use embedding::{Embedding, Matrix};

use super::codec::{Reader, Writer};
use super::record::{decode_text, encode_text};
use super::{Decode, Malformed};

/// The space of what an embedder made of the texts.
pub const TEXT: &str = "text";
/// The space that is filled to take its place. Nobody is shown it, or may put anything into it by name.
pub const NEXT: &str = "text.next";

/// What an embedding of a space is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One vector.
    Dense,
    /// Weights of some of very many dimensions.
    Sparse,
    /// A matrix of token vectors, compared by MaxSim.
    Multi,
}

fn name_of<T: PartialEq>(all: &[(T, &'static str)], wanted: &T) -> &'static str {
    let found = all.iter().find(|(value, _)| value == wanted);
    found.map_or("", |(_, name)| name)
}

impl Kind {
    /// Every kind with the name users give.
    pub const ALL: [(Kind, &'static str); 3] = [
        (Kind::Dense, "dense"),
        (Kind::Sparse, "sparse"),
        (Kind::Multi, "multi"),
    ];

    /// The name users give.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(&Self::ALL, &self)
    }

    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Kind> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(k, _)| *k)
    }

    fn from_code(code: u8) -> Decode<Kind> {
        let known = Self::ALL.get(usize::from(code));
        known
            .map(|(k, _)| *k)
            .ok_or(Malformed("an unknown kind of space"))
    }
}

/// A named vector space of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Unique within its collection; empty where the space was given up.
    pub name: String,
    /// What its embeddings are.
    pub kind: Kind,
    /// Length of every vector in it; 0 for sparse ones.
    pub dimension: u32,
    /// How its numbers are kept.
    pub element: Element,
    /// Whether longer vectors are cut to `dimension` (Matryoshka embeddings, Kusupati et al., 2022).
    pub truncate: bool,
    /// The embedder its vectors come from, as canonical JSON; none for the caller's own.
    pub identity: Option<String>,
}

impl Space {
    /// A space of dense float32 vectors.
    #[must_use]
    pub fn dense(name: &str, dimension: u32, identity: Option<&str>) -> Space {
        Space {
            name: name.to_owned(),
            kind: Kind::Dense,
            dimension,
            element: Element::F32,
            truncate: false,
            identity: identity.map(str::to_owned),
        }
    }

    /// Whether nobody's embeddings are in it any more, though old segments may hold some.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether users see it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.is_given_up() && self.name != NEXT
    }

    /// Whether an embedding belongs into it.
    #[must_use]
    pub fn fits(&self, embedding: &Embedding) -> bool {
        embedding.kind() == self.kind && embedding.dimension() == self.dimension
    }

    /// Encodes the space (F-043).
    pub fn encode(&self, w: &mut Writer) {
        w.str(&self.name);
        w.u8(self.kind as u8);
        w.u8(self.element as u8);
        w.u8(u8::from(self.truncate));
        w.u32(self.dimension);
        encode_text(w, self.identity.as_deref());
    }

    /// Decodes what [`Space::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Decode<Space> {
        Ok(Space {
            name: r.str()?.to_owned(),
            kind: Kind::from_code(r.u8()?)?,
            element: Element::from_code(r.u8()?)?,
            truncate: match r.u8()? {
                0 => false,
                1 => true,
                _ => return Err(Malformed("a flag is neither 0 nor 1")),
            },
            dimension: r.u32()?,
            identity: decode_text(r)?.map(str::to_owned),
        })
    }
}
