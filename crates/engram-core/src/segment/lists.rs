//! Segments of lists (F-180 to F-184): codes of rows of other segments, by list.

use crate::error::{Error, Result};
use crate::format::Malformed;
use crate::format::manifest::SegmentRef;
use crate::format::record::Metric;
use crate::format::segment::{Part, SegmentWriter, kind};
use crate::index::vector::lists::{
    Centres, Codebook, Head, ListsWriter, NO_ROW, Places, Slots, each_list,
};
use crate::index::vector::padded;
use crate::kernel::nibble::{ROWS, UNIT_DIMENSIONS, block_bytes};
use crate::store::{Sealed, Storage};
use std::sync::OnceLock;

/// What a segment of lists is made of.
pub struct NewLists<'a> {
    /// Index of the space.
    pub space: u16,
    /// How rows are compared.
    pub metric: Metric,
    /// Its head; the noise is found on the way.
    pub head: Head,
    /// The centres.
    pub book: &'a Codebook,
    /// How far rows lie from them.
    pub radii: &'a [f32],
    /// Entries of each list.
    pub counts: &'a [u32],
    /// The lists of each row.
    pub lists_of: &'a [[u32; 2]],
}

impl NewLists<'_> {
    /// The bytes of the segment, the CRC-32 of its footer, and how many entries there are. `push` appends the
    /// vector of a row; it is asked row by row.
    pub fn build(
        mut self,
        id: u64,
        mut push: impl FnMut(u32, &mut Vec<f32>) -> Result<()>,
    ) -> Result<(Vec<u8>, u32, u32)> {
        let places = Places::new(self.counts).ok_or_else(|| Error::internal("too many entries"))?;
        let entries = self.counts.iter().sum();
        let mut segment = SegmentWriter::new(id, entries);
        let (codes, scales) = self.book.centres();
        segment.part_with(kind::LIST_CENTRES, self.space, |w| {
            self.counts.iter().for_each(|n| w.u32(*n));
            w.f32s(self.radii);
            w.f32s(scales);
            w.bytes.extend(codes.iter().map(|x| *x as u8));
        });
        let dimension = self.head.dimension;
        let block = block_bytes(padded(dimension) / UNIT_DIMENSIONS);
        let mut rows = vec![NO_ROW; places.blocks() * ROWS];
        let noise = segment.part_with(kind::LIST_CODES, self.space, |w| {
            let start = w.bytes.len();
            w.bytes
                .reserve_exact(places.blocks() * (block + ROWS * 4) + (1 << 20));
            w.bytes.resize(start + places.blocks() * block, 0);
            let into = &mut w.bytes[start..];
            let mut writer = ListsWriter::new(self.metric, dimension, (codes, scales), into);
            let (mut slots, mut vector) = (Slots::new(&places), Vec::new());
            for (lists, row) in self.lists_of.iter().zip(0u32..) {
                vector.clear();
                push(row, &mut vector)?;
                writer.rotate(&mut vector);
                for list in each_list(*lists) {
                    let at = slots.take(list);
                    rows[at] = row;
                    writer.put(list, at, &vector);
                }
            }
            Ok::<_, Error>(writer.noise())
        })?;
        self.head.noise = noise;
        segment.part_with(kind::LIST_ROWS, self.space, |w| {
            rows.iter().for_each(|row| w.u32(*row));
        });
        segment.part_with(kind::LISTS, self.space, |w| self.head.encode(w));
        let (bytes, footer_crc) = segment.finish();
        Ok((bytes, footer_crc, entries))
    }
}

/// An open segment of lists.
pub struct ListSegment {
    sealed: Sealed,
    space: u16,
    head: Head,
    centres: Part,
    codes: Part,
    rows: Part,
    places: OnceLock<Places>,
}

impl ListSegment {
    /// Maps the segment of a manifest entry, and checks its outside and its head.
    pub fn open(storage: &dyn Storage, at: &SegmentRef) -> Result<ListSegment> {
        let sealed = Sealed::open(storage, at)?;
        let of_kind = |kind: u16| {
            let found = sealed.parts().iter().find(|p| p.kind == kind).copied();
            found.ok_or_else(|| sealed.damaged(Malformed("a part is missing")))
        };
        let part = of_kind(kind::LISTS)?;
        let head = sealed.ok(Head::decode(sealed.whole(part)?))?;
        let (centres, codes, rows) = (
            of_kind(kind::LIST_CENTRES)?,
            of_kind(kind::LIST_CODES)?,
            of_kind(kind::LIST_ROWS)?,
        );
        // A part is in the file, so none of these is too large to be multiplied.
        let of_centres = (head.dimension as u64 + 12).checked_mul(head.lists as u64);
        if of_centres != Some(centres.len) {
            return Err(sealed.damaged(Malformed("the centres of lists have the wrong length")));
        }
        Ok(ListSegment {
            space: part.space,
            head,
            centres,
            codes,
            rows,
            places: OnceLock::new(),
            sealed,
        })
    }

    /// Its frame.
    #[must_use]
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// Index of the space.
    #[must_use]
    pub fn space(&self) -> u16 {
        self.space
    }

    /// What it covers.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The centres.
    pub fn centres(&self) -> Result<Centres<'_>> {
        let bytes = self.sealed.whole(self.centres)?;
        let (numbers, codes) = bytes.split_at(self.head.lists * 12);
        let wrong = |_| self.sealed.damaged(Malformed("lists are not aligned"));
        let (counts, numbers) = numbers.split_at(self.head.lists * 4);
        let numbers: &[f32] = bytemuck::try_cast_slice(numbers).map_err(wrong)?;
        let (radii, scales) = numbers.split_at(self.head.lists);
        Ok(Centres {
            dimension: self.head.dimension,
            codes: bytemuck::cast_slice(codes),
            scales,
            radii,
            counts: bytemuck::try_cast_slice(counts).map_err(wrong)?,
        })
    }

    /// Where each list begins.
    pub fn places(&self) -> Result<&Places> {
        if let Some(known) = self.places.get() {
            return Ok(known);
        }
        let centres = self.centres()?;
        let wrong = || {
            self.sealed
                .damaged(Malformed("lists have the wrong length"))
        };
        let places = Places::new(centres.counts).ok_or_else(wrong)?;
        let (blocks, block) = (places.blocks() as u64, self.block_bytes() as u64);
        let numbers = centres.scales.iter().chain(centres.radii);
        let sound = numbers.clone().all(|x| (0.0..=1e30).contains(x));
        if !sound || [self.codes.len, self.rows.len] != [blocks * block, blocks * ROWS as u64 * 4] {
            return Err(wrong());
        }
        Ok(self.places.get_or_init(|| places))
    }

    fn block_bytes(&self) -> usize {
        block_bytes(padded(self.head.dimension) / UNIT_DIMENSIONS)
    }

    /// The blocks of a list, and the numbers of its rows, as many as fill up the blocks.
    pub fn list(&self, list: u32) -> Result<(&[u8], &[u32])> {
        let starts = &self.places()?.0;
        let (first, end) = (starts[list as usize], starts[list as usize + 1]);
        self.blocks(first, end)
    }

    /// All blocks, and the numbers of the rows in them.
    pub fn all(&self) -> Result<(&[u8], &[u32])> {
        let end = self.places()?.blocks() as u32;
        self.blocks(0, end)
    }

    fn blocks(&self, first: u32, end: u32) -> Result<(&[u8], &[u32])> {
        let (first, end) = (u64::from(first), u64::from(end));
        let (block, rows) = (self.block_bytes() as u64, ROWS as u64 * 4);
        let codes = self.sealed.bytes(self.codes, first * block..end * block)?;
        let rows = self.sealed.bytes(self.rows, first * rows..end * rows)?;
        let wrong = |_| self.sealed.damaged(Malformed("lists are not aligned"));
        Ok((codes, bytemuck::try_cast_slice(rows).map_err(wrong)?))
    }
}
