//! Vector spaces and the embeddings in them, as bytes (F-041, F-043).
//!
//! An embedding is rounded to the element type of its space when it is put, so that log, memory and
//! segment hold the same numbers, and a search gives the same score wherever a record lies.

use super::codec::{Reader, Writer};
use super::record::{decode_text, encode_text};
use super::{Decode, Malformed};
use half::f16;

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

/// How the numbers of a space are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// A signed byte times a scale of the vector.
    I8,
    /// The sign: +1 or -1.
    Bit,
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

impl Element {
    /// Every element type with the name users give.
    pub const ALL: [(Element, &'static str); 4] = [
        (Element::F32, "float32"),
        (Element::F16, "float16"),
        (Element::I8, "int8"),
        (Element::Bit, "binary"),
    ];

    /// The name users give.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(&Self::ALL, &self)
    }

    /// The element type of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Element> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(e, _)| *e)
    }

    pub(crate) fn from_code(code: u8) -> Decode<Element> {
        let known = Self::ALL.get(usize::from(code));
        known
            .map(|(e, _)| *e)
            .ok_or(Malformed("an unknown element type"))
    }

    /// Bytes that one vector of `dimension` numbers takes in a plane; the scales of int8 come extra.
    #[must_use]
    pub fn stride(self, dimension: usize) -> usize {
        match self {
            Element::F32 => dimension.saturating_mul(4),
            Element::F16 => dimension.saturating_mul(2),
            Element::I8 => dimension,
            // Whole words, so that scans need no tail.
            Element::Bit => dimension.div_ceil(64).saturating_mul(8),
        }
    }

    /// Rounds one vector to what this type can hold. Doing it twice changes nothing.
    pub fn round(self, vector: &mut [f32]) {
        match self {
            Element::F32 => {}
            Element::F16 => vector.iter_mut().for_each(|x| *x = to_f16(*x).to_f32()),
            Element::I8 => {
                let scale = int8_scale(vector);
                vector
                    .iter_mut()
                    .for_each(|x| *x = f32::from(to_int8(*x, scale)) * scale);
            }
            Element::Bit => vector.iter_mut().for_each(|x| *x = sign(*x)),
        }
    }
}

/// The nearest half; what is too large for one becomes the largest.
#[must_use]
pub fn to_f16(x: f32) -> f16 {
    f16::from_f32(x.clamp(f16::MIN.to_f32(), f16::MAX.to_f32()))
}

/// The scale of a vector in int8: its largest magnitude over 127, rounded up to 16 bits of mantissa.
/// With so few, a byte times the scale is exact in float32, so the scale of the rounded vector is the
/// same again. 0 for a zero vector.
#[must_use]
pub fn int8_scale(vector: &[f32]) -> f32 {
    let largest = vector.iter().fold(0f32, |m, x| m.max(x.abs()));
    let bits = (largest / 127.0).to_bits();
    let scale = f32::from_bits(bits.saturating_add(0xff) & !0xff);
    // Below this a byte times the scale would leave the normal numbers, where it is not exact; and
    // 127 times the largest scale must not overflow.
    let most = f32::from_bits((f32::MAX / 127.0).to_bits() & !0xff);
    if largest < 1e-30 {
        0.0
    } else {
        scale.min(most)
    }
}

/// The byte that stands for `x` under a scale.
#[must_use]
pub fn to_int8(x: f32, scale: f32) -> i8 {
    if scale == 0.0 {
        0
    } else {
        (x / scale).round_ties_even().clamp(-127.0, 127.0) as i8
    }
}

/// +1 for zero and above, else -1.
#[must_use]
pub fn sign(x: f32) -> f32 {
    if x < 0.0 { -1.0 } else { 1.0 }
}

/// Token vectors, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Length of each row, at least 1.
    pub dimension: u32,
    /// Rows times dimension numbers, at least one row.
    pub data: Vec<f32>,
}

impl Matrix {
    /// The rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.data.chunks_exact(self.dimension.max(1) as usize)
    }
}

/// What a record has in one space.
#[derive(Clone, Debug, PartialEq)]
pub enum Embedding {
    /// One vector.
    Dense(Vec<f32>),
    /// Dimensions, ascending, with their weights, above 0.
    Sparse(Vec<(u32, f32)>),
    /// Token vectors.
    Multi(Matrix),
}

impl Embedding {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Embedding::Dense(_) => Kind::Dense,
            Embedding::Sparse(_) => Kind::Sparse,
            Embedding::Multi(_) => Kind::Multi,
        }
    }

    /// The numbers of a dense vector.
    #[must_use]
    pub fn as_dense(&self) -> Option<&[f32]> {
        match self {
            Embedding::Dense(v) => Some(v),
            _ => None,
        }
    }

    /// Length of its vectors; 0 for a sparse one, which has none of its own.
    #[must_use]
    pub fn dimension(&self) -> u32 {
        match self {
            Embedding::Dense(v) => v.len() as u32,
            Embedding::Sparse(_) => 0,
            Embedding::Multi(m) => m.dimension,
        }
    }

    /// Cuts its vectors to the first `dimension` numbers; shorter ones stay as they are.
    pub fn truncate(&mut self, dimension: u32) {
        match self {
            Embedding::Dense(v) => v.truncate(dimension as usize),
            Embedding::Multi(m) if m.dimension > dimension => {
                let rows = m.rows().flat_map(|row| row.iter().take(dimension as usize));
                m.data = rows.copied().collect();
                m.dimension = dimension;
            }
            _ => {}
        }
    }

    /// Rounds its numbers to an element type.
    pub fn round(&mut self, element: Element) {
        match self {
            Embedding::Dense(v) => element.round(v),
            Embedding::Sparse(entries) => {
                for (_, weight) in entries {
                    element.round(std::slice::from_mut(weight));
                }
            }
            Embedding::Multi(m) => {
                let rows = m.data.chunks_exact_mut(m.dimension.max(1) as usize);
                rows.for_each(|row| element.round(row));
            }
        }
    }

    /// About how many bytes it takes in memory and file.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Embedding::Dense(v) => v.len().saturating_mul(4),
            Embedding::Sparse(entries) => entries.len().saturating_mul(8),
            Embedding::Multi(m) => m.data.len().saturating_mul(4),
        }
    }

    /// Appends it: kind, sizes, numbers.
    pub fn encode(&self, w: &mut Writer) {
        w.u8(self.kind() as u8);
        match self {
            Embedding::Dense(v) => {
                w.len(v.len());
                w.f32s(v);
            }
            Embedding::Sparse(entries) => {
                w.len(entries.len());
                for (dimension, weight) in entries {
                    w.u32(*dimension);
                    w.f32s(&[*weight]);
                }
            }
            Embedding::Multi(m) => {
                w.u32(m.dimension);
                w.len(m.rows().len());
                w.f32s(&m.data);
            }
        }
    }

    /// Takes what [`Embedding::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Decode<Embedding> {
        Ok(match Kind::from_code(r.u8()?)? {
            Kind::Dense => {
                let n = r.count()?;
                if n == 0 {
                    return Err(Malformed("a vector is empty"));
                }
                Embedding::Dense(r.f32s(n)?)
            }
            Kind::Sparse => Embedding::Sparse(decode_sparse(r)?),
            Kind::Multi => {
                let dimension = r.u32()?;
                let n = r.count()?.checked_mul(dimension as usize);
                let n = n.ok_or(Malformed("a matrix has impossible sizes"))?;
                if n == 0 {
                    return Err(Malformed("a matrix is empty"));
                }
                let data = r.f32s(n)?;
                Embedding::Multi(Matrix { dimension, data })
            }
        })
    }
}

fn decode_sparse(r: &mut Reader<'_>) -> Decode<Vec<(u32, f32)>> {
    let n = r.count()?;
    let mut out: Vec<(u32, f32)> = Vec::new();
    for _ in 0..n {
        let dimension = r.u32()?;
        let weight = f32::from_bits(r.u32()?);
        if out.last().is_some_and(|(last, _)| *last >= dimension) {
            return Err(Malformed(
                "the dimensions of a sparse vector are out of order",
            ));
        }
        if !(weight.is_finite() && weight > 0.0) {
            return Err(Malformed(
                "a sparse vector has a weight that is not positive",
            ));
        }
        out.push((dimension, weight));
    }
    Ok(out)
}

/// A named vector space of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Unique within its collection.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_twice_changes_nothing(v in prop::collection::vec(prop::num::f32::NORMAL, 1..40)) {
            for (element, _) in Element::ALL {
                let mut once = v.clone();
                element.round(&mut once);
                let mut twice = once.clone();
                element.round(&mut twice);
                prop_assert_eq!(&once, &twice, "{:?}", element);
                prop_assert!(once.iter().all(|x| x.is_finite()));
            }
        }

        #[test]
        fn int8_is_within_half_a_step(v in prop::collection::vec(-1e3f32..1e3, 1..40)) {
            let mut rounded = v.clone();
            Element::I8.round(&mut rounded);
            let step = int8_scale(&v);
            for (x, y) in v.iter().zip(&rounded) {
                prop_assert!((x - y).abs() <= step * 0.5001);
            }
        }

        #[test]
        fn what_is_written_reads_the_same(dims in prop::collection::btree_map(any::<u32>(), 1e-3f32..9.0, 0..20),
                                          v in prop::collection::vec(-2f32..2.0, 6)) {
            let all = [
                Embedding::Dense(v.clone()),
                Embedding::Sparse(dims.into_iter().collect()),
                Embedding::Multi(Matrix { dimension: 3, data: v }),
            ];
            for embedding in all {
                let mut w = Writer::new();
                embedding.encode(&mut w);
                let mut r = Reader::new(&w.bytes);
                prop_assert_eq!(Embedding::decode(&mut r), Ok(embedding));
                prop_assert!(r.finish().is_ok());
            }
        }
    }
}
