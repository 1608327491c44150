//! A transaction: writes of one or more collections that become one commit, or nothing.
//!
//! Holds the write lock from its beginning, so what it reads cannot change under it. Its state is
//! private until `commit`; dropping it rolls back. A large one skips the log: its records go
//! straight into segments with a checkpoint.

use super::commit::live_bytes;
use super::gate::WriteGuard;
use super::head::checkpoint_at;
use super::reembed;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::codec::Writer;
use crate::format::limits::{
    MAX_COLLECTION_NAME_BYTES, MAX_RECORD_BYTES, MAX_TRANSACTION_BYTES, MAX_VECTORS_PER_RECORD,
};
use crate::format::ops::{Op, encode_put};
use crate::format::record::{Metric, Record};
use crate::format::space::{Element, Embedding, Space};
use crate::state::State;
use crate::store::locks::now_us;
use crate::value::Value;
use std::sync::Arc;

/// Encoded bytes from which a transaction goes into segments at once.
const DIRECT_BYTES: usize = 1 << 20;

/// A vector to be stored.
#[derive(Clone, Debug)]
pub struct NewVector<'a> {
    /// Name of its space.
    pub space: &'a str,
    /// Identity of the embedder that made it.
    pub identity: Option<&'a str>,
    /// The numbers.
    pub embedding: Embedding,
}

/// A record to be put.
#[derive(Clone, Debug)]
pub struct NewRecord<'a> {
    /// Unique within the collection.
    pub id: &'a str,
    /// Text for full-text search.
    pub text: Option<String>,
    /// A map.
    pub metadata: Value,
    /// Vectors, one for a space.
    pub vectors: Vec<NewVector<'a>>,
    /// Created and updated, for records that bring their own times.
    pub times_us: Option<(i64, i64)>,
}

/// Changes to a record.
#[derive(Clone, Debug, Default)]
pub struct RecordUpdate<'a> {
    /// The new text; the outer None leaves it.
    pub text: Option<Option<String>>,
    /// Top-level keys to set.
    pub metadata: Option<Value>,
    /// Top-level keys to remove.
    pub unset: Vec<String>,
    /// Vectors to set.
    pub vectors: Vec<NewVector<'a>>,
    /// Vectors to remove, by name of space.
    pub drop_vectors: Vec<String>,
}

/// An open transaction.
pub struct Transaction {
    guard: WriteGuard,
    pub(super) state: State,
    ops: Writer,
    bytes: usize,
    time_us: i64,
    relaxed: bool,
}

impl Transaction {
    pub(super) fn new(guard: WriteGuard, relaxed: bool) -> Transaction {
        let state = (*guard.engine.seen()).clone();
        // Commit times never run backwards, whatever the clock does.
        let time_us = now_us().max(state.time_us + 1);
        Transaction {
            guard,
            state,
            ops: Writer::new(),
            bytes: 0,
            time_us,
            relaxed,
        }
    }

    /// What the transaction sees, its own writes included.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Runs `f`; where it fails, the transaction is as it was before.
    pub fn atomically<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let (state, encoded, bytes) = (self.state.clone(), self.ops.bytes.len(), self.bytes);
        f(self).inspect_err(|_| {
            self.state = state;
            self.ops.bytes.truncate(encoded);
            self.bytes = bytes;
        })
    }

    pub(super) fn log(&mut self, encode: impl FnOnce(&mut Writer)) -> Result<()> {
        let before = self.ops.bytes.len();
        encode(&mut self.ops);
        self.bytes += self.ops.bytes.len() - before;
        if self.bytes > MAX_TRANSACTION_BYTES {
            return Err(checks::over(
                "the transaction",
                MAX_TRANSACTION_BYTES,
                self.bytes,
                "bytes",
            )
            .hint("commit in smaller batches"));
        }
        if self.bytes > DIRECT_BYTES {
            // It will go into segments: the encoded form is not needed.
            self.ops.bytes.truncate(before);
        }
        Ok(())
    }

    /// Creates a collection.
    pub fn create_collection(&mut self, name: &str, metric: Metric, language: &str) -> Result<()> {
        checks::name("collection name", name, MAX_COLLECTION_NAME_BYTES)?;
        if self.state.collections.contains_key(name) {
            let message = format!("a collection {name:?} exists already");
            return Err(Error::new(Code::CollectionExists, message)
                .hint("use collection(name) to get it, or take another name"));
        }
        let op = Op::CreateCollection {
            id: self.state.next_collection,
            name: name.to_owned(),
            metric,
            language: language.to_owned(),
            created_us: self.time_us,
        };
        self.state.apply(op.clone())?;
        self.log(|w| op.encode(w))
    }

    /// Removes a collection with all its records, and tells whether there was one.
    pub fn delete_collection(&mut self, name: &str) -> Result<bool> {
        let Some(c) = self.state.collections.get(name) else {
            return Ok(false);
        };
        let op = Op::DropCollection { collection: c.id };
        self.state.apply(op.clone())?;
        self.log(|w| op.encode(w))?;
        Ok(true)
    }

    /// Inserts a record, or replaces the one of the same id.
    pub fn put(&mut self, collection: &str, new: NewRecord<'_>) -> Result<()> {
        let id = new.id;
        self.put_checked(collection, new)
            .map_err(|e| checks::of_record(e, id))
    }

    fn put_checked(&mut self, collection: &str, new: NewRecord<'_>) -> Result<()> {
        checks::id(new.id)?;
        new.text.as_deref().map_or(Ok(()), checks::text)?;
        checks::metadata(&new.metadata)?;
        let vectors = self.resolve_vectors(collection, new.vectors)?;
        let first_put = self.state.collection(collection)?.created_us_of(new.id)?;
        let (created_us, updated_us) = new
            .times_us
            .unwrap_or((first_put.unwrap_or(self.time_us), self.time_us));
        let record = Record {
            id: new.id.to_owned(),
            text: new.text,
            metadata: new.metadata,
            created_us,
            updated_us,
            vectors,
        };
        self.store(collection, record)
    }

    pub(super) fn store(&mut self, collection: &str, record: Record) -> Result<()> {
        // What is prepared to take the place of another does not count beside it.
        let c = self.state.collection(collection)?;
        let shown = |(s, _): &&(u16, Embedding)| c.spaces[usize::from(*s)].is_shown();
        let count = record.vectors.iter().filter(shown).count();
        if count > MAX_VECTORS_PER_RECORD {
            return Err(checks::over(
                "the record",
                MAX_VECTORS_PER_RECORD,
                count,
                "vectors",
            ));
        }
        let size = record.size_bytes();
        if size > MAX_RECORD_BYTES {
            return Err(checks::over("the record", MAX_RECORD_BYTES, size, "bytes"));
        }
        let c = self.state.collection_mut(collection)?;
        let id = c.id;
        c.put(record.clone())?;
        self.log(|w| encode_put(w, id, &record))
    }

    /// Checks vectors and finds their spaces, adding those that are new.
    fn resolve_vectors(
        &mut self,
        collection: &str,
        new: Vec<NewVector<'_>>,
    ) -> Result<Vec<(u16, Embedding)>> {
        let mut out: Vec<(u16, Embedding)> = Vec::with_capacity(new.len());
        for v in new {
            reembed::refuse_next(v.space)?;
            let (index, embedding) = self.resolve_vector(collection, v)?;
            if out.iter().any(|(other, _)| *other == index) {
                let space = &self.state.collection(collection)?.spaces[usize::from(index)];
                let message = format!("two vectors {:?} for one record", space.name);
                return Err(Error::new(Code::InputInvalid, message));
            }
            out.push((index, embedding));
        }
        out.sort_by_key(|(space, _)| *space);
        Ok(out)
    }

    pub(super) fn resolve_vector(
        &mut self,
        collection: &str,
        v: NewVector<'_>,
    ) -> Result<(u16, Embedding)> {
        let c = self.state.collection(collection)?;
        let metric = c.metric;
        checks::embedding(v.space, &v.embedding, metric)?;
        let mut embedding = v.embedding;
        let index = match c.space(v.space) {
            Some(index) => index,
            None => {
                let space = Space {
                    kind: embedding.kind(),
                    ..Space::dense(v.space, embedding.dimension(), v.identity)
                };
                self.append_space(collection, space)?
            }
        };
        let space = &self.state.collection(collection)?.spaces[usize::from(index)];
        checks::identity(v.space, space.identity.as_deref(), v.identity)?;
        checks::kind(space, embedding.kind())?;
        if space.truncate {
            embedding.truncate(space.dimension);
        }
        checks::dimension(v.space, space.dimension, embedding.dimension() as usize)?;
        if space.element != Element::F32 || space.truncate {
            embedding.round(space.element);
            checks::embedding(v.space, &embedding, metric)
                .map_err(|e| e.detail("element", space.element.name()))?;
        }
        Ok((index, embedding))
    }

    /// Declares a vector space, so that it need not be plain float32; the same one again is fine.
    pub fn add_space(&mut self, collection: &str, space: Space) -> Result<()> {
        let c = self.state.collection(collection)?;
        checks::space(&space, c.metric)?;
        reembed::refuse_next(&space.name)?;
        let Some(index) = c.space(&space.name) else {
            return self.append_space(collection, space).map(drop);
        };
        let there = &c.spaces[usize::from(index)];
        let same = Space {
            identity: there.identity.clone(),
            ..space
        };
        if same == *there {
            return Ok(());
        }
        let (kind, element) = (there.kind.name(), there.element.name());
        let message = format!(
            "the space {:?} is there already: {kind}, dimension {}, {element}",
            there.name, there.dimension
        );
        Err(Error::new(Code::CollectionMismatch, message).hint("use another vector name"))
    }

    pub(super) fn append_space(&mut self, collection: &str, space: Space) -> Result<u16> {
        let c = self.state.collection(collection)?;
        checks::space(&space, c.metric)?;
        let index = u16::try_from(c.spaces.len()).map_err(|_| {
            Error::new(
                Code::InputLimit,
                "a collection has at most 65,536 vector spaces",
            )
        })?;
        let op = Op::AddSpace {
            collection: c.id,
            space,
        };
        self.state.apply(op.clone())?;
        self.log(|w| op.encode(w))?;
        Ok(index)
    }

    /// Changes parts of a record.
    pub fn update(&mut self, collection: &str, id: &str, change: RecordUpdate<'_>) -> Result<()> {
        self.update_checked(collection, id, change)
            .map_err(|e| checks::of_record(e, id))
    }

    fn update_checked(
        &mut self,
        collection: &str,
        id: &str,
        change: RecordUpdate<'_>,
    ) -> Result<()> {
        let Some(mut record) = self.state.collection(collection)?.get(id, true)? else {
            return Err(
                Error::new(Code::RecordNotFound, format!("no record {id:?}"))
                    .hint("use put to create it"),
            );
        };
        reembed::drop_outdated(self.state.collection(collection)?, &mut record, &change);
        if let Some(text) = change.text {
            text.as_deref().map_or(Ok(()), checks::text)?;
            record.text = text;
        }
        if let Some(Value::Map(entries)) = change.metadata {
            entries
                .into_iter()
                .for_each(|(key, value)| record.metadata.set(&key, value));
        }
        if let Value::Map(entries) = &mut record.metadata {
            entries.retain(|(key, _)| !change.unset.contains(key));
        }
        checks::metadata(&record.metadata)?;
        for name in &change.drop_vectors {
            let space = self.state.collection(collection)?.space(name);
            record.vectors.retain(|(s, _)| Some(*s) != space);
        }
        for (space, values) in self.resolve_vectors(collection, change.vectors)? {
            record.vectors.retain(|(s, _)| *s != space);
            record.vectors.push((space, values));
        }
        record.vectors.sort_by_key(|(space, _)| *space);
        record.updated_us = self.time_us;
        self.store(collection, record)
    }

    /// Removes a record, and tells whether there was one.
    pub fn delete(&mut self, collection: &str, id: &str) -> Result<bool> {
        let c = self.state.collection_mut(collection)?;
        if !c.delete(id)? {
            return Ok(false);
        }
        let op = Op::Delete {
            collection: c.id,
            id: id.to_owned(),
        };
        self.log(|w| op.encode(w))?;
        Ok(true)
    }

    /// Makes the writes durable as one commit, and returns its number; that of the commit before
    /// where nothing was written.
    pub fn commit(self) -> Result<u64> {
        if self.bytes == 0 {
            return Ok(self.state.commit);
        }
        let Transaction {
            guard,
            mut state,
            ops,
            bytes,
            time_us,
            relaxed,
        } = self;
        state.commit += 1;
        state.time_us = time_us;
        // A frame that calls for a checkpoint by itself would only be written twice.
        let direct = bytes > DIRECT_BYTES || bytes as u64 > checkpoint_at(live_bytes(&state));
        let done: Arc<State> = if direct {
            guard.checkpoint(state, None)?
        } else {
            guard.append(state, &ops.bytes, relaxed)?
        };
        Ok(done.commit)
    }
}
