//! What a search by token vectors compares with.

use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::record::Metric;
use crate::format::space::{Embedding, Kind};
use crate::index::multi::TokenQuery;
use crate::query::Multi;
use crate::query::similarity::space_of;
use crate::segment::{MultiVectors, Segment};
use crate::state::Collection;

/// A query that fits its space.
pub(super) struct Target {
    pub(super) space: u16,
    pub(super) query: TokenQuery,
}

impl Target {
    /// Checks what is wanted against the collection; none where that is empty yet.
    pub(super) fn resolve(c: &Collection, wanted: &Multi<'_>) -> Result<Option<Target>> {
        let mut embedding = Embedding::Multi(wanted.tokens.clone());
        checks::embedding(wanted.space, &embedding, c.metric)?;
        checks::recall(wanted.recall)?;
        let Some((index, space)) = space_of(c, wanted.space, wanted.identity, Kind::Multi)? else {
            return Ok(None);
        };
        if space.truncate {
            embedding.truncate(space.dimension);
            checks::embedding(wanted.space, &embedding, c.metric)?;
        }
        let dimension = embedding.dimension() as usize;
        checks::dimension(wanted.space, space.dimension, dimension)?;
        let Embedding::Multi(tokens) = embedding else {
            return Ok(None);
        };
        Ok(Some(Target {
            space: index,
            query: TokenQuery::new(&tokens.data, dimension, c.metric == Metric::Cosine),
        }))
    }

    /// The token vectors of a segment, to compare with.
    pub(super) fn vectors_of<'s>(&self, segment: &'s Segment) -> Result<Option<MultiVectors<'s>>> {
        let vectors = segment.multi(self.space)?;
        if vectors.is_some_and(|v| v.dimension() != self.query.dimension()) {
            let message = "token vectors have another dimension than their space";
            return Err(Error::new(Code::CorruptSegment, message));
        }
        Ok(vectors)
    }

    /// The exact score of a record in memory.
    pub(super) fn score_embedding(&self, embedding: &Embedding) -> Option<f32> {
        match embedding {
            Embedding::Multi(m) => Some(self.query.score_of(&m.data)),
            _ => None,
        }
    }
}
