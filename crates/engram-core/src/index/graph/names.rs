//! The node dictionary of an edge segment: numbers of ids, ids of numbers (F-143).
//!
//! Layout: first number u32, count u32; the upper halves of the ids' XXH3-64, ascending, u32 each;
//! the places that belong to them, u32 each; count + 1 offsets u32; the ids one behind the other. A
//! place is a number less the first one.

use super::{Part, number};
use crate::error::{Code, Error, Result};
use crate::format::Malformed;
use crate::format::codec::Writer;
use xxhash_rust::xxh3::xxh3_64;

const HEAD_BYTES: u64 = 8;

fn hash(id: &str) -> u32 {
    (xxh3_64(id.as_bytes()) >> 32) as u32
}

/// Writes the dictionary of nodes that are numbered from `first` on.
pub fn encode_names(w: &mut Writer, first: u32, ids: &[&str]) -> Result<()> {
    let total: u64 = ids.iter().map(|id| id.len() as u64).sum();
    if total > u64::from(u32::MAX) {
        let message = "the ids of the nodes of one edge segment take more than 4 GiB";
        return Err(Error::new(Code::InputLimit, message).hint("use shorter ids"));
    }
    w.u32(first);
    w.u32(ids.len() as u32);
    let mut by_hash: Vec<(u32, u32)> = ids.iter().map(|id| hash(id)).zip(0u32..).collect();
    by_hash.sort_unstable();
    by_hash.iter().for_each(|(hash, _)| w.u32(*hash));
    by_hash.iter().for_each(|(_, place)| w.u32(*place));
    let mut end = 0u32;
    w.u32(end);
    for id in ids {
        end += id.len() as u32;
        w.u32(end);
    }
    ids.iter()
        .for_each(|id| w.bytes.extend_from_slice(id.as_bytes()));
    Ok(())
}

/// The way into a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Number of its first node.
    pub first: u32,
    /// How many nodes it names.
    pub count: u32,
}

impl Names {
    /// Reads and checks the head of a dictionary.
    pub fn open<'a>(part: impl Part<'a>) -> Result<Names> {
        let names = Names {
            first: number(part, 0)?,
            count: number(part, 4)?,
        };
        let numbered = names.first.checked_add(names.count).is_some();
        if !numbered || names.ids_at() > part.size() {
            return Err(part.damaged(Malformed("a node dictionary has an impossible size")));
        }
        Ok(names)
    }

    /// One more than the number of its last node.
    #[must_use]
    pub fn end(self) -> u32 {
        self.first + self.count
    }

    fn places_at(self) -> u64 {
        HEAD_BYTES + u64::from(self.count) * 4
    }

    fn offsets_at(self) -> u64 {
        HEAD_BYTES + u64::from(self.count) * 8
    }

    fn ids_at(self) -> u64 {
        self.offsets_at() + (u64::from(self.count) + 1) * 4
    }

    /// The id of a node, which must be one of this dictionary's.
    pub fn name<'a>(self, part: impl Part<'a>, node: u32) -> Result<&'a str> {
        if node < self.first || node >= self.end() {
            return Err(part.damaged(Malformed("an edge leads to a node without a name")));
        }
        let at = self.offsets_at() + u64::from(node - self.first) * 4;
        let (start, end) = (number(part, at)?, number(part, at + 4)?);
        let base = self.ids_at();
        let bytes = part.bytes(base + u64::from(start)..base + u64::from(end))?;
        std::str::from_utf8(bytes).map_err(|_| part.damaged(Malformed("an id is not UTF-8")))
    }

    /// The number of an id.
    pub fn find<'a>(self, part: impl Part<'a>, id: &str) -> Result<Option<u32>> {
        let wanted = hash(id);
        let hash_at = |i: u32| number(part, HEAD_BYTES + u64::from(i) * 4);
        let mut i = lower_bound(self.count, wanted, hash_at)?;
        while i < self.count && hash_at(i)? == wanted {
            let place = number(part, self.places_at() + u64::from(i) * 4)?;
            if place >= self.count {
                return Err(part.damaged(Malformed("a node dictionary names a place too many")));
            }
            if self.name(part, self.first + place)? == id {
                return Ok(Some(self.first + place));
            }
            i += 1;
        }
        Ok(None)
    }
}

/// First of `n` ascending, evenly spread hashes that is not below `wanted`.
fn lower_bound(n: u32, wanted: u32, at: impl Fn(u32) -> Result<u32>) -> Result<u32> {
    // Hashes are uniform, so the place of one is nearly known; widen from there until it is inside.
    let guess = ((u64::from(wanted) * u64::from(n)) >> 32) as u32;
    let (mut low, mut high, mut step) = (guess, guess, 32);
    while low > 0 && at(low - 1)? >= wanted {
        low = low.saturating_sub(step);
        step = step.saturating_mul(2);
    }
    step = 32;
    while high < n && at(high)? < wanted {
        high = high.saturating_add(step).min(n);
        step = step.saturating_mul(2);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if at(middle)? < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
