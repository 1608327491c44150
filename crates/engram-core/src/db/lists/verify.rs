//! Looks for damage in lists: every row is where it should be, under the codes that its vector has.

use super::super::verify::wrong;
use crate::error::Result;
use crate::index::vector::lists::{ListsWriter, NO_ROW, unit};
use crate::kernel::nibble::ROWS;
use crate::segment::ListSegment;
use crate::state::Collection;

/// Compares lists with the vectors of the segments that they cover, as far as these are still there. Which
/// lists a row is in is a choice; that it is in one or two is not.
pub(in crate::db) fn verify(c: &Collection, lists: &ListSegment) -> Result<()> {
    let (head, centres, places) = (lists.head(), lists.centres()?, lists.places()?);
    let (codes, rows) = lists.all()?;
    let mut entries = Vec::with_capacity(lists.sealed().records() as usize);
    for ((list, count), start) in (0u32..).zip(centres.counts).zip(&places.0) {
        let (first, end) = (
            *start as usize * ROWS,
            places.0[list as usize + 1] as usize * ROWS,
        );
        let (own, filled) = rows[first..end].split_at(*count as usize);
        if !own.is_sorted_by(|a, b| a < b) || filled.iter().any(|row| *row != NO_ROW) {
            return Err(wrong(format!("the rows of list {list} are not in order")));
        }
        entries.extend(own.iter().zip(first..).map(|(row, at)| (*row, list, at)));
    }
    entries.sort_unstable();
    let all = head.rows() as u32;
    let often = entries.chunk_by(|a, b| a.0 == b.0);
    let known = often
        .clone()
        .zip(0u32..)
        .all(|(own, row)| own[0].0 == row && own.len() <= 2);
    if !known || often.count() as u32 != all || entries.len() as u32 != lists.sealed().records() {
        return Err(wrong(
            "lists do not hold every row that they cover once or twice",
        ));
    }
    let mut again = codes.to_vec();
    let metric = c.metric;
    let dimension = head.dimension;
    let of_centres = (centres.codes, centres.scales);
    let mut writer = ListsWriter::new(metric, dimension, of_centres, &mut again);
    let (mut entries, mut start) = (entries.as_slice(), 0);
    let (mut vector, mut buffer) = (Vec::new(), Vec::new());
    for covered in &head.covered {
        let end = start + covered.rows;
        let count = entries.partition_point(|(row, _, _)| *row < end);
        let (own, rest) = entries.split_at(count);
        entries = rest;
        let view = c.segments.iter().find(|v| v.at.id == covered.id);
        if let Some(view) = view {
            let vectors = view.segment.dense(lists.space())?;
            let Some(vectors) = vectors.filter(|v| v.rows().len() == covered.rows) else {
                return Err(wrong("lists cover other rows than a segment has"));
            };
            let plane = vectors.all()?;
            for (row, list, at) in own {
                vector.clear();
                unit(
                    metric,
                    plane.row((row - start) as usize, &mut buffer),
                    &mut vector,
                );
                writer.rotate(&mut vector);
                writer.put(*list, *at, &vector);
            }
        }
        start = end;
    }
    let gone = head
        .covered
        .iter()
        .any(|one| c.segments.iter().all(|v| v.at.id != one.id));
    let noise = writer.noise();
    // The order of the rows is that of the writer, so what is added up is the same to the bit.
    if again != codes || !gone && noise.to_bits() != head.noise.to_bits() {
        return Err(wrong("the codes of lists do not match the vectors"));
    }
    Ok(())
}
