//! The best scores so far.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A row: its part, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Index of the part.
    pub part: u32,
    /// Row of the part.
    pub row: u32,
}

#[derive(Clone, Copy, PartialEq)]
struct Score(f32);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Keeps the best `k` of the scores it is offered, and all that tie with the last of them: which of
/// those come first is for their ids to say.
pub struct Best {
    k: usize,
    /// The best `k` scores, the least on top.
    scores: BinaryHeap<Reverse<Score>>,
    found: Vec<(f32, At)>,
}

impl Best {
    /// Nothing yet; `k` is 1 at least.
    #[must_use]
    pub fn new(k: usize) -> Best {
        Best {
            k,
            scores: BinaryHeap::new(),
            found: Vec::new(),
        }
    }

    /// How many are wanted.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// What a score must reach to matter: the k-th best, negative infinity before there are k.
    #[must_use]
    #[inline]
    pub fn bar(&self) -> f32 {
        match self.scores.peek() {
            Some(Reverse(least)) if self.scores.len() == self.k => least.0,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Takes a score into account.
    #[inline]
    pub fn offer(&mut self, score: f32, at: At) {
        if Score(score) < Score(self.bar()) {
            return;
        }
        self.found.push((score, at));
        if self.scores.len() == self.k {
            self.scores.pop();
        }
        self.scores.push(Reverse(Score(score)));
        if self.found.len() > self.k.saturating_mul(4).max(256) {
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        let bar = Score(self.bar());
        self.found.retain(|(score, _)| Score(*score) >= bar);
    }

    /// The best `k` and what ties with the last of them, in no order.
    #[must_use]
    pub fn into_found(mut self) -> Vec<(f32, At)> {
        self.tidy();
        self.found
    }
}
