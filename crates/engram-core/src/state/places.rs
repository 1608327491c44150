//! Where the terms that queries asked for stand in the dictionaries of a collection's segments.
//!
//! Owns: a bounded memory of lookups, shared by the states of a collection. Most words of a question are
//! in many questions, and a lookup in each of some twenty dictionaries is a fifth of a query. Invariant:
//! what is remembered is of the very segments that it is asked for, known by id and checksum. Costs about 30 bytes a term and segment.

use super::SegmentView;
use crate::index::text::{TermHasher, TermInfo};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

/// Terms that are remembered; then all are forgotten.
const MAX_TERMS: usize = 2048;
/// Bytes of a term from which it is not remembered.
const MAX_BYTES: usize = 64;

/// What the dictionary of each segment has of a term.
pub type InSegments = Arc<[Option<TermInfo>]>;

/// The lookups of one collection.
#[derive(Default)]
pub struct TermPlaces {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The segments that it is about.
    segments: Vec<(u64, u32)>,
    terms: HashMap<Box<str>, InSegments, BuildHasherDefault<TermHasher>>,
}

fn name(view: &SegmentView) -> (u64, u32) {
    (view.at.id, view.at.footer_crc)
}

impl Known {
    fn is_of(&self, segments: &[SegmentView]) -> bool {
        self.segments.iter().copied().eq(segments.iter().map(name))
    }
}

impl TermPlaces {
    /// What is remembered of some terms.
    pub fn get<'t>(
        &self,
        segments: &[SegmentView],
        terms: impl Iterator<Item = &'t str>,
    ) -> Vec<Option<InSegments>> {
        let known = self.known.lock();
        match known.is_of(segments) {
            true => terms.map(|term| known.terms.get(term).cloned()).collect(),
            false => terms.map(|_| None).collect(),
        }
    }

    /// Remembers what lookups gave.
    pub fn add<'t>(
        &self,
        segments: &[SegmentView],
        found: impl Iterator<Item = (&'t str, InSegments)>,
    ) {
        let mut known = self.known.lock();
        if !known.is_of(segments) {
            known.terms.clear();
            known.segments = segments.iter().map(name).collect();
        }
        for (term, places) in found.filter(|(term, _)| term.len() < MAX_BYTES) {
            if known.terms.len() >= MAX_TERMS {
                known.terms.clear();
            }
            known.terms.insert(term.into(), places);
        }
    }
}
