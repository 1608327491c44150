//! All edges of a collection, a batch at a time.

use crate::error::Result;
use crate::state::{Edge, EdgeAt, EdgeRef, Graph};
use std::collections::BTreeMap;

/// A place among the edges of one state: segments first, node by node, then memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeScan {
    segment: usize,
    next: u32,
    memory: usize,
}

impl EdgeScan {
    /// The next edges: about `limit`, more where one record has more; none at the end.
    pub fn next_batch(&mut self, graph: &Graph, limit: usize) -> Result<Vec<Edge>> {
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(view) = graph.segments.get(self.segment)
        {
            if self.next >= view.segment.node_range().end {
                (self.segment, self.next) = (self.segment + 1, 0);
                continue;
            }
            view.each_edge(self.segment, self.next, |edge| found.push(edge))?;
            self.next += 1;
        }
        if self.segment >= graph.segments.len() {
            let rest = graph.memory().iter().skip(self.memory);
            let before = found.len();
            found.extend(rest.take(limit - before.min(limit)).map(
                |((source, kind, target), properties)| EdgeRef {
                    source,
                    kind,
                    target,
                    at: EdgeAt::Memory(properties),
                },
            ));
            self.memory += found.len() - before;
        }
        graph.named(&found)
    }
}

/// How many live edges there are of each type that has any.
pub fn type_counts(graph: &Graph) -> Result<BTreeMap<&str, u64>> {
    let mut counts = vec![0u64; graph.type_count() as usize];
    let mut count = |edge: EdgeRef<'_>| {
        if let Some(n) = counts.get_mut(edge.kind as usize) {
            *n += 1;
        }
    };
    for v in 0..graph.segments.len() {
        graph.each_live(v, &mut count)?;
    }
    for ((_, kind, _), _) in graph.memory().iter() {
        if let Some(n) = counts.get_mut(kind as usize) {
            *n += 1;
        }
    }
    let named = counts.into_iter().zip(0u32..).filter(|(n, _)| *n > 0);
    named
        .map(|(n, kind)| Ok((graph.kind_name(kind)?, n)))
        .collect()
}
