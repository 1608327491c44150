//! Answers a query: filter, retrievers over what it leaves, fusion, shaping, one page.
//!
//! Cheap parts go first and hand their bitmaps on. Each step leaves a line in the report.

use super::facets::facets;
use super::fuse::{self, Candidate, Ranked};
use super::graph::neighbourhood;
use super::request::{Dense, Fusion, Hit, Multi, Ran, Report, Request, Retriever, Sparse, Wanted};
use super::steps::Steps;
use super::{Doc, Mask, dense, hop, lexical, multi, shape, sparse, vectors};
use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_K;
use crate::segment::inverse_norm;
use crate::state::Collection;

/// Candidates of each retriever for `k` hits, where several are fused or the list is shaped. More
/// change the ranking by nothing that can be measured once each candidate has all its scores
/// (`docs/explanation/quality.md`); reciprocal ranks need more, for they have nothing else.
fn pool(k: usize, fusion: Fusion, shaped: bool) -> usize {
    match (fusion, shaped) {
        (Fusion::Convex, false) => k.saturating_add(20).max(30),
        _ => k.saturating_mul(4).max(100),
    }
}

/// How many hits feedback learns from.
const FEEDBACK_HITS: usize = 3;

/// What one retriever found.
pub(super) struct Found {
    /// The best, at most as many as asked for.
    pub(super) list: Ranked,
    /// Records that passed the filter and have what it compares.
    pub(super) records: u64,
    /// Whether these are the true best.
    pub(super) exact: bool,
    /// How it went about it.
    pub(super) notes: Vec<(&'static str, String)>,
}

impl Found {
    /// What is found where there is nothing to look in.
    pub(super) fn nothing() -> Found {
        Found {
            list: Vec::new(),
            records: 0,
            exact: true,
            notes: Vec::new(),
        }
    }
}

/// A retriever whose query is understood.
pub(super) enum Ready<'a> {
    Lexical(Box<lexical::Search<'a>>),
    Dense(Dense<'a>, Option<Vec<f32>>),
    Sparse(Sparse<'a>),
    Multi(Multi<'a>),
}

/// Answers a query.
pub fn run(c: &Collection, request: &Request<'_>) -> Result<(Vec<Hit>, Report)> {
    check(request)?;
    let mut steps = Steps::new(c);
    let mask = select(c, request, &mut steps)?;
    steps.report.matched = mask.len();
    let depth = depth(request);
    let alone = request.retrievers.len() == 1;
    let mut found = Vec::new();
    let mut ready = Vec::new();
    for r in &request.retrievers {
        let mut query = understand(c, &mask, r, alone)?;
        let mut one = search(c, &mask, &mut query, depth)?;
        if request.feedback > 0.0 && matches!(query, Ready::Dense(..)) {
            steps.done(r.name, one.list.len() as u64);
            if learn(c, &mask, &mut query, &one.list, request.feedback)? {
                one = search(c, &mask, &mut query, depth)?;
            }
        }
        if let Some(least) = r.min_score {
            one.list.retain(|(score, _)| *score >= least);
        }
        steps.done(r.name, one.list.len() as u64);
        found.push(one);
        ready.push(query);
    }
    conclude(c, request, &mask, steps, found, ready)
}

/// How many candidates each retriever is asked for.
pub(super) fn depth(request: &Request<'_>) -> usize {
    let wanted = request.offset + request.k;
    let alone = request.retrievers.len() == 1;
    match (request.candidates, alone && !is_shaped(request)) {
        (Some(n), _) => n.max(1),
        // One more tells whether a next page exists.
        (None, true) => wanted + 1,
        (None, false) => pool(wanted, request.fusion, is_shaped(request)),
    }
}

fn is_shaped(request: &Request<'_>) -> bool {
    request.diversity.is_some() || request.group.is_some()
}

/// Counts, fuses, shapes, and cuts the page out of what the retrievers found.
pub(super) fn conclude(
    c: &Collection,
    request: &Request<'_>,
    mask: &Mask,
    mut steps: Steps,
    found: Vec<Found>,
    mut ready: Vec<Ready<'_>>,
) -> Result<(Vec<Hit>, Report)> {
    let (depth, wanted) = (depth(request), request.offset + request.k);
    if request.candidates.is_some() || request.retrievers.len() > 1 || is_shaped(request) {
        steps.report.candidates = depth;
    }
    if let Some(wanted) = &request.facets {
        let counted = match ready.as_mut_slice() {
            [Ready::Lexical(search)] => Some(lexical::matching(c, search, mask)?),
            _ => None,
        };
        let counted = counted.as_ref().unwrap_or(mask);
        let missing = request.ignore_missing;
        steps.report.facets = facets(c, counted, wanted.paths, wanted.limit, missing)?;
        steps.done("facets", counted.len());
    }
    let full = found.iter().any(|f| f.list.len() >= depth);
    let (mut list, weights) = join(c, mask, request, &found, &mut ready)?;
    steps.done("fuse", list.len() as u64);
    if request.hop > 0.0 {
        let gained = hop::pass_on(c, mask, request.hop, &mut list)?;
        steps.done("hop", gained);
    }
    let ended = shape_list(c, mask, request, &mut list, wanted)?;
    steps.report.more = list.len() > wanted;
    let short = list.len() <= wanted && list.len() < mask.len() as usize;
    steps.report.cut_short = full && short && !ended;
    list.truncate(wanted);
    let hits = list.drain(request.offset.min(list.len())..).map(|x| {
        Ok(Hit {
            id: mask.id(c, x.doc)?.to_owned(),
            at: x.doc.location(c, mask),
            score: x.score,
            scores: x.scores,
        })
    });
    let hits: Vec<Hit> = hits.collect::<Result<_>>()?;
    steps.done("shape", hits.len() as u64);
    let ran = request.retrievers.iter().zip(found).zip(weights);
    steps.report.retrievers = ran
        .map(|((r, f), weight)| Ran {
            name: r.name.to_owned(),
            records: f.records,
            found: f.list.len(),
            exact: f.exact,
            weight,
            notes: f.notes,
        })
        .collect();
    Ok((hits, steps.report))
}

/// The records that pass the filter and are near enough.
pub(super) fn select(c: &Collection, request: &Request<'_>, steps: &mut Steps) -> Result<Mask> {
    let mut mask = match request.filter {
        Some(text) if request.explain => {
            let filter = super::parse_filter(c, text, request.ignore_missing)?;
            let (mask, tests) = Mask::explained(c, &filter)?;
            for test in tests {
                let name = format!("{} [{}]", test.predicate, test.method.name());
                let us = test.took.as_micros() as u64;
                steps.report.steps.push((name, test.kept, us));
            }
            mask
        }
        filter => super::select(c, filter, request.ignore_missing)?,
    };
    steps.done("filter", mask.len());
    if let Some(near) = &request.near {
        let starts: Vec<&str> = near.starts.iter().map(String::as_str).collect();
        mask.keep(neighbourhood(c, &starts, near.hops, &near.scope)?, c);
        steps.done("near", mask.len());
    }
    Ok(mask)
}

pub(super) fn check(request: &Request<'_>) -> Result<()> {
    let wrong = |message: String| Err(Error::new(Code::InputInvalid, message));
    let most = request.k.saturating_add(request.offset);
    if request.k == 0 || most > MAX_K {
        return wrong(format!("k is {}, it must be from 1 to {MAX_K}", request.k));
    }
    if request
        .candidates
        .is_some_and(|n| n < request.k || n > MAX_K)
    {
        return wrong(format!(
            "candidates must be from {} (the hits asked for) to {MAX_K}",
            request.k
        ));
    }
    if request.retrievers.is_empty() {
        return Err(Error::new(
            Code::QueryEmpty,
            "the query has nothing to look for",
        ));
    }
    let weights = || request.retrievers.iter().filter_map(|r| r.weight);
    if weights().any(|w| !w.is_finite() || w < 0.0)
        || (weights().count() == request.retrievers.len() && weights().all(|w| w == 0.0))
    {
        return wrong("weights must be 0 or more, and one of them above 0".to_owned());
    }
    if request.diversity.is_some_and(|d| !(0.0..=1.0).contains(&d)) {
        return wrong("diversity must be from 0 to 1".to_owned());
    }
    if request.group.is_some_and(|g| g.size == 0) {
        return wrong("a group must have room for one hit at least".to_owned());
    }
    if !(0.0..=1.0).contains(&request.feedback) || !(0.0..=1.0).contains(&request.hop) {
        return wrong("feedback and hop must be from 0 to 1".to_owned());
    }
    Ok(())
}

fn understand<'a>(
    c: &'a Collection,
    mask: &'a Mask,
    r: &Retriever<'a>,
    alone: bool,
) -> Result<Ready<'a>> {
    match r.wanted {
        Wanted::Lexical(text) => {
            let query = lexical::parse(c, text)?;
            if query.is_empty() && alone {
                let message = "no word of the query can be searched for";
                return Err(
                    Error::new(Code::QueryEmpty, message).hint("give at least one letter or digit")
                );
            }
            let search = lexical::Search::new(c, &query, mask)?;
            Ok(Ready::Lexical(Box::new(search)))
        }
        Wanted::Dense(wanted) => Ok(Ready::Dense(wanted, None)),
        Wanted::Sparse(wanted) => Ok(Ready::Sparse(wanted)),
        Wanted::Multi(wanted) => Ok(Ready::Multi(wanted)),
    }
}

fn search(c: &Collection, mask: &Mask, query: &mut Ready<'_>, depth: usize) -> Result<Found> {
    match query {
        Ready::Lexical(search) => lexical::best(c, search, mask, depth),
        Ready::Dense(wanted, moved) => dense::search(c, &moved_to(wanted, moved), mask, depth),
        Ready::Sparse(wanted) => sparse::search(c, wanted, mask, depth),
        Ready::Multi(wanted) => multi::search(c, wanted, mask, depth),
    }
}

fn moved_to<'a>(wanted: &Dense<'a>, moved: &'a Option<Vec<f32>>) -> Dense<'a> {
    Dense {
        vector: moved.as_deref().unwrap_or(wanted.vector),
        ..*wanted
    }
}

/// Moves a dense query toward its first hits (Rocchio's feedback, without negatives).
fn learn(
    c: &Collection,
    mask: &Mask,
    query: &mut Ready<'_>,
    list: &Ranked,
    share: f32,
) -> Result<bool> {
    let Ready::Dense(wanted, moved) = query else {
        return Ok(false);
    };
    let first: Vec<Doc> = list.iter().take(FEEDBACK_HITS).map(|(_, d)| *d).collect();
    let vectors = vectors::vectors_of(c, mask, wanted.space, &first)?;
    if vectors.is_empty() {
        return Ok(false);
    }
    let unit = |v: &[f32]| {
        let inverse = inverse_norm(v);
        v.iter().map(|x| x * inverse).collect::<Vec<f32>>()
    };
    let mut target = unit(wanted.vector);
    target.iter_mut().for_each(|t| *t *= 1.0 - share);
    for vector in &vectors {
        let step = share / vectors.len() as f32;
        target
            .iter_mut()
            .zip(unit(vector))
            .for_each(|(t, x)| *t += x * step);
    }
    // Under dot and L2 lengths count: the query keeps its own.
    let length = 1.0 / inverse_norm(wanted.vector).max(f32::MIN_POSITIVE);
    *moved = Some(unit(&target).iter().map(|x| x * length).collect());
    Ok(true)
}

/// One ranked list of all candidates.
fn join(
    c: &Collection,
    mask: &Mask,
    request: &Request<'_>,
    found: &[Found],
    ready: &mut [Ready<'_>],
) -> Result<(Vec<Candidate>, Vec<f32>)> {
    if let [only] = found {
        let candidates = only.list.iter().map(|(score, doc)| Candidate {
            doc: *doc,
            score: *score,
            scores: vec![Some(*score)],
            stretched: Vec::new(),
        });
        return Ok((candidates.collect(), vec![1.0]));
    }
    let lists: Vec<Ranked> = found.iter().map(|f| f.list.clone()).collect();
    let mut all = fuse::unite(&lists);
    for (i, query) in ready.iter_mut().enumerate() {
        // A candidate of one retriever has a score by the others too, though it is not among their
        // best: it is computed, not guessed.
        let missing: Vec<usize> = (0..all.len())
            .filter(|j| all[*j].scores[i].is_none())
            .collect();
        let docs: Vec<Doc> = missing.iter().map(|j| all[*j].doc).collect();
        let scores = match query {
            Ready::Lexical(search) => lexical::scores(search, mask, &docs)?,
            Ready::Sparse(wanted) => sparse::scores(c, wanted, mask, &docs)?,
            Ready::Multi(wanted) => multi::scores(c, wanted, mask, &docs)?,
            Ready::Dense(wanted, moved) => {
                vectors::scores(c, &moved_to(wanted, moved), mask, &docs)?
            }
        };
        for (j, score) in missing.into_iter().zip(scores) {
            all[j].scores[i] = score;
        }
    }
    let weights = fuse::fuse(
        c,
        mask,
        request.fusion,
        &lists,
        &request.retrievers,
        &mut all,
    )?;
    Ok((all, weights))
}

/// Cuts, diversifies and groups; tells whether scores ended the list.
fn shape_list(
    c: &Collection,
    mask: &Mask,
    request: &Request<'_>,
    list: &mut Vec<Candidate>,
    wanted: usize,
) -> Result<bool> {
    let dense = request.retrievers.iter().find_map(|r| match r.wanted {
        Wanted::Dense(d) => Some(d.space),
        _ => None,
    });
    let distances =
        request.retrievers.len() == 1 && dense.is_some() && shape::are_distances(c.metric);
    let before = list.len();
    shape::cut(list, request.min_score, request.cutoff, distances);
    let ended = list.len() < before;
    if let Some(diversity) = request.diversity {
        let mut shown = c.spaces.iter().filter(|s| s.is_shown());
        let space = dense.or_else(|| shown.next().map(|s| s.name.as_str()));
        let Some(space) = space.and_then(|name| c.space(name)) else {
            let message = "diversity needs vectors, and the collection has none";
            return Err(Error::new(Code::InputInvalid, message));
        };
        // Groups take more places than they fill.
        let places = if request.group.is_some() {
            list.len()
        } else {
            wanted + 1
        };
        shape::diversify(c, mask, list, space, diversity, places)?;
    }
    if let Some(by) = request.group {
        shape::group(c, mask, list, by, wanted + 1)?;
    }
    Ok(ended)
}
