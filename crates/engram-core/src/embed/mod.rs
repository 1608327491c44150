//! The built-in static embedder: one vector per word piece, summed with weights, unit length.
//!
//! Owns: `StaticModel`, loaded from the bytes of a model file (`container`). A text becomes pieces
//! (`tokenizer`, `vocabulary`), the pieces become one exact integer sum (`pooling`), and the sum a
//! unit vector.
//! Invariants: the vector of a text depends on the text and the model only, not on the machine,
//! the thread or the batch; loading checks every byte, so that encoding cannot fail.
//! Limits: the first `PIECES_PER_TEXT_MAX` pieces of a text count; about 0.1 ms for 1,000 words.
//! Made by `tools/static_model`; the Python face is `engram.embed.Static`.

mod classes;
mod container;
mod pooling;
mod tokenizer;
mod vocabulary;

#[cfg(test)]
mod golden;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::error::Result;
use pooling::{Rows, Sum};
use vocabulary::Vocabulary;

/// A static embedding model. Immutable, and cheap to share between threads.
pub struct StaticModel {
    dimension: usize,
    name: String,
    revision: String,
    unknown_weight: u16,
    vocabulary: Vocabulary,
    weights: Vec<u8>,
    levels: Vec<u8>,
}

impl StaticModel {
    /// Reads a model file; damaged bytes give `input.invalid`.
    pub fn from_bytes(bytes: &[u8]) -> Result<StaticModel> {
        let parts = container::parse(bytes)?;
        Ok(StaticModel {
            dimension: parts.dimension,
            name: parts.name,
            revision: parts.revision,
            unknown_weight: parts.unknown_weight,
            vocabulary: parts.vocabulary,
            weights: parts.weights,
            levels: parts.levels,
        })
    }

    /// Length of the vectors.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Digest of the model's content; vectors of different revisions do not mix.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Writes the unit vector of `text`. False, and zeros, where the text holds no piece at all
    /// (empty, white space, control characters).
    ///
    /// # Panics
    /// If `out` is not `dimension` long.
    pub fn encode_into(&self, text: &str, out: &mut [f32]) -> bool {
        self.encode_with(&mut Sum::new(self.dimension), text, out)
    }

    /// Vectors of many texts, row-major: `texts.len() * dimension` values, the same as one by one.
    /// A text without pieces has a row of zeros.
    pub fn encode_batch(&self, texts: &[&str]) -> Vec<f32> {
        let mut sum = Sum::new(self.dimension);
        let mut rows = vec![0.0; texts.len() * self.dimension];
        for (text, row) in texts.iter().zip(rows.chunks_exact_mut(self.dimension)) {
            self.encode_with(&mut sum, text, row);
        }
        rows
    }

    fn encode_with(&self, sum: &mut Sum, text: &str, out: &mut [f32]) -> bool {
        assert_eq!(
            out.len(),
            self.dimension,
            "the output must be one vector long"
        );
        let rows = Rows {
            dimension: self.dimension,
            levels: &self.levels,
            weights: &self.weights,
            unknown_weight: self.unknown_weight,
        };
        tokenizer::split(&self.vocabulary, text, &mut |piece| sum.add(piece));
        sum.finish(rows, out)
    }
}
