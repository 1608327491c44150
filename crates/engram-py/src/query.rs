//! Runs queries, one or many at a time.

use crate::answer::{Answer, Found};
use crate::ask::{Ask, SnippetsIn};
use crate::error::{OrRaise, at_index};
use crate::rows::Include;
use engram_core::error::Result;
use engram_core::format::record::Parts;
use engram_core::index::text::{Snippet, SnippetShape};
use engram_core::query::{self, Highlighter, Hit, Report, Request};
use engram_core::state::Collection;
use pyo3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Answered = Result<(Vec<Found>, Report)>;

fn answer(
    c: &Collection,
    request: &Request<'_>,
    include: Include,
    snippets: Option<&SnippetsIn>,
) -> Answered {
    complete(c, query::run(c, request)?, include, snippets)
}

/// Hits with what of their records is handed out.
fn complete(
    c: &Collection,
    (hits, report): (Vec<Hit>, Report),
    include: Include,
    snippets: Option<&SnippetsIn>,
) -> Answered {
    let highlighter = match snippets {
        Some((text, chars, count)) if !hits.is_empty() => {
            let (chars, count) = (*chars, *count);
            Some(Highlighter::new(c, text, SnippetShape { chars, count })?)
        }
        _ => None,
    };
    let with_records = hits.into_iter().map(|hit| {
        let parts = Parts {
            text: include.text || highlighter.is_some(),
            metadata: include.metadata,
            vectors: include.vectors,
        };
        let wanted = include.any() || highlighter.is_some();
        let record = wanted.then(|| query::record(c, &hit, parts)).transpose()?;
        let text = record.as_ref().and_then(|record| record.text.as_deref());
        let found = highlighter.as_ref().zip(text).map(|(highlighter, text)| {
            let piece = |one: &Snippet| text.get(one.piece.bytes.clone()).unwrap_or("").to_owned();
            let all = highlighter.snippets(text).into_iter();
            all.map(|one| (piece(&one), one)).collect()
        });
        Ok(Found {
            hit,
            record,
            snippets: found.unwrap_or_default(),
        })
    });
    Ok((with_records.collect::<Result<_>>()?, report))
}

/// Answers one query.
pub(crate) fn ask_one(
    py: Python<'_>,
    c: Arc<Collection>,
    commit: u64,
    ask: &Ask,
    include: Include,
) -> PyResult<Answer> {
    let request = ask.borrow(py)?;
    let (hits, report) = py
        .detach(|| answer(&c, &request, include, ask.snippets.as_ref()))
        .or_raise(py)?;
    Ok(Answer::new(&c, commit, ask, include, hits, report))
}

/// Answers several queries with some threads, in their order.
pub(crate) fn ask_many(
    py: Python<'_>,
    c: &Arc<Collection>,
    commit: u64,
    asks: &[Ask],
    include: Include,
    threads: usize,
) -> PyResult<Vec<Answer>> {
    let borrowed = asks.iter().enumerate();
    let requests = borrowed.map(|(i, ask)| ask.borrow(py).map_err(|e| at_index(py, e, i)));
    let requests: Vec<Request<'_>> = requests.collect::<PyResult<_>>()?;
    let answered = py.detach(|| run_many(c, &requests, asks, include, threads));
    let mut out = Vec::with_capacity(asks.len());
    for ((i, one), ask) in answered.into_iter().enumerate().zip(asks) {
        let (hits, report) = one.or_raise(py).map_err(|e| at_index(py, e, i))?;
        out.push(Answer::new(c, commit, ask, include, hits, report));
    }
    Ok(out)
}

/// Most queries that a thread takes at a time. Four searches by vector that share the codes read a quarter of
/// what they would alone; more would need more room for their bounds than that saves.
const TOGETHER: usize = 4;

fn run_many(
    c: &Collection,
    requests: &[Request<'_>],
    asks: &[Ask],
    include: Include,
    threads: usize,
) -> Vec<Answered> {
    let next = AtomicUsize::new(0);
    let share = requests.len().div_ceil(threads).clamp(1, TOGETHER);
    let work = || {
        let mut done = Vec::new();
        loop {
            let first = next.fetch_add(share, Ordering::Relaxed);
            let Some(some) = requests.get(first..).filter(|rest| !rest.is_empty()) else {
                return done;
            };
            let answers = query::run_many(c, &some[..some.len().min(share)]);
            for ((answer, ask), i) in answers.into_iter().zip(&asks[first..]).zip(first..) {
                let complete = |found| complete(c, found, include, ask.snippets.as_ref());
                done.push((i, answer.and_then(complete)));
            }
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(requests.len().div_ceil(share)))
            .map(|_| scope.spawn(work))
            .collect();
        let mut all = work();
        for other in others {
            // A panic in the core is a bug; it goes on in the caller.
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, one)| one).collect()
}
