//! Sparse vectors by dimension (F-160): which rows have a weight there, and how large it is.
//!
//! Owns: both sides of the bytes, and the inner products of a query with all rows. Weights are kept
//! as exactly as the space keeps them. A score is the sum of products in ascending order of the
//! dimensions, one rounding each, so that it is the same as [`inner_product`] of the two vectors
//! wherever a record lies.
//!
//! Layout: rows u32, dimensions u32, element u32 (0 float32, 1 float16), 0 u32; the dimensions, u32,
//! ascending; where the postings of each end, u32; its largest weight, float32; zeros to 64; the rows
//! of all postings, u16 where there are at most 65,536 rows, else u32; zeros to 64; their weights in
//! the element type.

use crate::error::{Code, Error, Result};
use crate::format::codec::{Reader, Writer};
use crate::format::space::{Element, to_f16};
use crate::format::{Decode, Malformed};
use half::f16;
use std::collections::BTreeMap;

const HEAD_BYTES: usize = 16;
const ALIGN: usize = 64;
const NARROW_ROWS: u32 = 1 << 16;

/// The inner product of two sparse vectors, both ascending.
#[must_use]
pub fn inner_product(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let mut sum = 0.0;
    let mut rest = b.iter().peekable();
    for (dimension, weight) in a {
        while rest.next_if(|(other, _)| other < dimension).is_some() {}
        if let Some((_, other)) = rest.next_if(|(other, _)| other == dimension) {
            sum += weight * other;
        }
    }
    sum
}

/// Takes the sparse vectors of a space, row by row.
pub struct SparseWriter {
    element: Element,
    rows: u32,
    postings: BTreeMap<u32, Vec<(u32, f32)>>,
    count: u32,
}

impl SparseWriter {
    /// A writer for a space of this element type.
    #[must_use]
    pub fn new(element: Element) -> SparseWriter {
        SparseWriter {
            element,
            rows: 0,
            postings: BTreeMap::new(),
            count: 0,
        }
    }

    /// Adds the next row.
    pub fn push(&mut self, entries: &[(u32, f32)]) -> Result<()> {
        let count = u32::try_from(entries.len()).ok();
        let total = count.and_then(|n| self.count.checked_add(n));
        self.count = total.ok_or_else(|| Error::internal("a segment has too many weights"))?;
        for (dimension, weight) in entries {
            let list = self.postings.entry(*dimension).or_default();
            list.push((self.rows, *weight));
        }
        self.rows += 1;
        Ok(())
    }

    /// Appends the bytes; the writer stands at a multiple of 64.
    pub fn write(&self, w: &mut Writer) {
        w.u32(self.rows);
        w.u32(self.postings.len() as u32);
        w.u32(u32::from(self.element == Element::F16));
        w.u32(0);
        self.postings.keys().for_each(|dimension| w.u32(*dimension));
        let mut end = 0;
        for list in self.postings.values() {
            end += list.len() as u32;
            w.u32(end);
        }
        let largest = |list: &Vec<(u32, f32)>| list.iter().fold(0f32, |m, (_, x)| m.max(*x));
        self.postings
            .values()
            .for_each(|list| w.f32s(&[largest(list)]));
        w.align(ALIGN);
        let all = || self.postings.values().flatten();
        match self.rows <= NARROW_ROWS {
            true => all().for_each(|(row, _)| w.u16(*row as u16)),
            false => all().for_each(|(row, _)| w.u32(*row)),
        }
        w.align(ALIGN);
        match self.element {
            Element::F16 => all().for_each(|(_, x)| w.u16(to_f16(*x).to_bits())),
            _ => all().for_each(|(_, x)| w.f32s(&[*x])),
        }
    }
}

#[derive(Clone, Copy)]
enum RowNumbers<'a> {
    Narrow(&'a [u16]),
    Wide(&'a [u32]),
}

#[derive(Clone, Copy)]
enum Weights<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
}

/// The index of one space of a segment.
#[derive(Clone, Copy)]
pub struct SparseReader<'a> {
    rows: u32,
    dimensions: &'a [u32],
    ends: &'a [u32],
    largest: &'a [f32],
    numbers: RowNumbers<'a>,
    weights: Weights<'a>,
}

fn cast<'a, T: bytemuck::AnyBitPattern>(
    bytes: &'a [u8],
    at: &mut usize,
    n: usize,
) -> Decode<&'a [T]> {
    let len = n.checked_mul(size_of::<T>());
    let end = len.and_then(|len| at.checked_add(len));
    let end = end.ok_or(Malformed("a sparse index has impossible sizes"))?;
    let part = bytes.get(*at..end);
    let part = part.ok_or(Malformed("a sparse index is too short"))?;
    *at = end;
    bytemuck::try_cast_slice(part).map_err(|_| Malformed("a sparse index is not aligned"))
}

impl<'a> SparseReader<'a> {
    /// Finds its way in the bytes, which begin at a multiple of 64.
    pub fn open(bytes: &'a [u8]) -> Result<SparseReader<'a>> {
        let wrong = |why: Malformed| Error::new(Code::CorruptSegment, why.0);
        SparseReader::decode(bytes).map_err(wrong)
    }

    fn decode(bytes: &'a [u8]) -> Decode<SparseReader<'a>> {
        let mut r = Reader::new(bytes);
        let (rows, n, half) = (r.u32()?, r.u32()? as usize, r.u32()?);
        let mut at = HEAD_BYTES;
        let dimensions: &[u32] = cast(bytes, &mut at, n)?;
        let ends: &[u32] = cast(bytes, &mut at, n)?;
        let largest = cast(bytes, &mut at, n)?;
        let total = ends.last().copied().unwrap_or(0) as usize;
        at = at.next_multiple_of(ALIGN);
        let numbers = match rows <= NARROW_ROWS {
            true => RowNumbers::Narrow(cast(bytes, &mut at, total)?),
            false => RowNumbers::Wide(cast(bytes, &mut at, total)?),
        };
        at = at.next_multiple_of(ALIGN);
        let weights = match half {
            0 => Weights::F32(cast(bytes, &mut at, total)?),
            1 => Weights::F16(cast(bytes, &mut at, total)?),
            _ => return Err(Malformed("a sparse index has an unknown element type")),
        };
        if !ends.is_sorted() || !dimensions.is_sorted_by(|a, b| a < b) {
            return Err(Malformed("a sparse index is out of order"));
        }
        Ok(SparseReader {
            rows,
            dimensions,
            ends,
            largest,
            numbers,
            weights,
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    fn place(&self, dimension: u32) -> Option<usize> {
        self.dimensions.binary_search(&dimension).ok()
    }

    /// What no row scores above.
    #[must_use]
    pub fn bound(&self, query: &[(u32, f32)]) -> f32 {
        let parts = query.iter().filter_map(|(dimension, weight)| {
            let place = self.place(*dimension)?;
            Some(f64::from(*weight) * f64::from(*self.largest.get(place)?))
        });
        // A little above the sum, for what rounding may add to a score.
        (parts.sum::<f64>() * (1.0 + 1e-4)) as f32
    }

    /// Replaces `out` by the inner products with all rows; 0 for one that shares no dimension.
    pub fn scores(&self, query: &[(u32, f32)], out: &mut Vec<f32>) -> Result<()> {
        out.clear();
        out.resize(self.rows as usize, 0.0);
        for (dimension, weight) in query {
            if let Some(place) = self.place(*dimension) {
                self.add(place, *weight, out).ok_or_else(|| {
                    Error::new(Code::CorruptSegment, "a sparse index names a row too many")
                })?;
            }
        }
        Ok(())
    }

    fn add(&self, place: usize, weight: f32, out: &mut [f32]) -> Option<()> {
        let start = place
            .checked_sub(1)
            .map_or(Some(&0), |before| self.ends.get(before))?;
        let range = *start as usize..*self.ends.get(place)? as usize;
        match (self.numbers, self.weights) {
            (RowNumbers::Narrow(n), Weights::F32(w)) => {
                add_products(n.get(range.clone())?, w.get(range)?, weight, out, |x| x)
            }
            (RowNumbers::Narrow(n), Weights::F16(w)) => add_products(
                n.get(range.clone())?,
                w.get(range)?,
                weight,
                out,
                f16::to_f32,
            ),
            (RowNumbers::Wide(n), Weights::F32(w)) => {
                add_products(n.get(range.clone())?, w.get(range)?, weight, out, |x| x)
            }
            (RowNumbers::Wide(n), Weights::F16(w)) => add_products(
                n.get(range.clone())?,
                w.get(range)?,
                weight,
                out,
                f16::to_f32,
            ),
        }
    }
}

fn add_products<N: Copy + Into<u32>, W: Copy>(
    rows: &[N],
    weights: &[W],
    weight: f32,
    out: &mut [f32],
    float: impl Fn(W) -> f32,
) -> Option<()> {
    for (row, other) in rows.iter().zip(weights) {
        let row: u32 = (*row).into();
        *out.get_mut(row as usize)? += weight * float(*other);
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Entries = Vec<(u32, f32)>;

    fn vectors() -> impl Strategy<Value = Vec<Entries>> {
        let one = prop::collection::btree_map(0u32..40, 0.01f32..5.0, 0..12);
        prop::collection::vec(one.prop_map(|m| m.into_iter().collect()), 0..60)
    }

    fn bytes(element: Element, rows: &[Entries]) -> Vec<u8> {
        let mut writer = SparseWriter::new(element);
        rows.iter().for_each(|row| writer.push(row).unwrap());
        let mut w = Writer::new();
        writer.write(&mut w);
        w.bytes
    }

    /// The bytes at an address that is a multiple of 64, as in a mapped file.
    fn aligned(bytes: &[u8], run: impl FnOnce(&[u8])) {
        let mut words = vec![0u64; bytes.len().div_ceil(8) + 8];
        let skip = words.as_ptr().align_offset(ALIGN);
        let place = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut words[skip..])[..bytes.len()];
        place.copy_from_slice(bytes);
        run(place);
    }

    proptest! {
        #[test]
        fn scores_are_the_inner_products_to_the_bit(rows in vectors(), query in vectors(), half in any::<bool>()) {
            let element = if half { Element::F16 } else { Element::F32 };
            let rounded: Vec<Entries> = rows.iter().map(|row| row.iter().map(|(d, x)| {
                let mut x = [*x];
                element.round(&mut x);
                (*d, x[0])
            }).collect()).collect();
            let query = query.first().cloned().unwrap_or_default();
            aligned(&bytes(element, &rounded), |bytes| {
                let reader = SparseReader::open(bytes).unwrap();
                let mut found = Vec::new();
                reader.scores(&query, &mut found).unwrap();
                let wanted: Vec<f32> = rounded.iter().map(|row| inner_product(&query, row)).collect();
                assert_eq!(found, wanted);
                assert!(found.iter().all(|s| *s <= reader.bound(&query)));
            });
        }

        #[test]
        fn damage_is_an_error_or_harmless(rows in vectors(), at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut bytes = bytes(Element::F32, &rows);
            let i = at.index(bytes.len());
            bytes[i] ^= flip;
            aligned(&bytes, |bytes| {
                if let Ok(reader) = SparseReader::open(bytes) && reader.rows() < 1 << 20 {
                    let query: Entries = (0..40).map(|d| (d, 1.0)).collect();
                    let _ = reader.scores(&query, &mut Vec::new());
                }
                for len in 0..bytes.len() {
                    let _ = SparseReader::open(&bytes[..len]);
                }
            });
        }
    }
}
