//! The lexical retriever: BM25 of every record that holds a word of the query.
//!
//! Statistics count live records only, over all segments and memory, so that a score does not
//! depend on where records lie. Document frequencies are those of the collection, not of the filter.

use super::fuse::top;
use super::plan::Found;
use super::{Doc, Mask};
use crate::bitset::Allowed;
use crate::error::Result;
use crate::index::text::{
    Bm25, Condition, CorpusStats, Phrase, TermCounts, TermScorer, TextIndexReader, TextQuery,
    phrase_frequency,
};
use crate::state::{Collection, Location, SegmentView};
use std::collections::{BTreeMap, BTreeSet};

struct Part<'a> {
    view: &'a SegmentView,
    reader: TextIndexReader<'a>,
    allowed: &'a Allowed,
}

struct Searcher<'a> {
    parts: Vec<Part<'a>>,
    /// Terms of every live record in memory, by id.
    memory: Vec<&'a TermCounts>,
    /// The same for the records that pass the filter, by their index in the mask.
    allowed_memory: Vec<Option<&'a TermCounts>>,
    stats: CorpusStats,
    /// By part and ordinal; 0 where no word of the query was found, since every BM25 score is above.
    scores: Vec<Vec<f32>>,
}

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    query: &TextQuery,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let (scores, records) = score(c, query, mask)?;
    Ok(Found {
        list: top(c, mask, scores, depth)?,
        records,
        exact: true,
        notes: Vec::new(),
    })
}

/// The scores of some records; 0 for one with text that no word of the query is in.
pub(super) fn scores(
    c: &Collection,
    query: &TextQuery,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let (all, _) = score(c, query, mask)?;
    let found: BTreeMap<Doc, f32> = all.into_iter().map(|(s, d)| (d, s)).collect();
    let score = |d: &Doc| {
        let has_text = match d.location(c, mask) {
            Location::Memory(entry) => entry.record.text.is_some(),
            Location::Segment(i, ordinal) => {
                c.segments[i].segment.text_index()?.doc_len(ordinal) > 0
            }
        };
        Ok(has_text.then(|| found.get(d).copied().unwrap_or(0.0)))
    };
    docs.iter().map(score).collect()
}

/// Scores of all candidates, and how many records with text passed the filter.
fn score(c: &Collection, query: &TextQuery, mask: &Mask) -> Result<(Vec<(f32, Doc)>, u64)> {
    let mut parts = Vec::new();
    for (view, allowed) in c.segments.iter().zip(&mask.segments) {
        parts.push(Part {
            view,
            reader: view.segment.text_index()?,
            allowed,
        });
    }
    let memory: Vec<&TermCounts> = c
        .memory
        .values()
        .filter_map(|e| e.terms(&c.analyzer))
        .collect();
    let mut stats = CorpusStats::default();
    parts
        .iter()
        .for_each(|p| stats.add(p.reader.live_stats(&p.view.dead)));
    memory.iter().for_each(|t| stats.add_doc(t.doc_len()));
    let allowed_memory: Vec<Option<&TermCounts>> =
        mask.memory.iter().map(|e| e.terms(&c.analyzer)).collect();
    let in_segments: u64 = parts
        .iter()
        .map(|p| {
            p.allowed
                .ordinals_from(0, p.view.segment.records())
                .filter(|o| p.reader.doc_len(*o) > 0)
                .count() as u64
        })
        .sum();
    let in_memory = allowed_memory
        .iter()
        .flatten()
        .filter(|t| t.doc_len() > 0)
        .count() as u64;
    let records = c.segments.iter().map(|v| v.segment.records() as usize);
    let scores = records
        .chain([mask.memory.len()])
        .map(|n| vec![0.0; n])
        .collect();
    let mut searcher = Searcher {
        parts,
        memory,
        allowed_memory,
        stats,
        scores,
    };
    searcher.run(query)?;
    Ok((searcher.into_candidates(), in_segments + in_memory))
}

impl Searcher<'_> {
    fn run(&mut self, query: &TextQuery) -> Result<()> {
        for term in &query.terms {
            self.add_term(&term.term, term.weight as f32)?;
        }
        for prefix in &query.prefixes {
            for term in self.expand(prefix)? {
                self.add_term(&term, 1.0)?;
            }
        }
        for phrase in &query.preferred {
            self.add_phrase(phrase)?;
        }
        for condition in &query.must {
            let holds = self.docs_of(condition)?;
            self.retain(|doc| holds.contains(&doc));
        }
        for condition in &query.must_not {
            let holds = self.docs_of(condition)?;
            self.retain(|doc| !holds.contains(&doc));
        }
        Ok(())
    }

    fn add(&mut self, doc: Doc, score: f32) {
        self.scores[doc.part as usize][doc.ordinal as usize] += score;
    }

    fn retain(&mut self, keep: impl Fn(Doc) -> bool) {
        for (part, scores) in self.scores.iter_mut().enumerate() {
            for (score, ordinal) in scores.iter_mut().zip(0u32..) {
                if *score > 0.0 && !keep(Doc::new(part, ordinal)) {
                    *score = 0.0;
                }
            }
        }
    }

    fn into_candidates(self) -> Vec<(f32, Doc)> {
        let docs = self
            .scores
            .into_iter()
            .enumerate()
            .flat_map(|(part, scores)| {
                scores
                    .into_iter()
                    .zip(0u32..)
                    .map(move |(score, o)| (score, Doc::new(part, o)))
            });
        docs.filter(|(score, _)| *score > 0.0).collect()
    }

    fn memory_doc(&self, index: usize) -> Doc {
        Doc::new(self.parts.len(), index as u32)
    }

    /// Records in memory that pass the filter and have text.
    fn allowed_in_memory(&self) -> impl Iterator<Item = (Doc, &TermCounts)> {
        let all = self.allowed_memory.iter().enumerate();
        all.filter_map(|(i, t)| Some((self.memory_doc(i), (*t)?)))
    }

    /// Adds the scores of one term.
    fn add_term(&mut self, term: &str, weight: f32) -> Result<()> {
        let mut df = self.memory.iter().filter(|t| t.tf(term) > 0).count() as u64;
        for p in &self.parts {
            if let Some(info) = p.reader.lookup(term)? {
                df += u64::from(p.reader.live_df(info, &p.view.dead)?);
            }
        }
        let scorer = TermScorer::new(Bm25::default(), self.stats, df, weight);
        let mut found = Vec::new();
        for (i, p) in self.parts.iter().enumerate() {
            let Some(mut postings) = p.reader.postings(term)? else {
                continue;
            };
            while let Some(posting) = postings.next()? {
                if p.allowed.contains(posting.ordinal) {
                    let len = p.reader.doc_len(posting.ordinal);
                    found.push((Doc::new(i, posting.ordinal), scorer.score(posting.tf, len)));
                }
            }
        }
        for (doc, t) in self.allowed_in_memory().filter(|(_, t)| t.tf(term) > 0) {
            found.push((doc, scorer.score(t.tf(term), t.doc_len())));
        }
        found
            .into_iter()
            .for_each(|(doc, score)| self.add(doc, score));
        Ok(())
    }

    /// Every term that begins with `prefix`.
    fn expand(&self, prefix: &str) -> Result<BTreeSet<String>> {
        let mut out = BTreeSet::new();
        for p in &self.parts {
            for found in p.reader.terms_from(prefix)? {
                let (term, _) = found?;
                if !term.starts_with(prefix) {
                    break;
                }
                out.insert(term);
            }
        }
        for t in &self.memory {
            out.extend(t.starting_with(prefix).map(|found| found.term.to_owned()));
        }
        Ok(out)
    }

    /// Raises records that hold a phrase, as if the phrase were one more term.
    fn add_phrase(&mut self, phrase: &Phrase) -> Result<()> {
        let everywhere = self.phrase_docs(phrase, false)?;
        let scorer = TermScorer::new(Bm25::default(), self.stats, everywhere.len() as u64, 1.0);
        for (doc, frequency) in self.phrase_docs(phrase, true)? {
            let score = scorer.score(frequency, self.doc_len(doc));
            self.add(doc, score);
        }
        Ok(())
    }

    fn doc_len(&self, doc: Doc) -> u32 {
        match self.parts.get(doc.part as usize) {
            Some(p) => p.reader.doc_len(doc.ordinal),
            None => self.allowed_memory[doc.ordinal as usize].map_or(0, TermCounts::doc_len),
        }
    }

    /// Live records that hold a phrase, and how often: all of them, or those the filter allows.
    /// Memory records are numbered by the mask where `allowed`, else by id.
    fn phrase_docs(&self, phrase: &Phrase, allowed: bool) -> Result<BTreeMap<Doc, u32>> {
        let mut out = BTreeMap::new();
        for (i, p) in self.parts.iter().enumerate() {
            let live = p.view.alive();
            let within = if allowed { p.allowed } else { &live };
            for (ordinal, frequency) in phrase_in_segment(&p.reader, phrase, within)? {
                out.insert(Doc::new(i, ordinal), frequency);
            }
        }
        let all = self
            .memory
            .iter()
            .enumerate()
            .map(|(i, t)| (self.memory_doc(i), *t));
        let memory: Vec<(Doc, &TermCounts)> = if allowed {
            self.allowed_in_memory().collect()
        } else {
            all.collect()
        };
        for (doc, t) in memory {
            let lists: Vec<(&[u32], u32)> = phrase
                .terms
                .iter()
                .map(|(term, at)| (t.positions(term), *at))
                .collect();
            let frequency = phrase_frequency(&lists);
            if frequency > 0 {
                out.insert(doc, frequency);
            }
        }
        Ok(out)
    }

    /// The allowed records for which a condition holds.
    fn docs_of(&self, condition: &Condition) -> Result<BTreeSet<Doc>> {
        match condition {
            Condition::Phrase(phrase) => Ok(self.phrase_docs(phrase, true)?.into_keys().collect()),
            Condition::Term(term) => self.docs_with(term),
            Condition::Prefix(prefix) => {
                let mut out = BTreeSet::new();
                for term in self.expand(prefix)? {
                    out.append(&mut self.docs_with(&term)?);
                }
                Ok(out)
            }
        }
    }

    fn docs_with(&self, term: &str) -> Result<BTreeSet<Doc>> {
        let mut out = BTreeSet::new();
        for (i, p) in self.parts.iter().enumerate() {
            let Some(mut postings) = p.reader.postings(term)? else {
                continue;
            };
            while let Some(posting) = postings.next()? {
                if p.allowed.contains(posting.ordinal) {
                    out.insert(Doc::new(i, posting.ordinal));
                }
            }
        }
        let memory = self.allowed_in_memory().filter(|(_, t)| t.tf(term) > 0);
        out.extend(memory.map(|(doc, _)| doc));
        Ok(out)
    }
}

/// Frequencies of a phrase in the records of a segment, within a set of ordinals.
fn phrase_in_segment(
    reader: &TextIndexReader<'_>,
    phrase: &Phrase,
    within: &Allowed,
) -> Result<Vec<(u32, u32)>> {
    let mut cursors = Vec::new();
    for (term, distance) in &phrase.terms {
        match reader.postings(term)? {
            Some(postings) => cursors.push((postings, *distance, Vec::new())),
            None => return Ok(Vec::new()),
        }
    }
    let mut out = Vec::new();
    let Some((first, rest)) = cursors.split_first_mut() else {
        return Ok(out);
    };
    'docs: while let Some(posting) = first.0.next()? {
        if !within.contains(posting.ordinal) {
            continue;
        }
        for (postings, _, positions) in rest.iter_mut() {
            match postings.seek(posting.ordinal)? {
                Some(found) if found.ordinal == posting.ordinal => {
                    positions.clear();
                    postings.positions(positions)?;
                }
                Some(_) => continue 'docs,
                None => return Ok(out),
            }
        }
        first.2.clear();
        first.0.positions(&mut first.2)?;
        let lists: Vec<(&[u32], u32)> = std::iter::once((first.2.as_slice(), first.1))
            .chain(
                rest.iter()
                    .map(|(_, distance, positions)| (positions.as_slice(), *distance)),
            )
            .collect();
        let frequency = phrase_frequency(&lists);
        if frequency > 0 {
            out.push((posting.ordinal, frequency));
        }
    }
    Ok(out)
}
