//! What `verify` says of lists that do not match the vectors.

#![allow(clippy::unwrap_used)]

use super::verify;
use crate::format::manifest::SegmentRef;
use crate::format::record::{Metric, Record};
use crate::format::space::{Embedding, Space};
use crate::index::vector::lists::{Codebook, Covered, Head, Needs, Sample, each_list, unit};
use crate::segment::{Coding, ListSegment, NewLists, Segment, SegmentBuilder};
use crate::state::{Collection, SegmentView};
use crate::store::Storage;
use crate::store::memory::MemoryStorage;
use crate::value::Value;
use roaring::RoaringBitmap;
use std::sync::Arc;

const DIMENSION: usize = 40;
const ROWS: u32 = 300;

fn vector(row: u32) -> Vec<f32> {
    let number = |d: u32| ((row * 31 + d * 17) % 101) as f32 - 50.0 + (row % 7 * d) as f32;
    (0..DIMENSION as u32).map(number).collect()
}

struct Rows;

impl Sample for Rows {
    fn count(&self) -> usize {
        ROWS as usize
    }
    fn push(&self, i: usize, out: &mut Vec<f32>) {
        out.extend(vector(i as u32));
    }
}

/// Writes a segment of any sort and returns its entry.
fn place(
    storage: &MemoryStorage,
    (id, records): (u64, u32),
    (bytes, footer_crc): (&[u8], u32),
) -> SegmentRef {
    let offset = storage.len().unwrap().next_multiple_of(4096);
    storage.write_at(offset, bytes).unwrap();
    let len = bytes.len() as u64;
    SegmentRef {
        id,
        extent: crate::format::Extent { offset, len },
        born: 1,
        len,
        records,
        footer_crc,
        dead: RoaringBitmap::new(),
    }
}

/// A collection of one segment, and what lists over it would be, changed by `change` before they are written.
fn verified(
    metric: Metric,
    change: impl Fn(&mut Vec<[u32; 2]>, &mut Vec<Covered>),
    wrong_row: Option<u32>,
) -> Result<(), String> {
    let storage = MemoryStorage::default();
    let mut c = Collection::new(1, "c", metric, "en", 0).unwrap();
    c.spaces.push(Space::dense("v", DIMENSION as u32, None));
    let coding = Coding::default();
    let mut builder = SegmentBuilder::new(&c.analyzer, &c.spaces, metric, &coding);
    for row in 0..ROWS {
        let record = Record {
            id: format!("r{row}"),
            text: None,
            metadata: Value::Map(Vec::new()),
            created_us: 1,
            updated_us: 1,
            vectors: vec![(0, Embedding::Dense(vector(row)))],
        };
        builder.add(&record).unwrap();
    }
    let (bytes, footer_crc) = builder.finish(5).unwrap();
    let at = place(&storage, (5, ROWS), (&bytes, footer_crc));
    c.segments.push(SegmentView {
        segment: Arc::new(Segment::open(&storage, &at).unwrap()),
        dead: Arc::default(),
        at,
    });
    let book = Codebook::train(&Rows, DIMENSION, 6);
    let mut vectors = Vec::new();
    (0..ROWS).for_each(|row| unit(metric, &vector(row), &mut vectors));
    let mut assigned = Vec::new();
    book.assign(&vectors, &mut assigned);
    let mut lists_of: Vec<[u32; 2]> = assigned.iter().map(|(lists, _)| *lists).collect();
    let mut covered = vec![Covered { id: 5, rows: ROWS }];
    change(&mut lists_of, &mut covered);
    let mut counts = vec![0; book.lists()];
    lists_of
        .iter()
        .flat_map(|l| each_list(*l))
        .for_each(|l| counts[l as usize] += 1);
    let new = NewLists {
        space: 0,
        metric,
        head: Head::new(DIMENSION, book.lists(), covered, &Needs::default()),
        book: &book,
        radii: &vec![1.0; book.lists()],
        counts: &counts,
        lists_of: &lists_of,
    };
    let push = |row: u32, out: &mut Vec<f32>| {
        let of = if wrong_row == Some(row) { row + 1 } else { row };
        unit(metric, &vector(of), out);
        Ok(())
    };
    let (bytes, footer_crc, entries) = new.build(6, push).unwrap();
    let at = place(&storage, (6, entries), (&bytes, footer_crc));
    let lists = ListSegment::open(&storage, &at).unwrap();
    verify(&c, &lists).map_err(|e| e.message().to_owned())
}

#[test]
fn lists_are_compared_with_the_vectors() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        assert_eq!(verified(metric, |_, _| (), None), Ok(()));
        // Which lists a row is in is a choice.
        let elsewhere = |lists: &mut Vec<[u32; 2]>, _: &mut Vec<Covered>| lists[7] = [2, 2];
        assert_eq!(verified(metric, elsewhere, None), Ok(()));
        let wrong = verified(metric, |_, _| (), Some(11)).unwrap_err();
        assert!(wrong.contains("do not match"), "{wrong}");
    }
}

#[test]
fn lists_hold_every_row() {
    let missing = |lists: &mut Vec<[u32; 2]>, _: &mut Vec<Covered>| {
        lists.pop();
    };
    let wrong = verified(Metric::Cosine, missing, None).unwrap_err();
    assert!(wrong.contains("once or twice"), "{wrong}");
    let fewer = |_: &mut Vec<[u32; 2]>, covered: &mut Vec<Covered>| {
        covered[0].rows -= 1;
        covered.push(Covered { id: 9, rows: 1 });
    };
    let wrong = verified(Metric::Cosine, fewer, None).unwrap_err();
    assert!(wrong.contains("other rows"), "{wrong}");
    // What is not there any more is not looked at.
    let gone = |_: &mut Vec<[u32; 2]>, covered: &mut Vec<Covered>| covered[0].id = 9;
    assert_eq!(verified(Metric::Cosine, gone, Some(3)), Ok(()));
}
