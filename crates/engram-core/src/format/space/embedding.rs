//! Embeddings as bytes (F-041).

use super::{Element, Kind};
use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
