//! Embeddings of another model, made beside those that they are to replace.
//!
//! Owns: the space [`NEXT`], which is filled in as many commits as it takes while queries go on in the
//! space [`TEXT`], and takes its name in one. Invariants: an embedding in it is of the text that its
//! record has; its spaces' identities tell the models apart. What becomes of the old space is in
//! `state::spaces`.

use super::stats::records_in_space;
use super::transaction::{NewVector, RecordUpdate, Transaction};
use crate::error::{Code, Error, Result};
use crate::format::ops::Op;
use crate::format::record::Record;
use crate::format::space::{Embedding, NEXT, Space, TEXT};
use crate::index::column;
use crate::segment::PathColumn;
use crate::state::{Collection, SegmentView};
use roaring::RoaringBitmap;
use std::collections::HashSet;

/// Bytes of texts from which no more are read at a time.
const TEXT_BYTES: usize = 16 << 20;
/// Texts that are read before their bytes are looked at.
const AT_A_TIME: usize = 64;

/// What is known of a space that is being filled.
#[derive(Clone, Debug)]
pub struct NextSpace {
    /// The space.
    pub space: Space,
    /// Live records that have an embedding in it.
    pub records: u64,
}

/// The space that is to take the place of that of the texts, where one is being filled.
pub fn next_space(c: &Collection) -> Result<Option<NextSpace>> {
    let found = c.space(NEXT).map(|index| {
        Ok(NextSpace {
            space: c.spaces[usize::from(index)].clone(),
            records: records_in_space(c, index)?,
        })
    });
    found.transpose()
}

/// How many records [`pending`] gives if nobody writes.
pub fn pending_count(c: &Collection, space: &str) -> Result<u64> {
    let in_memory = c.memory.values().filter(|e| lacks(c, &e.record, space));
    let mut count = in_memory.count() as u64;
    for view in &c.segments {
        count += lacking(c, view, space)?.len();
    }
    Ok(count)
}

/// Ids and texts of up to `limit` records that are to have an embedding in `space` and have none: as
/// with a put, those with a text and without an embedding that is not made of it. Those of `skip` are
/// left out; fewer come where their texts are long.
pub fn pending(
    c: &Collection,
    space: &str,
    limit: usize,
    skip: &HashSet<String>,
) -> Result<Vec<(String, String)>> {
    let (mut out, mut bytes) = (Vec::new(), 0);
    for view in &c.segments {
        if out.len() >= limit {
            break;
        }
        let mut wanted = Vec::new();
        for ordinal in &lacking(c, view, space)? {
            if out.len() + wanted.len() >= limit {
                break;
            }
            if skip.is_empty() || !skip.contains(view.segment.record_id(ordinal)?) {
                wanted.push(ordinal);
            }
        }
        for some in wanted.chunks(AT_A_TIME) {
            if bytes >= TEXT_BYTES {
                return Ok(out);
            }
            let mut texts = Vec::with_capacity(some.len());
            let some: RoaringBitmap = some.iter().copied().collect();
            view.segment.each_text(&some, |ordinal, text| {
                texts.extend(text.map(|text| (ordinal, text.to_owned())));
            })?;
            for (ordinal, text) in texts {
                bytes += text.len();
                out.push((view.segment.record_id(ordinal)?.to_owned(), text));
            }
        }
    }
    let in_memory = c.memory.values().map(|e| &e.record);
    let in_memory = in_memory.filter(|r| lacks(c, r, space) && !skip.contains(&r.id));
    for record in in_memory.take(limit.saturating_sub(out.len())) {
        if bytes >= TEXT_BYTES {
            break;
        }
        bytes += record.text.as_ref().map_or(0, String::len);
        out.extend(record.text.clone().map(|text| (record.id.clone(), text)));
    }
    Ok(out)
}

/// Whether embeddings of a space are made of something else than the text.
fn is_own(space: &Space) -> bool {
    space.is_shown() && space.name != TEXT
}

fn lacks(c: &Collection, record: &Record, space: &str) -> bool {
    let named = |name: &str| c.space(name).is_some_and(|s| record.embedding(s).is_some());
    let own = |(s, _): &(u16, Embedding)| c.spaces.get(usize::from(*s)).is_some_and(is_own);
    record.text.is_some() && !named(space) && (named(TEXT) || !record.vectors.iter().any(own))
}

/// The same for the live records of a segment.
fn lacking(c: &Collection, view: &SegmentView, space: &str) -> Result<RoaringBitmap> {
    let segment = &view.segment;
    let having = |index: Option<u16>| -> Result<RoaringBitmap> {
        let rows = index.map(|index| segment.rows(index)).transpose()?;
        Ok(rows.flatten().cloned().unwrap_or_default())
    };
    let mut own = RoaringBitmap::new();
    for (declared, index) in c.spaces.iter().zip(0u16..) {
        if is_own(declared) {
            own |= having(Some(index))?;
        }
    }
    own -= having(c.space(TEXT))?;
    let mut found = view.live_ordinals() - own - having(c.space(space))?;
    let mut words = vec![0u64; segment.records().div_ceil(64) as usize];
    match segment.column(&column::name(&["_text".to_owned()]))? {
        PathColumn::Column(column) => {
            words.fill(u64::MAX);
            segment.ok(column.keep_present(&mut words))?;
        }
        PathColumn::Absent => {}
        PathColumn::Unknown => words.fill(u64::MAX),
    }
    let has_text = |ordinal: u32| {
        let word = words.get(ordinal as usize / 64);
        word.is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    };
    let without: RoaringBitmap = found.iter().filter(|o| !has_text(*o)).collect();
    found -= without;
    Ok(found)
}

/// Refuses the name of the space that is being filled where a caller names one.
pub(super) fn refuse_next(space: &str) -> Result<()> {
    if space != NEXT {
        return Ok(());
    }
    let message =
        format!("the vector name {NEXT:?} is taken: reembed prepares its embeddings there");
    Err(Error::new(Code::InputInvalid, message).hint("use another vector name"))
}

/// Takes from a record what was prepared for it, where a change makes it that of another text.
pub(super) fn drop_outdated(c: &Collection, record: &mut Record, change: &RecordUpdate<'_>) {
    let new_text = change
        .text
        .as_ref()
        .is_some_and(|text| *text != record.text);
    let replaced = change.vectors.iter().any(|v| v.space == TEXT);
    let dropped = change.drop_vectors.iter().any(|name| name == TEXT);
    if let Some(next) = c.space(NEXT)
        && (new_text || replaced || dropped)
    {
        record.vectors.retain(|(space, _)| *space != next);
    }
}

impl Transaction {
    /// Declares the space that is to be filled, and tells whether it was there: that of another model, or
    /// with other settings, is given up.
    pub fn begin_next(&mut self, collection: &str, space: Space) -> Result<bool> {
        let space = Space {
            name: NEXT.to_owned(),
            ..space
        };
        let c = self.state().collection(collection)?;
        if c.space(NEXT)
            .is_some_and(|i| c.spaces[usize::from(i)] == space)
        {
            return Ok(true);
        }
        self.drop_next(collection)?;
        self.append_space(collection, space)?;
        Ok(false)
    }

    /// Gives up the space that was being filled, and tells whether there was one.
    pub fn drop_next(&mut self, collection: &str) -> Result<bool> {
        let next = self.state().collection(collection)?.space(NEXT);
        next.map_or(Ok(()), |next| self.name_space(collection, next, ""))?;
        Ok(next.is_some())
    }

    /// Lets the space that was filled take the place of that of the texts, whose embeddings are gone then.
    pub fn switch_next(&mut self, collection: &str) -> Result<()> {
        match self.state().collection(collection)?.space(NEXT) {
            Some(next) => self.name_space(collection, next, TEXT),
            None => Err(nothing_prepared(collection)),
        }
    }

    fn name_space(&mut self, collection: &str, space: u16, name: &str) -> Result<()> {
        let op = Op::NameSpace {
            collection: self.state().collection(collection)?.id,
            space,
            name: name.to_owned(),
        };
        self.state.apply(op.clone())?;
        self.log(|w| op.encode(w))
    }

    /// Sets embeddings of texts in `space`, which is [`TEXT`] or [`NEXT`] and there. A record that has
    /// another text by now, or is gone, is left as it is, and so are the times of all; tells how many
    /// were set.
    pub fn set_embeddings(
        &mut self,
        collection: &str,
        space: &str,
        identity: Option<&str>,
        rows: Vec<(String, String, Embedding)>,
    ) -> Result<usize> {
        let c = self.state().collection(collection)?.clone();
        if c.space(space).is_none() {
            return Err(nothing_prepared(collection));
        }
        let ids: Vec<&str> = rows.iter().map(|(id, ..)| id.as_str()).collect();
        let records = c.records(&ids)?;
        let mut set = 0;
        for (record, (id, text, embedding)) in records.into_iter().zip(rows) {
            let Some(mut record) = record.filter(|r| r.text.as_ref() == Some(&text)) else {
                continue;
            };
            let new = NewVector {
                space,
                identity,
                embedding,
            };
            let resolved = self.resolve_vector(collection, new);
            let (index, embedding) = resolved.map_err(|e| crate::checks::of_record(e, &id))?;
            record.vectors.retain(|(other, _)| *other != index);
            record.vectors.push((index, embedding));
            record.vectors.sort_by_key(|(space, _)| *space);
            self.store(collection, record)?;
            set += 1;
        }
        Ok(set)
    }
}

fn nothing_prepared(collection: &str) -> Error {
    let message = format!("no embeddings are being prepared in collection {collection:?}");
    Error::new(Code::EmbedderMismatch, message)
        .hint("somebody else has switched to them or given them up; start reembed again")
}
