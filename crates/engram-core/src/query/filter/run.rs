//! The way through one segment: each test by column, by ids or by the records themselves.

use super::{Field, Leaf, Method, Node, Step};
use crate::error::Result;
use crate::index::column::{self, Column, Wanted};
use crate::index::filter::{Filter, Test};
use crate::segment::{PathColumn, Segment};
use crate::value::Value;
use roaring::RoaringBitmap;
use std::time::Instant;

/// Ids of a list are looked up one by one up to this share of the records; beyond, all ids are read.
const LOOKUP_SHARE: usize = 8;

/// A node, and the way that it will go in one segment.
pub(super) struct Weighed<'a, 'p, 'f> {
    node: &'p Node<'f>,
    column: Option<(Column<'a>, Wanted)>,
    method: Method,
    estimate: u32,
}

/// One filter on one segment.
pub(super) struct Run<'a, 's> {
    pub(super) segment: &'a Segment,
    pub(super) steps: Option<&'s mut Vec<Step>>,
}

impl<'a> Run<'a, '_> {
    /// How a node would be answered here.
    pub(super) fn weigh<'p, 'f>(&self, node: &'p Node<'f>) -> Result<Weighed<'a, 'p, 'f>> {
        let records = self.segment.records();
        let weighed = |method, estimate| Weighed {
            node,
            column: None,
            method,
            estimate,
        };
        let leaf = match node {
            Node::Leaf(leaf) => leaf,
            group => {
                // Tests of texts and ids go last, all else by columns as far as anybody knows yet.
                let mut method = Method::Column;
                group.each_leaf(&mut |leaf| {
                    method = method.max(match leaf.field {
                        Field::Text => Method::Texts,
                        Field::Id => Method::IdMap,
                        Field::Column(_) | Field::Nowhere => Method::Column,
                    });
                });
                return Ok(weighed(method, records));
            }
        };
        let name = match &leaf.field {
            Field::Nowhere => return Ok(weighed(Method::Dictionary, 0)),
            Field::Text => return Ok(weighed(Method::Texts, records)),
            Field::Id => {
                return Ok(match looked_up(leaf.test, records) {
                    Some(ids) => weighed(Method::IdMap, ids as u32),
                    None => weighed(Method::Ids, records),
                });
            }
            Field::Column(name) => name,
        };
        Ok(match self.segment.column(name)? {
            PathColumn::Absent => weighed(Method::Dictionary, 0),
            PathColumn::Unknown => weighed(Method::Metadata, records),
            PathColumn::Column(column) => {
                let wanted = self.segment.ok(column.accept(leaf.test))?;
                let method = match (wanted.is_nothing() && !leaf.negated, wanted.is_exact()) {
                    (true, _) => Method::Dictionary,
                    (false, true) => Method::Column,
                    (false, false) => Method::ColumnAndMetadata,
                };
                let estimate = match method {
                    Method::Dictionary => 0,
                    _ => column.estimate(&wanted, leaf.negated),
                };
                Weighed {
                    node,
                    column: Some((column, wanted)),
                    method,
                    estimate,
                }
            }
        })
    }

    /// Clears in `acc` what does not pass the node.
    pub(super) fn keep(&mut self, weighed: &Weighed<'a, '_, '_>, acc: &mut [u64]) -> Result<()> {
        match weighed.node {
            Node::Leaf(leaf) => self.keep_leaf(leaf, weighed, acc),
            Node::And(parts) => {
                for part in self.in_order(parts)? {
                    if acc.iter().all(|word| *word == 0) {
                        break;
                    }
                    self.keep(&part, acc)?;
                }
                Ok(())
            }
            Node::Or(parts) => {
                // Only what no part has kept yet is in question for the next.
                let mut kept = vec![0; acc.len()];
                for part in self.in_order(parts)? {
                    let mut rest: Vec<u64> = acc.iter().zip(&kept).map(|(a, k)| a & !k).collect();
                    self.keep(&part, &mut rest)?;
                    kept.iter_mut().zip(&rest).for_each(|(k, r)| *k |= r);
                }
                acc.copy_from_slice(&kept);
                Ok(())
            }
            Node::Not(inner) => {
                let mut passing = acc.to_vec();
                let inner = self.weigh(inner)?;
                self.keep(&inner, &mut passing)?;
                clear(acc, &passing);
                Ok(())
            }
        }
    }

    /// The parts of a group, the cheapest first, of equally cheap ones that which keeps fewest.
    fn in_order<'p, 'f>(&self, parts: &'p [Node<'f>]) -> Result<Vec<Weighed<'a, 'p, 'f>>> {
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            out.push(self.weigh(part)?);
        }
        out.sort_by_key(|w| (w.method, w.estimate));
        Ok(out)
    }

    fn keep_leaf(
        &mut self,
        leaf: &Leaf<'_>,
        weighed: &Weighed<'a, '_, '_>,
        acc: &mut [u64],
    ) -> Result<()> {
        let started = self.steps.is_some().then(|| (Instant::now(), ones(acc)));
        match weighed.method {
            Method::Dictionary => acc.fill(0),
            Method::IdMap => self.keep_ids(leaf, acc)?,
            Method::Ids => self.keep_by_ids(leaf, acc)?,
            Method::Texts => self.keep_by_texts(leaf, acc)?,
            _ => self.keep_by_column(leaf, weighed, acc)?,
        }
        let step = self
            .steps
            .as_deref_mut()
            .and_then(|s| s.get_mut(leaf.number));
        if let (Some(step), Some((started, asked))) = (step, started) {
            step.method = step.method.max(weighed.method);
            step.estimated += u64::from(weighed.estimate);
            step.asked += asked;
            step.kept += ones(acc);
            step.took += started.elapsed();
        }
        Ok(())
    }

    fn keep_by_column(
        &self,
        leaf: &Leaf<'_>,
        weighed: &Weighed<'a, '_, '_>,
        acc: &mut [u64],
    ) -> Result<()> {
        let Some((column, wanted)) = &weighed.column else {
            return self.keep_by_metadata(leaf.filter, acc);
        };
        if wanted.is_exact() {
            return self.segment.ok(column.keep(wanted, leaf.negated, acc));
        }
        self.segment.ok(column.keep_present(acc))?;
        let mut candidates = acc.to_vec();
        self.segment
            .ok(column.keep(wanted, false, &mut candidates))?;
        let filter = leaf.filter;
        if leaf.negated {
            // Those that are no candidates do not pass the test, so they pass its negation.
            let mut passing = candidates.clone();
            self.keep_by_metadata(filter, &mut passing)?;
            clear(&mut candidates, &passing);
            clear(acc, &candidates);
        } else {
            self.keep_by_metadata(filter, &mut candidates)?;
            acc.copy_from_slice(&candidates);
        }
        Ok(())
    }

    /// Reads the metadata of every record in question.
    fn keep_by_metadata(&self, filter: &Filter, acc: &mut [u64]) -> Result<()> {
        let wanted = bitmap(acc);
        self.segment.each_meta(&wanted, |ordinal, meta| {
            if !filter.matches(&|name| meta.metadata.get(name)) {
                drop_one(acc, ordinal);
            }
        })
    }

    /// Looks ids up.
    fn keep_ids(&self, leaf: &Leaf<'_>, acc: &mut [u64]) -> Result<()> {
        let mut named = vec![0; acc.len()];
        for id in wanted_ids(leaf.test).into_iter().flatten() {
            if let Some(ordinal) = self.segment.find(id)?
                && let Some(word) = named.get_mut(ordinal as usize / 64)
            {
                *word |= 1 << (ordinal % 64);
            }
        }
        match leaf.negated {
            true => clear(acc, &named),
            false => acc.iter_mut().zip(&named).for_each(|(a, n)| *a &= n),
        }
        Ok(())
    }

    /// Reads the id of every record in question.
    fn keep_by_ids(&self, leaf: &Leaf<'_>, acc: &mut [u64]) -> Result<()> {
        if matches!(leaf.test, Test::Exists) {
            return Ok(());
        }
        let mut value = Value::Str(String::new());
        for ordinal in &bitmap(acc) {
            if let Value::Str(text) = &mut value {
                text.clear();
                text.push_str(self.segment.record_id(ordinal)?);
            }
            if leaf.test.accepts(&value) == leaf.negated {
                drop_one(acc, ordinal);
            }
        }
        Ok(())
    }

    /// Reads the text of every record in question.
    fn keep_by_texts(&self, leaf: &Leaf<'_>, acc: &mut [u64]) -> Result<()> {
        match self.segment.column(&column::name(&["_text".to_owned()]))? {
            PathColumn::Column(column) => self.segment.ok(column.keep_present(acc))?,
            PathColumn::Absent => acc.fill(0),
            PathColumn::Unknown => {}
        }
        if matches!(leaf.test, Test::Exists) {
            return Ok(());
        }
        let mut value = Value::Str(String::new());
        let wanted = bitmap(acc);
        self.segment.each_text(&wanted, |ordinal, text| {
            let passes = text.is_some_and(|text| {
                if let Value::Str(buffer) = &mut value {
                    buffer.clear();
                    buffer.push_str(text);
                }
                leaf.test.accepts(&value) != leaf.negated
            });
            if !passes {
                drop_one(acc, ordinal);
            }
        })
    }
}

/// The ids that a test names, where it names any.
fn wanted_ids(test: &Test) -> Option<impl Iterator<Item = &str>> {
    let values = match test {
        Test::Equal(value) => std::slice::from_ref(value),
        Test::In(set) => set.values(),
        _ => return None,
    };
    Some(values.iter().filter_map(|value| match value {
        Value::Str(id) => Some(id.as_str()),
        _ => None,
    }))
}

/// How many ids a test names, where looking them up is cheaper than reading all.
fn looked_up(test: &Test, records: u32) -> Option<usize> {
    let ids = wanted_ids(test)?.count();
    (ids <= 1 || ids.saturating_mul(LOOKUP_SHARE) <= records as usize).then_some(ids)
}

fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn clear(acc: &mut [u64], others: &[u64]) {
    acc.iter_mut().zip(others).for_each(|(a, o)| *a &= !o);
}

fn drop_one(acc: &mut [u64], ordinal: u32) {
    if let Some(word) = acc.get_mut(ordinal as usize / 64) {
        *word &= !(1 << (ordinal % 64));
    }
}

/// The ordinals of a set, for what reads records.
fn bitmap(words: &[u64]) -> RoaringBitmap {
    let mut out = RoaringBitmap::new();
    for (word, first) in words.iter().zip((0u32..).step_by(64)) {
        let mut rest = *word;
        while rest != 0 {
            out.insert(first + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
    out
}
