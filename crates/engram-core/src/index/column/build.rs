//! Builds the columns of a segment from its records.
//!
//! Owns: what a record contributes to which path, and the choice of layouts. Invariant: the bytes follow
//! from the records and their order alone. The opposite sides are `read` and `directory`.

use super::MAX_COLUMNS;
use super::strings::{encode_text, hash};
use super::{directory, encode};
use crate::format::codec::Writer;
use crate::index::filter::BUILT_IN_FIELDS;
use crate::value::Value;
use std::collections::HashMap;

/// Distinct text of a column that is kept as text, in bytes a pair; beyond, strings are hashed. Times
/// with microseconds take about 20 packed, UUIDs 36.
const TEXT_BYTES_PER_PAIR: usize = 24;
/// As many more are kept in any case.
const TEXT_BYTES: usize = 4 << 10;
/// Distinct text beyond which a column is hashed while it is still being built.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// An entry of a dictionary in the making; the flag of a value tells that it is an element of a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// No scalar.
    Other,
    Null(bool),
    Bool(bool, bool),
    Int(bool, i64),
    /// By its bits.
    Float(bool, u64),
    /// By its place among the strings, or its hash.
    Text(bool, u32),
    /// Microseconds since 1970.
    Time(i64),
}

/// What is known of one path.
#[derive(Default)]
pub(super) struct ColumnBuilder {
    pub(super) keys: HashMap<Key, u32>,
    pub(super) texts: HashMap<Box<str>, u32>,
    text_bytes: usize,
    pub(super) hashed: bool,
    /// Whether bytes stand at the path or in a list there.
    pub(super) bytes: bool,
    /// Ordinal and number of the key, ordinals ascending.
    pub(super) pairs: Vec<(u32, u32)>,
    /// The key that came last, which often comes again.
    last: Option<(Key, u32)>,
}

/// A step of a path.
#[derive(Default)]
struct Node {
    column: ColumnBuilder,
    children: HashMap<Box<str>, usize>,
    /// The same in the order of their first records, which is often that of the next.
    in_order: Vec<(Box<str>, usize)>,
}

/// Takes records and gives the part.
pub struct ColumnsWriter {
    /// The first is the record itself, and has no column.
    nodes: Vec<Node>,
    partial: bool,
    records: u32,
}

impl Default for ColumnsWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl ColumnsWriter {
    /// No records yet.
    #[must_use]
    pub fn new() -> Self {
        ColumnsWriter {
            nodes: vec![Node::default()],
            partial: false,
            records: 0,
        }
    }

    /// Adds the next record.
    pub fn add(&mut self, metadata: &Value, has_text: bool, created_us: i64, updated_us: i64) {
        let built_in = [
            ("_created", Some(Key::Time(created_us))),
            ("_updated", Some(Key::Time(updated_us))),
            ("_text", has_text.then_some(Key::Other)),
        ];
        for (i, (name, key)) in built_in.into_iter().enumerate() {
            if let (Some(key), Some(node)) = (key, self.child(0, i, name)) {
                self.nodes[node].column.push(self.records, key);
            }
        }
        self.enter(0, metadata);
        self.records += 1;
    }

    /// The node of `key`, expected at `place`, below `node`; none where there is no room for one more.
    fn child(&mut self, node: usize, place: usize, key: &str) -> Option<usize> {
        let parent = &self.nodes[node];
        if let Some((_, child)) = parent
            .in_order
            .get(place)
            .filter(|(name, _)| **name == *key)
        {
            return Some(*child);
        }
        if let Some(child) = parent.children.get(key) {
            return Some(*child);
        }
        let reserved = usize::from(node == 0 && is_built_in(key)) * 4;
        if self.nodes.len() > MAX_COLUMNS + reserved {
            self.partial = true;
            return None;
        }
        let child = self.nodes.len();
        self.nodes.push(Node::default());
        self.nodes[node].children.insert(key.into(), child);
        self.nodes[node].in_order.push((key.into(), child));
        Some(child)
    }

    /// Goes into the maps of a value, through lists.
    fn enter(&mut self, node: usize, value: &Value) {
        match value {
            Value::Map(entries) => {
                // Below the record itself the built-in fields come first.
                let first = if node == 0 {
                    BUILT_IN_FIELDS.len() - 1
                } else {
                    0
                };
                for (i, (key, inner)) in entries.iter().enumerate() {
                    if node == 0 && is_built_in(key) {
                        continue;
                    }
                    if let Some(child) = self.child(node, first + i, key) {
                        self.nodes[child].column.reach(self.records, inner);
                        self.enter(child, inner);
                    }
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.enter(node, item)),
            _ => {}
        }
    }

    /// The part.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let mut columns = Vec::new();
        self.nodes
            .iter_mut()
            .for_each(|node| node.column.hash_long_texts());
        self.collect(0, &mut Vec::new(), &mut columns);
        columns.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        directory::encode(&columns, self.partial)
    }

    /// The name and bytes of every column below `node`.
    fn collect(&self, node: usize, parts: &mut Vec<String>, out: &mut Vec<(Vec<u8>, Vec<u8>)>) {
        let mut children: Vec<(&Box<str>, &usize)> = self.nodes[node].children.iter().collect();
        children.sort_unstable();
        for (key, child) in children {
            parts.push(key.to_string());
            let column = &self.nodes[*child].column;
            out.push((directory::name(parts), encode::column(column, self.records)));
            self.collect(*child, parts, out);
            parts.pop();
        }
    }
}

/// Fields of the record itself, which hide metadata of the same name.
fn is_built_in(name: &str) -> bool {
    BUILT_IN_FIELDS.contains(&name)
}

impl ColumnBuilder {
    /// A value stands at the path in record `ordinal`.
    fn reach(&mut self, ordinal: u32, value: &Value) {
        match value {
            Value::Map(_) => self.push(ordinal, Key::Other),
            Value::List(items) => {
                self.push(ordinal, Key::Other);
                items
                    .iter()
                    .for_each(|item| self.push_scalar(ordinal, item, true));
            }
            scalar => self.push_scalar(ordinal, scalar, false),
        }
    }

    fn push_scalar(&mut self, ordinal: u32, value: &Value, element: bool) {
        let key = match value {
            Value::Null => Key::Null(element),
            Value::Bool(b) => Key::Bool(element, *b),
            Value::Int(i) => Key::Int(element, *i),
            Value::Float(x) if x.is_nan() => Key::Other,
            Value::Float(x) => Key::Float(element, x.to_bits()),
            Value::Str(text) => Key::Text(element, self.text(text)),
            Value::Bytes(_) => {
                self.bytes = true;
                Key::Other
            }
            Value::List(_) | Value::Map(_) => return,
        };
        self.push(ordinal, key);
    }

    /// The number of a string, or its hash.
    fn text(&mut self, text: &str) -> u32 {
        if self.hashed {
            return hash(text);
        }
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.text_bytes += text.len();
        self.texts.insert(text.into(), number);
        if self.text_bytes > MAX_TEXT_BYTES {
            self.hash_texts();
            return hash(text);
        }
        number
    }

    /// Puts hashes in the place of the strings.
    fn hash_texts(&mut self) {
        let mut hashes = vec![0; self.texts.len()];
        // In any order: each goes to its own place.
        #[allow(clippy::iter_over_hash_type, reason = "each goes to its own place")]
        for (text, number) in &self.texts {
            hashes[*number as usize] = hash(text);
        }
        self.last = None;
        let old = std::mem::take(&mut self.keys);
        let mut renumbered = vec![0; old.len()];
        let mut by_number: Vec<(u32, Key)> = old.into_iter().map(|(key, n)| (n, key)).collect();
        by_number.sort_unstable_by_key(|(n, _)| *n);
        for (number, key) in by_number {
            let key = match key {
                Key::Text(element, text) => Key::Text(element, hashes[text as usize]),
                other => other,
            };
            let next = self.keys.len() as u32;
            renumbered[number as usize] = *self.keys.entry(key).or_insert(next);
        }
        self.pairs
            .iter_mut()
            .for_each(|(_, n)| *n = renumbered[*n as usize]);
        self.texts.clear();
        self.hashed = true;
    }

    /// Hashes the strings if they take too much room.
    fn hash_long_texts(&mut self) {
        let room = TEXT_BYTES + TEXT_BYTES_PER_PAIR * self.pairs.len();
        // What is stored beside the bytes of a string is below 4 bytes a string.
        if self.hashed || self.text_bytes + 4 * self.texts.len() <= room {
            return;
        }
        let mut texts: Vec<&str> = self.texts.keys().map(|text| &**text).collect();
        texts.sort_unstable();
        let mut packed = Writer::new();
        encode_text(&mut packed, &texts);
        if packed.bytes.len() > room {
            self.hash_texts();
        }
    }

    fn push(&mut self, ordinal: u32, key: Key) {
        let number = match self.last {
            Some((last, number)) if last == key => number,
            _ => {
                let next = self.keys.len() as u32;
                *self.keys.entry(key).or_insert(next)
            }
        };
        self.last = Some((key, number));
        self.pairs.push((ordinal, number));
    }
}
