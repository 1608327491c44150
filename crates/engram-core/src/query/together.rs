//! Several queries at once.
//!
//! Owns: which of them can share their search. Codes are read from afar once for all of them, where
//! one by one each would read them again.

use super::dense;
use super::plan::{Ready, check, conclude, depth, run, select};
use super::request::{Dense, Hit, Report, Request, Wanted};
use super::steps::Steps;
use crate::error::Result;
use crate::state::Collection;

/// The hits, and how they were found.
type Answer = (Vec<Hit>, Report);

/// Answers several queries, in their order. Those that look for the nearest to a vector each, and are else the
/// same, go through the codes together; the hits are those of each alone.
pub fn run_many(c: &Collection, requests: &[Request<'_>]) -> Vec<Result<Answer>> {
    match run_together(c, requests) {
        Ok(Some(answers)) => answers.into_iter().map(Ok).collect(),
        // What is wrong with one of them is the answer of that one.
        Ok(None) | Err(_) => requests.iter().map(|request| run(c, request)).collect(),
    }
}

fn run_together(c: &Collection, requests: &[Request<'_>]) -> Result<Option<Vec<Answer>>> {
    let wanted = requests.iter().map(|r| lone_vector(r));
    let Some(wanted) = wanted.collect::<Option<Vec<Dense<'_>>>>() else {
        return Ok(None);
    };
    let (Some(first), Some(wanted_first)) = (requests.first(), wanted.first()) else {
        return Ok(None);
    };
    let alike = |(r, w): (&Request<'_>, &Dense<'_>)| {
        w.space == wanted_first.space && depth(r) == depth(first)
    };
    if requests.len() < 2 || !requests.iter().zip(&wanted).all(alike) {
        return Ok(None);
    }
    requests.iter().try_for_each(check)?;
    let mut steps = Steps::new(c);
    let mask = select(c, first, &mut steps)?;
    steps.report.matched = mask.len();
    let Some(found) = dense::search_together(c, &wanted, &mask, depth(first))? else {
        return Ok(None);
    };
    steps.done(first.retrievers[0].name, found.len() as u64);
    let each = requests.iter().zip(wanted).zip(found);
    let each = each.map(|((request, wanted), mut found)| {
        let retriever = &request.retrievers[0];
        if let Some(least) = retriever.min_score {
            found.list.retain(|(score, _)| *score >= least);
        }
        let mut steps = Steps::after(&steps);
        if let Some(step) = steps.report.steps.last_mut() {
            (step.0, step.1) = (retriever.name.to_owned(), found.list.len() as u64);
        }
        conclude(
            c,
            request,
            &mask,
            steps,
            vec![found],
            vec![Ready::Dense(wanted, None)],
        )
    });
    each.collect::<Result<_>>().map(Some)
}

/// The vector of a query that looks for nothing else, among all records, in one thread.
fn lone_vector<'a>(request: &Request<'a>) -> Option<Dense<'a>> {
    match request.retrievers.as_slice() {
        [only] if request.filter.is_none() && request.near.is_none() && request.feedback == 0.0 => {
            match only.wanted {
                Wanted::Dense(wanted) if wanted.threads <= 1 => Some(wanted),
                _ => None,
            }
        }
        _ => None,
    }
}
