//! Edges that are not in a segment yet: persistent maps by source and by target.

use super::view::Properties;
use crate::format::record::value_bytes;
use crate::value::Value;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Names in the order in which they came, and their places.
#[derive(Clone, Default)]
pub struct Numbered {
    names: imbl::Vector<Arc<str>>,
    places: imbl::HashMap<Arc<str>, u32>,
}

impl Numbered {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.names.len() as u32
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The place of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        match self.names.is_empty() {
            true => None,
            false => self.places.get(name).copied(),
        }
    }

    /// The name at a place.
    #[must_use]
    pub fn name(&self, place: u32) -> Option<&Arc<str>> {
        self.names.get(place as usize)
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.iter()
    }

    pub(super) fn push(&mut self, name: &str) {
        let name: Arc<str> = Arc::from(name);
        self.places.insert(name.clone(), self.len());
        self.names.push_back(name);
    }
}

/// A node, a type, the node at the other end.
type Key = (u32, u32, u32);

/// Edges in memory, with the nodes and types that no segment names.
#[derive(Clone, Default)]
pub struct MemoryEdges {
    /// Ids of nodes.
    pub nodes: Numbered,
    /// Edge types.
    pub types: Numbered,
    /// By source, type, target.
    out: imbl::OrdMap<Key, Properties>,
    /// Target, type, source.
    into: imbl::OrdSet<Key>,
    /// Places in `nodes` of records that were deleted, and have no edges since.
    gone: imbl::HashSet<u32>,
    property_bytes: u64,
}

/// Keys of a node, of one type where given.
fn keys(node: u32, kind: Option<u32>) -> RangeInclusive<Key> {
    let (first, last) = kind.map_or((0, u32::MAX), |k| (k, k));
    (node, first, 0)..=(node, last, u32::MAX)
}

impl MemoryEdges {
    /// How many edges there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.out.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Whether there is not even a name.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.out.is_empty() && self.nodes.is_empty() && self.types.is_empty()
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.len() * 24 + self.property_bytes + u64::from(self.nodes.len()) * 24
    }

    /// Every edge: source, type, target, properties; ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Properties)> {
        self.out.iter().map(|(key, properties)| (*key, properties))
    }

    pub(super) fn get(&self, source: u32, kind: u32, target: u32) -> Option<&Properties> {
        match self.out.is_empty() {
            true => None,
            false => self.out.get(&(source, kind, target)),
        }
    }

    /// Calls `f` with type, other end and properties of every edge of a node.
    pub(super) fn each<'a>(
        &'a self,
        node: u32,
        incoming: bool,
        kinds: Option<&[u32]>,
        mut f: impl FnMut(u32, u32, &'a Properties),
    ) {
        if self.out.is_empty() {
            return;
        }
        let mut range = |kind: Option<u32>| {
            let keys = keys(node, kind);
            if incoming {
                for (_, kind, source) in self.into.range(keys) {
                    if let Some(properties) = self.out.get(&(*source, *kind, node)) {
                        f(*kind, *source, properties);
                    }
                }
            } else {
                for ((_, kind, target), properties) in self.out.range(keys) {
                    f(*kind, *target, properties);
                }
            }
        };
        match kinds {
            None => range(None),
            Some(kinds) => kinds.iter().for_each(|kind| range(Some(*kind))),
        }
    }

    /// Whether a node of `nodes` is a record: it was when its first edge was put.
    pub(super) fn is_record(&self, place: u32) -> bool {
        self.gone.is_empty() || !self.gone.contains(&place)
    }

    /// Notes whether a node of `nodes` is a record.
    pub(super) fn set_record(&mut self, place: u32, there: bool) {
        if !there {
            self.gone.insert(place);
        } else if !self.gone.is_empty() {
            self.gone.remove(&place);
        }
    }

    pub(super) fn touches(&self, node: u32) -> bool {
        let first = (node, 0, 0);
        let out = self
            .out
            .get_next(&first)
            .is_some_and(|(key, _)| key.0 == node);
        out || self.into.get_next(&first).is_some_and(|key| key.0 == node)
    }

    pub(super) fn put(&mut self, source: u32, kind: u32, target: u32, properties: Value) {
        let some = !matches!(&properties, Value::Map(entries) if entries.is_empty());
        self.property_bytes += if some {
            value_bytes(&properties) as u64
        } else {
            0
        };
        let properties = some.then(|| Arc::new(properties));
        match self.out.insert((source, kind, target), properties) {
            Some(old) => self.property_bytes -= old.map_or(0, |p| value_bytes(&p) as u64),
            None => drop(self.into.insert((target, kind, source))),
        }
    }

    pub(super) fn delete(&mut self, source: u32, kind: u32, target: u32) -> bool {
        let Some(properties) = self.out.remove(&(source, kind, target)) else {
            return false;
        };
        self.property_bytes -= properties.map_or(0, |p| value_bytes(&p) as u64);
        self.into.remove(&(target, kind, source));
        true
    }

    pub(super) fn delete_node(&mut self, node: u32) {
        let out = self.out.range(keys(node, None)).map(|(key, _)| *key);
        let into = self.into.range(keys(node, None));
        let dying: Vec<Key> = out.chain(into.map(|(t, k, s)| (*s, *k, *t))).collect();
        for (source, kind, target) in dying {
            self.delete(source, kind, target);
        }
    }
}
