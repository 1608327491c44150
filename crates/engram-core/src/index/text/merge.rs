//! Several indexes to one, without their texts.
//!
//! Owns: the merging. Invariant: the result has the bytes that writing the kept documents anew, in the new
//! order, would give. Complexity: linear in the postings, and a comparison of terms for each source.

use super::TextIndexReader;
use super::dictionary::TermInfo;
use super::layout::corrupt;
use super::list_writer::ListInput;
use super::terms::Terms;
use super::writer::Output;
use crate::error::{Error, Result};
use std::cmp::Ordering;

/// Where a document goes that is left out.
pub const DROPPED: u32 = u32::MAX;

/// An index that goes into another.
pub struct MergeSource<'a> {
    /// The index.
    pub reader: TextIndexReader<'a>,
    /// The new ordinal of each old one, or [`DROPPED`]; those beyond the end are dropped. Kept ones
    /// ascend, and those of a source are above those of the sources before.
    pub ordinals: Vec<u32>,
}

/// The terms of a source, at one of them.
struct Cursor<'a> {
    source: &'a MergeSource<'a>,
    terms: Terms<'a>,
    info: TermInfo,
}

impl MergeSource<'_> {
    fn new_ordinal(&self, old: u32) -> Option<u32> {
        let new = self.ordinals.get(old as usize).copied();
        new.filter(|&new| new != DROPPED)
    }

    /// The documents of a term that are kept, appended.
    fn append(&self, found: &ListInput, out: &mut ListInput) -> Result<()> {
        let mut positions = found.positions.as_slice();
        for (&ordinal, &tf) in found.ordinals.iter().zip(&found.frequencies) {
            let parts = positions.split_at_checked(tf as usize);
            let (these, rest) = parts.unwrap_or((positions, &[]));
            positions = rest;
            let Some(new) = self.new_ordinal(ordinal) else {
                continue;
            };
            let length = self.reader.doc_len(ordinal);
            if these.last().is_none_or(|&position| position >= length) {
                return Err(corrupt("a term beyond the length of its document"));
            }
            out.ordinals.push(new);
            out.frequencies.push(tf);
            out.positions.extend_from_slice(these);
        }
        Ok(())
    }
}

/// Merges indexes.
///
/// Errors: `corrupt.segment` where one of them is; `internal` if new ordinals do not ascend.
pub fn merge(sources: &[MergeSource<'_>]) -> Result<Vec<u8>> {
    let lengths = lengths(sources)?;
    let mut output = Output::new(&lengths);
    let mut cursors = Vec::new();
    for source in sources {
        let mut terms = source.reader.terms()?;
        if let Some(info) = terms.advance()? {
            cursors.push(Cursor {
                source,
                terms,
                info,
            });
        }
    }
    let (mut term, mut found, mut input) = (Vec::new(), ListInput::default(), ListInput::default());
    let mut first = Vec::new();
    while find_first(&cursors, &mut first) {
        let least = first.first().and_then(|number| cursors.get(*number));
        term.clear();
        term.extend_from_slice(least.map_or(&[], |cursor| cursor.terms.term()));
        input.clear();
        let mut ended = false;
        for number in &first {
            let Some(cursor) = cursors.get_mut(*number) else {
                continue;
            };
            cursor.source.reader.read_list(cursor.info, &mut found)?;
            cursor.source.append(&found, &mut input)?;
            match cursor.terms.advance()? {
                Some(info) => cursor.info = info,
                None => {
                    cursor.terms.end();
                    ended = true;
                }
            }
        }
        if !input.ordinals.is_empty() {
            output.push(&term, &input);
        }
        if ended {
            cursors.retain(|cursor| !cursor.terms.is_at_end());
        }
    }
    output.finish()
}

/// Notes which cursors are at the least term, in order. False if there are none.
fn find_first(cursors: &[Cursor<'_>], first: &mut Vec<usize>) -> bool {
    first.clear();
    let mut least: &[u8] = &[];
    for (number, cursor) in cursors.iter().enumerate() {
        let order = match first.is_empty() {
            true => Ordering::Less,
            false => cursor.terms.term().cmp(least),
        };
        if order == Ordering::Less {
            first.clear();
            least = cursor.terms.term();
        }
        if order != Ordering::Greater {
            first.push(number);
        }
    }
    !first.is_empty()
}

/// Lengths by new ordinal, up to the last document with text.
fn lengths(sources: &[MergeSource<'_>]) -> Result<Vec<u32>> {
    let mut lengths = Vec::new();
    let mut next = 0;
    for source in sources {
        for old in 0..source.reader.ordinal_limit() {
            let Some(new) = source.new_ordinal(old) else {
                continue;
            };
            if new < next {
                return Err(Error::internal(format!(
                    "text ordinal {new} where {next} is due"
                )));
            }
            next = new + 1;
            let length = source.reader.doc_len(old);
            if length > 0 {
                lengths.resize(new as usize, 0);
                lengths.push(length);
            }
        }
    }
    Ok(lengths)
}
