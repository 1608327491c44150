//! Lists over the vectors of segments: when they are built, and over what.
//!
//! Owns: the choice. A collection has none below [`least_rows`]. Above, segments that no lists cover are
//! searched by their codes, until they are a fair part of all; then new lists take them in, together with
//! the smallest of those that are there once these are too many, so a row is moved a few times for each
//! doubling. Lists of which much is dead or gone are given up. `optimize` builds one over all.

mod build;
#[cfg(test)]
mod tests;
mod verify;

pub(super) use verify::verify;

use super::compact::Output;
use crate::error::Result;
use crate::format::space::{Element, Kind};
use crate::state::{Collection, ListView};
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows from which reading all codes takes longer than finding near lists, by so much that their bytes pay.
static LEAST_ROWS: AtomicU64 = AtomicU64::new(200_000);
/// Fresh rows are taken in once they are this part of those that lists cover, and that part of the least.
const FRESH_PART: u64 = 6;
const FRESH_OF_LEAST: u64 = 4;
/// Segments of lists that a space has at most; a query looks into each.
const MOST: usize = 3;
/// Share of rows that are dead or gone from which lists are given up.
const LOST_SHARE: f64 = 0.25;

/// Rows from which a space has lists.
fn least_rows() -> u64 {
    LEAST_ROWS.load(Ordering::Relaxed)
}

/// Has databases of this process make lists from so many rows on.
#[cfg(any(test, feature = "testing"))]
pub fn set_least_rows(rows: u64) {
    LEAST_ROWS.store(rows, Ordering::Relaxed);
}

/// The segments of a collection whose rows of a space can be in lists, and how many rows each has.
fn coded(c: &Collection, space: u16) -> Result<Vec<(usize, u64)>> {
    let mut out = Vec::new();
    for (view, i) in c.segments.iter().zip(0..) {
        if view.segment.has_codes(space)
            && let Some(rows) = view.segment.rows(space)?
        {
            out.push((i, rows.len()));
        }
    }
    Ok(out)
}

/// The spaces that lists can be of.
fn spaces(c: &Collection) -> impl Iterator<Item = u16> + '_ {
    let dense = |s: &crate::format::space::Space| {
        !s.is_given_up() && s.kind == Kind::Dense && s.element != Element::Bit
    };
    let spaces = c.spaces.iter().zip(0u16..);
    spaces
        .filter(move |(s, _)| dense(s))
        .map(|(_, index)| index)
}

/// The rows of lists that are still there and alive.
fn live_rows(c: &Collection, view: &ListView) -> u64 {
    let of = |id: u64| c.segments.iter().find(|s| s.at.id == id);
    let covered = view.lists.head().covered.iter();
    let alive = covered.filter_map(|covered| {
        let dead = of(covered.id)?.dead.len();
        Some(u64::from(covered.rows).saturating_sub(dead))
    });
    alive.sum()
}

/// The lists that a collection with nothing in memory is to have; none where those that it has will do.
pub(super) fn tend(out: &mut Output<'_>, c: &Collection) -> Result<Option<Vec<ListView>>> {
    let least = least_rows();
    if c.lists.is_empty() && c.live() < least {
        return Ok(None);
    }
    let mut lists = c.lists.clone();
    let lost = |v: &ListView| {
        let rows = v.lists.head().rows() as f64;
        rows - live_rows(c, v) as f64 >= rows * LOST_SHARE
    };
    lists.retain(|v| !lost(v));
    for space in spaces(c) {
        let coded = coded(c, space)?;
        let all: u64 = coded.iter().map(|(_, rows)| rows).sum();
        if all < least {
            lists.retain(|v| v.lists.space() != space);
            continue;
        }
        let covered = |lists: &[ListView], i: usize| {
            let id = c.segments[i].at.id;
            let mut own = lists.iter().filter(|v| v.lists.space() == space);
            own.any(|v| v.covers(id))
        };
        let fresh = coded.iter().filter(|(i, _)| !covered(&lists, *i));
        let fresh: u64 = fresh.map(|(_, rows)| rows).sum();
        if fresh == 0 || fresh < (least / FRESH_OF_LEAST).max((all - fresh) / FRESH_PART) {
            continue;
        }
        while lists.iter().filter(|v| v.lists.space() == space).count() >= MOST {
            let own = lists
                .iter()
                .enumerate()
                .filter(|(_, v)| v.lists.space() == space);
            let Some((smallest, _)) = own.min_by_key(|(_, v)| v.lists.head().rows()) else {
                break;
            };
            lists.remove(smallest);
        }
        let chosen = coded.into_iter().filter(|(i, _)| !covered(&lists, *i));
        let chosen: Vec<usize> = chosen.map(|(i, _)| i).collect();
        lists.push(build::build(out, c, space, &chosen)?);
    }
    let same =
        lists.len() == c.lists.len() && lists.iter().zip(&c.lists).all(|(a, b)| a.at.id == b.at.id);
    Ok((!same).then_some(lists))
}

/// Whether each space has the lists that [`over_all`] would build.
pub(super) fn are_whole(c: &Collection) -> Result<bool> {
    for space in spaces(c) {
        let coded = coded(c, space)?;
        let all: u64 = coded.iter().map(|(_, rows)| rows).sum();
        let own: Vec<_> = c
            .lists
            .iter()
            .filter(|v| v.lists.space() == space)
            .collect();
        let whole = match own[..] {
            [] => all < least_rows(),
            [view] => {
                let covers = |(i, _): &(usize, u64)| view.covers(c.segments[*i].at.id);
                all >= least_rows()
                    && coded.len() == view.lists.head().covered.len()
                    && coded.iter().all(covers)
            }
            _ => false,
        };
        if !whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lists over all rows of each space that has enough.
pub(super) fn over_all(out: &mut Output<'_>, c: &Collection) -> Result<Vec<ListView>> {
    let mut lists = Vec::new();
    for space in spaces(c) {
        let coded = coded(c, space)?;
        if coded.iter().map(|(_, rows)| rows).sum::<u64>() >= least_rows() {
            let chosen: Vec<usize> = coded.into_iter().map(|(i, _)| i).collect();
            lists.push(build::build(out, c, space, &chosen)?);
        }
    }
    Ok(lists)
}
