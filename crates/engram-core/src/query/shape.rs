//! What becomes of a ranked list before it is handed out: thresholds, cut-off, diversity, groups.

use super::fuse::Candidate;
use super::request::{Cutoff, Group};
use super::{Doc, Mask};
use crate::error::Result;
use crate::format::record::Metric;
use crate::kernel;
use crate::segment::inverse_norm;
use crate::state::{Collection, Location};
use crate::value::Value;
use std::collections::BTreeMap;

/// How good a score is on a scale from 0 up, on which shares make sense: distances are turned over.
fn goodness(score: f32, distances: bool) -> f32 {
    if distances {
        1.0 / (1.0 - score)
    } else {
        score
    }
}

/// Leaves out what is below the threshold or behind the cut-off. `distances`: scores are negative
/// distances.
pub(super) fn cut(
    list: &mut Vec<Candidate>,
    min_score: Option<f32>,
    cutoff: Cutoff,
    distances: bool,
) {
    if let Some(least) = min_score {
        list.retain(|x| x.score >= least);
    }
    let good = |x: &Candidate| goodness(x.score, distances);
    let keep = match (cutoff, list.first()) {
        (Cutoff::Relative(share), Some(best)) => {
            let bar = good(best) * share;
            list.iter().take_while(|x| good(x) >= bar).count()
        }
        (Cutoff::Elbow, Some(_)) => elbow(&list.iter().map(good).collect::<Vec<_>>()),
        _ => list.len(),
    };
    list.truncate(keep);
}

/// How many of falling scores come before the elbow; all of them where they fall on a line.
fn elbow(scores: &[f32]) -> usize {
    let (Some(first), Some(last)) = (scores.first(), scores.last()) else {
        return 0;
    };
    let (n, fall) = (scores.len(), first - last);
    if n < 3 || fall <= 0.0 {
        return n;
    }
    let below = |(i, s): (usize, &f32)| {
        let line = 1.0 - i as f32 / (n - 1) as f32;
        (line - (s - last) / fall, i)
    };
    let farthest = scores.iter().enumerate().map(below);
    let (distance, i) = farthest.fold((0.0, n), |best, x| if x.0 > best.0 { x } else { best });
    // A bend of less than a twentieth is no elbow.
    if distance < 0.05 { n } else { i.max(1) }
}

/// Orders by maximal marginal relevance: each place goes to the candidate with the best mix of its
/// own score (stretched to 0..1) and its distance from those already placed, by the cosine of their
/// vectors in `space`. What has no vector is taken as unlike everything.
pub(super) fn diversify(
    c: &Collection,
    mask: &Mask,
    list: &mut Vec<Candidate>,
    space: u16,
    diversity: f32,
    places: usize,
) -> Result<()> {
    let (Some(best), Some(worst)) = (list.first(), list.last()) else {
        return Ok(());
    };
    let (low, span) = (
        worst.score,
        (best.score - worst.score).max(f32::MIN_POSITIVE),
    );
    let vectors: Vec<Option<Vec<f32>>> = list
        .iter()
        .map(|x| unit_vector(c, mask, x.doc, space))
        .collect::<Result<_>>()?;
    let mut nearest = vec![0f32; list.len()];
    let mut rest: Vec<usize> = (0..list.len()).collect();
    let mut order = Vec::with_capacity(list.len());
    while order.len() < places.min(list.len()) {
        let value =
            |i: usize| (1.0 - diversity) * ((list[i].score - low) / span) - diversity * nearest[i];
        // The first of equals wins, which is the better one by score and id.
        let next = (1..rest.len()).fold(0, |best, j| {
            if value(rest[j]) > value(rest[best]) {
                j
            } else {
                best
            }
        });
        let chosen = rest.remove(next);
        order.push(chosen);
        for i in &rest {
            if let (Some(a), Some(b)) = (&vectors[chosen], &vectors[*i]) {
                nearest[*i] = nearest[*i].max(kernel::dot(a, b));
            }
        }
    }
    order.extend(rest);
    *list = order.into_iter().map(|i| list[i].clone()).collect();
    Ok(())
}

fn unit_vector(c: &Collection, mask: &Mask, doc: Doc, space: u16) -> Result<Option<Vec<f32>>> {
    let mut vector = match doc.location(c, mask) {
        Location::Memory(entry) => entry.record.vector(space).map(<[f32]>::to_vec),
        Location::Segment(i, ordinal) => c.segments[i]
            .segment
            .embedding(space, ordinal)?
            .and_then(|e| e.as_dense().map(<[f32]>::to_vec)),
    };
    if let Some(v) = &mut vector {
        let inverse = inverse_norm(v);
        v.iter_mut().for_each(|x| *x *= inverse);
    }
    Ok(vector)
}

/// Keeps the first `size` of each group, until `places` are filled, and tells whether the list was
/// looked through to its end.
pub(super) fn group(
    c: &Collection,
    mask: &Mask,
    list: &mut Vec<Candidate>,
    by: Group<'_>,
    places: usize,
) -> Result<()> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for x in std::mem::take(list) {
        if kept.len() >= places {
            break;
        }
        let value = field(c, mask, x.doc, by.path)?;
        let size = value.map_or(0, |value| {
            let count = seen.entry(value).or_default();
            *count += 1;
            *count
        });
        if size <= by.size {
            kept.push(x);
        }
    }
    *list = kept;
    Ok(())
}

/// The value of a field, in a form that is equal where the values are.
fn field(c: &Collection, mask: &Mask, doc: Doc, path: &str) -> Result<Option<String>> {
    let find = |metadata: &Value| {
        let mut value = metadata;
        for key in path.split('.') {
            value = value.get(key)?;
        }
        (*value != Value::Null).then(|| format!("{value:?}"))
    };
    Ok(match doc.location(c, mask) {
        Location::Memory(entry) => find(&entry.record.metadata),
        Location::Segment(i, ordinal) => find(&c.segments[i].segment.meta(ordinal)?.metadata),
    })
}

/// Whether scores of a collection's dense retriever are negative distances.
pub(super) fn are_distances(metric: Metric) -> bool {
    metric == Metric::L2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(scores: &[f32]) -> Vec<Candidate> {
        let one = |(i, score): (usize, &f32)| Candidate {
            doc: Doc::new(0, i as u32),
            score: *score,
            scores: Vec::new(),
            stretched: Vec::new(),
        };
        scores.iter().enumerate().map(one).collect()
    }

    fn kept(scores: &[f32], min_score: Option<f32>, cutoff: Cutoff, distances: bool) -> usize {
        let mut list = list(scores);
        cut(&mut list, min_score, cutoff, distances);
        list.len()
    }

    #[test]
    fn thresholds_and_cut_offs() {
        let scores = [0.9, 0.85, 0.8, 0.2, 0.15, 0.1];
        assert_eq!(kept(&scores, None, Cutoff::None, false), 6);
        assert_eq!(kept(&scores, Some(0.2), Cutoff::None, false), 4);
        assert_eq!(kept(&scores, None, Cutoff::Relative(0.5), false), 3);
        assert_eq!(kept(&scores, None, Cutoff::Elbow, false), 3);
        assert_eq!(
            kept(&[0.9, 0.6, 0.3], None, Cutoff::Elbow, false),
            3,
            "a line has no elbow"
        );
        assert_eq!(kept(&[0.5; 4], None, Cutoff::Elbow, false), 4);
        assert_eq!(kept(&[], None, Cutoff::Elbow, false), 0);
        // Distances 0.1, 0.2 and 9: half as good as the best ends before the last.
        assert_eq!(
            kept(&[-0.1, -0.2, -9.0], None, Cutoff::Relative(0.5), true),
            2
        );
    }
}
