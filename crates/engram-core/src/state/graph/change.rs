//! Puts and deletes: the same ones in the same order give the same graph, numbers included.

use super::Graph;
use super::memory::Numbered;
use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_EDGE_TYPES;
use crate::value::Value;
use std::sync::Arc;

impl Graph {
    /// Inserts an edge, or replaces the properties of the one of the same key. That both ends are
    /// records is for the caller to see to.
    pub fn put(&mut self, source: &str, kind: &str, target: &str, properties: Value) -> Result<()> {
        let known = [self.node(source)?, self.node(target)?];
        self.put_between(known, [source, kind, target], properties)
    }

    /// As [`Graph::put`], with the numbers of both ends, as far as they have one.
    pub fn put_between(
        &mut self,
        known: [Option<u32>; 2],
        [source, kind, target]: [&str; 3],
        properties: Value,
    ) -> Result<()> {
        let start = match known[0] {
            Some(node) => node,
            None => self.new_node(source)?,
        };
        let end = match known[1] {
            Some(node) => node,
            None if source == target => start,
            None => self.new_node(target)?,
        };
        let (source, target) = (start, end);
        for node in [source, target] {
            if let Some(place) = node.checked_sub(self.stored_nodes()) {
                self.memory.set_record(place, true);
            }
        }
        let kind = self.kind_or_new(kind)?;
        self.bury(source, kind, target)?;
        let stored: u64 = self
            .segments
            .iter()
            .map(|v| u64::from(v.segment.edges()))
            .sum();
        if stored + self.memory.len() >= u64::from(u32::MAX) {
            let message = "a collection has at most 4,294,967,294 edges";
            return Err(Error::new(Code::InputLimit, message));
        }
        self.memory.put(source, kind, target, properties);
        Ok(())
    }

    fn new_node(&mut self, id: &str) -> Result<u32> {
        let start = self.stored_nodes();
        next(start, &mut self.memory.nodes, id, u32::MAX, "nodes")
    }

    fn kind_or_new(&mut self, name: &str) -> Result<u32> {
        if let Some(kind) = self.kind(name) {
            return Ok(kind);
        }
        let start = self.stored_types();
        next(
            start,
            &mut self.memory.types,
            name,
            MAX_EDGE_TYPES as u32,
            "edge types",
        )
    }

    /// Marks an edge of a segment as dead, and tells whether it was there.
    fn bury(&mut self, source: u32, kind: u32, target: u32) -> Result<bool> {
        for view in &mut self.segments {
            if let Some(edge) = view.segment.find(source, kind, target)?
                && !view.dead.contains(edge)
            {
                Arc::make_mut(&mut view.dead).insert(edge);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes an edge, and tells whether there was one.
    pub fn delete(&mut self, source: &str, kind: &str, target: &str) -> Result<bool> {
        match self.key(source, kind, target)? {
            None => Ok(false),
            Some((source, kind, target)) => {
                Ok(self.memory.delete(source, kind, target) || self.bury(source, kind, target)?)
            }
        }
    }

    /// Removes every edge of a node.
    pub fn delete_node(&mut self, id: &str) -> Result<()> {
        let Some(node) = self.node(id)? else {
            return Ok(());
        };
        self.memory.delete_node(node);
        if let Some(place) = node.checked_sub(self.stored_nodes()) {
            self.memory.set_record(place, false);
        }
        for view in &mut self.segments {
            let mut dying = Vec::new();
            for incoming in [false, true] {
                let row = view.segment.row(node, incoming)?;
                view.each_live(row, incoming, None, |_, edge| dying.push(edge))?;
            }
            if !dying.is_empty() {
                Arc::make_mut(&mut view.dead).extend(dying);
            }
        }
        Ok(())
    }
}

fn next(start: u32, names: &mut Numbered, name: &str, limit: u32, what: &str) -> Result<u32> {
    match start.checked_add(names.len()) {
        Some(number) if number < limit => {
            names.push(name);
            Ok(number)
        }
        _ => Err(Error::new(
            Code::InputLimit,
            format!("a collection has at most {limit} {what}"),
        )
        .detail("limit", limit)),
    }
}
