//! Similarity of whole vectors to a query's, the same arithmetic wherever a vector lies.

use super::Dense;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::record::Metric;
use crate::format::space::{Kind, Space};
use crate::kernel;
use crate::segment::{Plane, Segment, Vectors, inverse_norm};
use crate::state::Collection;

/// A query vector that fits its space.
pub(super) struct Target<'a> {
    space: u16,
    metric: Metric,
    query: &'a [f32],
    inverse: f32,
}

impl<'a> Target<'a> {
    /// Checks what is wanted against the collection; none where that is empty yet.
    pub(super) fn resolve(c: &Collection, wanted: &Dense<'a>) -> Result<Option<Target<'a>>> {
        checks::vector(wanted.space, wanted.vector, c.metric)?;
        checks::recall(wanted.recall)?;
        let Some((index, space)) = space_of(c, wanted.space, wanted.identity, Kind::Dense)? else {
            return Ok(None);
        };
        let mut query = wanted.vector;
        if space.truncate && query.len() > space.dimension as usize {
            query = &query[..space.dimension as usize];
            checks::vector(wanted.space, query, c.metric)?;
        }
        checks::dimension(wanted.space, space.dimension, query.len())?;
        Ok(Some(Target {
            space: index,
            metric: c.metric,
            query,
            inverse: inverse_norm(query),
        }))
    }

    /// Index of the space.
    pub(super) fn space(&self) -> u16 {
        self.space
    }

    /// The vector, as long as those of the space.
    pub(super) fn query(&self) -> &'a [f32] {
        self.query
    }

    /// The vectors of a segment to compare with.
    pub(super) fn vectors_of<'s>(&self, segment: &'s Segment) -> Result<Option<Vectors<'s>>> {
        let vectors = segment.dense(self.space)?;
        if vectors.is_some_and(|v| v.dimension() != self.query.len()) {
            let message = "a vector plane has another dimension than its space";
            return Err(Error::new(Code::CorruptSegment, message));
        }
        Ok(vectors)
    }

    /// The score of one vector.
    pub(super) fn score(&self, vector: &[f32]) -> f32 {
        match self.metric {
            Metric::Cosine => {
                kernel::dot(self.query, vector) * (self.inverse * inverse_norm(vector))
            }
            Metric::Dot => kernel::dot(self.query, vector),
            Metric::L2 => -kernel::l2_squared(self.query, vector).sqrt(),
        }
    }

    /// Replaces `out` by the scores of all rows.
    pub(super) fn all_scores(&self, plane: &Plane<'_>, out: &mut Vec<f32>) {
        match self.metric {
            Metric::L2 => kernel::l2_squared_each(self.query, plane.data, plane.dimension, out),
            _ => kernel::dot_each(self.query, plane.data, plane.dimension, out),
        }
        self.finish(out, plane.inverse_norms.iter().copied());
    }

    /// Replaces `out` by the scores of some rows.
    pub(super) fn scores_of(&self, plane: &Plane<'_>, numbers: &[u32], out: &mut Vec<f32>) {
        let (rows, dimension) = (plane.data, plane.dimension);
        match self.metric {
            Metric::L2 => kernel::l2_squared_rows(self.query, rows, dimension, numbers, out),
            _ => kernel::dot_rows(self.query, rows, dimension, numbers, out),
        }
        self.finish(
            out,
            numbers.iter().map(|j| plane.inverse_norms[*j as usize]),
        );
    }

    /// Products and squared distances to scores.
    fn finish(&self, out: &mut [f32], inverse_norms: impl Iterator<Item = f32>) {
        match self.metric {
            Metric::Dot => {}
            Metric::L2 => out.iter_mut().for_each(|x| *x = -x.sqrt()),
            Metric::Cosine => {
                for (x, inverse) in out.iter_mut().zip(inverse_norms) {
                    *x *= self.inverse * inverse;
                }
            }
        }
    }
}

/// The space of that name and its index, where what is wanted of `kind` and made by `identity` can be
/// compared with what is in it; none where the collection is empty yet.
pub(super) fn space_of<'c>(
    c: &'c Collection,
    name: &str,
    identity: Option<&str>,
    kind: Kind,
) -> Result<Option<(u16, &'c Space)>> {
    let Some(index) = c.space(name) else {
        if !c.spaces.iter().any(Space::is_shown) && c.live() == 0 {
            return Ok(None);
        }
        return Err(unknown_space(c, name));
    };
    let space = &c.spaces[usize::from(index)];
    if identity.is_some() {
        checks::identity(name, space.identity.as_deref(), identity)?;
    }
    checks::kind(space, kind)?;
    Ok(Some((index, space)))
}

pub(super) fn unknown_space(c: &Collection, name: &str) -> Error {
    let shown = c.spaces.iter().filter(|s| s.is_shown());
    let known: Vec<&str> = shown.map(|s| s.name.as_str()).collect();
    let message = format!("collection {:?} has no vector space {name:?}", c.name);
    let error = Error::new(Code::InputInvalid, message);
    match known.is_empty() {
        true => error.hint("none of its records has a vector"),
        false => error.hint(format!("there are: {}", known.join(", "))),
    }
}
