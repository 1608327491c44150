//! Edges in transactions, checkpoints, verification and repair.

mod merge;
mod salvage;
mod verify;

pub(super) use merge::{flush, rewrite};
pub(super) use salvage::{prune, salvage};
pub(super) use verify::{verify_graph, verify_segment};

use super::transaction::Transaction;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_EDGE_TYPE_BYTES;
use crate::format::ops::Op;
use crate::state::Collection;
use crate::value::Value;

/// An edge to be put.
#[derive(Clone, Debug)]
pub struct NewEdge<'a> {
    /// Id of the record where it starts.
    pub source: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Id of the record where it ends.
    pub target: &'a str,
    /// A map.
    pub properties: Value,
}

impl Transaction {
    /// Inserts an edge between two records of a collection, or replaces the properties of the one of
    /// the same source, type and target.
    pub fn put_edge(&mut self, collection: &str, new: NewEdge<'_>) -> Result<()> {
        let (source, kind, target) = (new.source, new.kind, new.target);
        self.put_edge_checked(collection, new).map_err(|e| {
            let (source, kind, target) = (shown(source), shown(kind), shown(target));
            e.detail("source", source)
                .detail("type", kind)
                .detail("target", target)
        })
    }

    fn put_edge_checked(&mut self, collection: &str, new: NewEdge<'_>) -> Result<()> {
        checks::name("edge type", new.kind, MAX_EDGE_TYPE_BYTES)?;
        checks::edge_properties(&new.properties)?;
        let c = self.state.collection_mut(collection)?;
        let known = [end_of(c, new.source)?, end_of(c, new.target)?];
        let key = [new.source, new.kind, new.target];
        c.graph_mut()
            .put_between(known, key, new.properties.clone())?;
        let op = Op::PutEdge {
            collection: c.id,
            source: new.source.to_owned(),
            kind: new.kind.to_owned(),
            target: new.target.to_owned(),
            properties: new.properties,
        };
        self.log(|w| op.encode(w))
    }

    /// Removes an edge, and tells whether there was one.
    pub fn delete_edge(
        &mut self,
        collection: &str,
        source: &str,
        kind: &str,
        target: &str,
    ) -> Result<bool> {
        let c = self.state.collection_mut(collection)?;
        if c.graph.is_empty() || !c.graph_mut().delete(source, kind, target)? {
            return Ok(false);
        }
        let op = Op::DeleteEdge {
            collection: c.id,
            source: source.to_owned(),
            kind: kind.to_owned(),
            target: target.to_owned(),
        };
        self.log(|w| op.encode(w))?;
        Ok(true)
    }
}

/// The number of a record for an edge to start or end at, where it has one.
fn end_of(c: &Collection, id: &str) -> Result<Option<u32>> {
    let node = c.graph.node(id)?;
    let known = node.map_or(Ok(false), |node| c.graph.is_record(node))?;
    if known || c.find(id)?.is_some() {
        return Ok(node);
    }
    let message = format!("no record {:?} for an edge to start or end at", shown(id));
    Err(Error::new(Code::RecordNotFound, message)
        .detail("id", shown(id))
        .hint("put both records first"))
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
