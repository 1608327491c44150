//! The vector spaces of a collection: their names, and what is left of those that were given up.
//!
//! Records and segments refer to spaces by index, so a space that is given up keeps its place and loses
//! its name (F-043). Invariants: no two spaces have one name; no record in memory has an embedding in a
//! space that was given up; those that old segments hold are passed over, and gone with the next rewrite.

use super::{Collection, Entry, Location, SegmentView};
use crate::error::{Code, Error, Result};
use crate::format::record::Record;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Collection {
    /// The index of a space.
    #[must_use]
    pub fn space(&self, name: &str) -> Option<u16> {
        let mut spaces = self.spaces.iter().zip(0u16..);
        let found = spaces.find(|(s, _)| s.name == name && !s.is_given_up());
        found.map(|(_, index)| index)
    }

    /// Whether a space of an index was given up.
    #[must_use]
    pub fn is_given_up(&self, space: u16) -> bool {
        let space = self.spaces.get(usize::from(space));
        space.is_none_or(|s| s.is_given_up())
    }

    /// Gives a space a name, and gives up the one that had it; without a name gives it up itself.
    pub fn name_space(&mut self, space: u16, name: &str) -> Result<()> {
        if self.is_given_up(space) {
            let message = format!("the log names vector space {space}, which is not there");
            return Err(
                Error::new(Code::CorruptLog, message).hint("run `engram doctor` on the file")
            );
        }
        let other = self.space(name).filter(|other| *other != space);
        if let Some(other) = other {
            self.give_up(other);
        }
        match name {
            "" => self.give_up(space),
            _ => name.clone_into(&mut self.spaces[usize::from(space)].name),
        }
        Ok(())
    }

    fn give_up(&mut self, space: u16) {
        self.spaces[usize::from(space)].name.clear();
        self.lists.retain(|v| v.lists.space() != space);
        let has = |e: &&Arc<Entry>| e.record.embedding(space).is_some();
        let having: Vec<Arc<Entry>> = self.memory.values().filter(has).cloned().collect();
        for entry in having {
            let mut record = entry.record.clone();
            record.vectors.retain(|(s, _)| *s != space);
            self.memory_bytes -= entry.record.size_bytes() as u64;
            self.memory_bytes += record.size_bytes() as u64;
            let key = Arc::from(record.id.as_str());
            self.memory.insert(key, Arc::new(Entry::new(record)));
        }
    }

    /// Takes from a record of a segment what it has in spaces that were given up.
    pub fn strip(&self, record: &mut Record) {
        record
            .vectors
            .retain(|(space, _)| !self.is_given_up(*space));
    }

    /// Some records of a segment of this collection, by ordinal.
    pub fn records_of(
        &self,
        view: &SegmentView,
        wanted: &RoaringBitmap,
        vectors: bool,
    ) -> Result<Vec<Record>> {
        let mut records = view.segment.records_of(wanted, vectors)?;
        records.iter_mut().for_each(|record| self.strip(record));
        Ok(records)
    }

    /// The records of some ids, embeddings included; those of one segment are read together.
    pub fn records(&self, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        let mut out = vec![None; ids.len()];
        let mut stored: BTreeMap<usize, BTreeMap<u32, Vec<usize>>> = BTreeMap::new();
        for (id, place) in ids.iter().zip(0..) {
            match self.find(id)? {
                None => {}
                Some(Location::Memory(entry)) => out[place] = Some(entry.record.clone()),
                Some(Location::Segment(i, ordinal)) => {
                    let of_segment = stored.entry(i).or_default();
                    of_segment.entry(ordinal).or_default().push(place);
                }
            }
        }
        for (i, places) in stored {
            let wanted: RoaringBitmap = places.keys().copied().collect();
            let records = self.records_of(&self.segments[i], &wanted, true)?;
            for (record, places) in records.into_iter().zip(places.values()) {
                for place in places {
                    out[*place] = Some(record.clone());
                }
            }
        }
        Ok(out)
    }

    /// Bytes of a segment that hold embeddings of spaces that were given up.
    #[must_use]
    pub fn given_up_bytes(&self, view: &SegmentView) -> u64 {
        view.segment
            .embedding_bytes(|space| self.is_given_up(space))
    }
}
