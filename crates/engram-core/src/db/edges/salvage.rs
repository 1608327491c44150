//! What can still be read of edges in a damaged file.
//!
//! Each edge stands in the file twice, by its source and by its target: what cannot be read in one
//! place is looked for in the other.

use super::super::doctor::DoctorReport;
use crate::error::Result;
use crate::format::manifest::SegmentRef;
use crate::segment::EdgeSegment;
use crate::state::{Collection, State};
use crate::store::Storage;
use crate::value::Value;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Puts every live edge of some segments that can be read into the memory of a collection.
pub(in crate::db) fn salvage(
    storage: &dyn Storage,
    refs: &[SegmentRef],
    c: &mut Collection,
    report: &mut DoctorReport,
) -> Result<()> {
    let mut opened = Vec::new();
    for at in refs {
        match EdgeSegment::open(storage, at) {
            Ok(segment) => opened.push((at, segment)),
            Err(e) => {
                let lost = u64::from(at.records) - at.dead.len();
                let (name, offset) = (&c.name, at.extent.offset);
                let what =
                    format!("{lost} edges of collection {name:?} (segment at byte {offset}): {e}");
                report.dropped.push(what);
                report.edges_dropped += lost;
            }
        }
    }
    for (at, segment) in &opened {
        let live = u64::from(at.records) - at.dead.len();
        let found = readable(segment, &at.dead);
        let mut kept = 0;
        for (edge, source, kind, target) in found {
            let name = |node: u32| {
                let mut segments = opened.iter().map(|(_, s)| s);
                segments
                    .find(|s| s.node_range().contains(&node))?
                    .node_id(node)
                    .ok()
            };
            let kind = opened.iter().find_map(|(_, s)| s.type_name(kind));
            let (Some(source), Some(kind), Some(target)) = (name(source), kind, name(target))
            else {
                continue;
            };
            let properties = segment.properties_of(edge).unwrap_or_else(|_| {
                let what = format!(
                    "the properties of edge {source:?} {kind:?} {target:?} of {:?}",
                    c.name
                );
                report.dropped.push(what);
                Value::Map(Vec::new())
            });
            c.graph_mut().put(source, kind, target, properties)?;
            kept += 1;
        }
        if kept < live {
            let (lost, name, offset) = (live - kept, &c.name, at.extent.offset);
            let what = format!("{lost} edges of collection {name:?} (segment at byte {offset})");
            report.dropped.push(what);
            report.edges_dropped += lost;
        }
    }
    Ok(())
}

/// The live edges of a segment that can be read in one direction or the other: number, source, type,
/// target.
fn readable(segment: &EdgeSegment, dead: &RoaringBitmap) -> Vec<(u32, u32, u32, u32)> {
    let (mut found, mut seen) = (Vec::new(), dead.clone());
    for incoming in [false, true] {
        if seen.len() == u64::from(segment.edges()) {
            break;
        }
        for node in segment.nodes_with_rows(incoming).unwrap_or_default() {
            let Ok(row) = segment.row(node, incoming) else {
                continue;
            };
            let Ok(kinds) = segment.kinds(row, incoming) else {
                continue;
            };
            let numbers = match incoming {
                true => segment.edge_numbers(row).map(<[u32]>::to_vec),
                false => Ok((row.first..).take(row.others.len()).collect()),
            };
            let entries = row.others.iter().zip(numbers.unwrap_or_default());
            for (i, (&other, edge)) in entries.enumerate() {
                let Some(kind) = kinds.get(i).filter(|_| edge < segment.edges()) else {
                    continue;
                };
                if seen.insert(edge) {
                    let (source, target) = if incoming {
                        (other, node)
                    } else {
                        (node, other)
                    };
                    found.push((edge, source, kind, target));
                }
            }
        }
    }
    found
}

/// Drops the edges of salvaged collections whose ends are no records, and counts the rest.
pub(in crate::db) fn prune(state: &mut State, report: &mut DoctorReport) -> Result<()> {
    for c in state.collections.clone().values() {
        let mut gone = Vec::new();
        for node in 0..c.graph.memory().nodes.len() {
            let id = c.graph.node_id(node)?;
            if c.find(id)?.is_none() {
                gone.push(id.to_owned());
            }
        }
        let before = c.graph.edges();
        let mut pruned = (**c).clone();
        for id in &gone {
            pruned.graph_mut().delete_node(id)?;
        }
        let lost = before - pruned.graph.edges();
        if lost > 0 {
            let what = format!(
                "{lost} edges of collection {:?}, whose records are lost",
                c.name
            );
            report.dropped.push(what);
            report.edges_dropped += lost;
        }
        state.collections.insert(c.name.clone(), Arc::new(pruned));
    }
    report.edges_kept = state.edges();
    Ok(())
}
