//! The best documents so far, and the score that a further one must reach.
//!
//! Invariant: every document that was offered and scores no less than the k-th best of all offered is
//! kept, ties included, since ids decide among those in the end.

use super::super::Doc;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Kept beyond twice the wanted number before those below the bar are dropped.
const SPARE: usize = 1024;

pub(super) struct Best {
    k: usize,
    /// Bits of the k best scores: positive floats sort as their bits do.
    top: BinaryHeap<Reverse<u32>>,
    found: Vec<(f32, Doc)>,
    /// Length of `found` at which it is thinned out next.
    thin_at: usize,
}

impl Best {
    pub(super) fn new(k: usize) -> Self {
        Best {
            k,
            top: BinaryHeap::with_capacity(k.min(1 << 16) + 1),
            found: Vec::new(),
            thin_at: k.saturating_mul(2) + SPARE,
        }
    }

    pub(super) fn k(&self) -> usize {
        self.k
    }

    /// The k-th best score; 0 while there are fewer.
    #[inline]
    pub(super) fn bar(&self) -> f32 {
        match self.top.peek() {
            Some(Reverse(bits)) if self.top.len() >= self.k => f32::from_bits(*bits),
            _ => 0.0,
        }
    }

    /// Offers a document with a score above 0.
    #[inline]
    pub(super) fn offer(&mut self, score: f32, doc: Doc) {
        let bar = self.bar();
        if score < bar || score <= 0.0 {
            return;
        }
        if self.top.len() < self.k {
            self.top.push(Reverse(score.to_bits()));
        } else if score > bar
            && let Some(mut least) = self.top.peek_mut()
        {
            *least = Reverse(score.to_bits());
        }
        self.found.push((score, doc));
        if self.found.len() >= self.thin_at {
            self.thin();
            // Ties can leave all of them: then the next time is later.
            self.thin_at = self.found.len() * 2 + SPARE;
        }
    }

    fn thin(&mut self) {
        let bar = self.bar();
        self.found.retain(|(score, _)| *score >= bar);
    }

    /// The documents that can be among the k best, in no order.
    pub(super) fn into_found(mut self) -> Vec<(f32, Doc)> {
        self.thin();
        self.found
    }
}
