//! Names and rows read back as written, from any bytes without a panic.

use super::super::*;
use crate::error::{Code, Error, Result};
use crate::format::Malformed;
use crate::format::codec::Writer;
use proptest::prelude::*;
use std::ops::Range;

/// Bytes that nobody checks.
#[derive(Clone, Copy)]
struct Loose<'a>(&'a [u8]);

impl<'a> Part<'a> for Loose<'a> {
    fn size(self) -> u64 {
        self.0.len() as u64
    }
    fn bytes(self, range: Range<u64>) -> Result<&'a [u8]> {
        let range = range.start as usize..range.end as usize;
        self.0
            .get(range)
            .ok_or_else(|| self.damaged(Malformed("a part is too short")))
    }
    fn damaged(self, why: Malformed) -> Error {
        why.into_error(Code::CorruptSegment, "the segment", 0)
    }
}

/// Bytes aligned as those of a segment are.
fn aligned(bytes: &[u8]) -> crate::store::storage::AlignedBytes {
    let mut out = crate::store::storage::AlignedBytes::zeroed(bytes.len());
    out.as_mut_slice().copy_from_slice(bytes);
    out
}

fn entries(span: u32, types: u32) -> impl Strategy<Value = Vec<Entry>> {
    let one = (0..span, 0..types, 0..span).prop_map(|(node, kind, other)| Entry {
        node,
        kind,
        other,
        edge: 0,
    });
    prop::collection::btree_set(one, 0..60).prop_map(|set| {
        let numbered = set.into_iter().zip(0u32..);
        numbered
            .map(|(e, edge)| Entry {
                edge: edge * 3,
                ..e
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn names_read_back_as_written(ids in prop::collection::btree_set(".{1,9}", 0..200), first in 0u32..9, probe in ".{1,9}") {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut w = Writer::new();
        encode_names(&mut w, first, &ids).unwrap();
        let bytes = aligned(&w.bytes);
        let part = Loose(&bytes);
        let names = Names::open(part).unwrap();
        for (id, node) in ids.iter().zip(first..) {
            prop_assert_eq!(names.name(part, node).unwrap(), *id);
            prop_assert_eq!(names.find(part, id).unwrap(), Some(node));
        }
        prop_assert_eq!(names.find(part, &probe).unwrap().is_some(), ids.contains(&probe.as_str()));
        prop_assert!(names.name(part, first + ids.len() as u32).is_err());
    }

    #[test]
    fn rows_read_back_as_written(
        (span, types, entries) in (prop_oneof![1u32..12, 1u32..3000], prop_oneof![1u32..5, 200u32..700])
            .prop_flat_map(|(span, types)| (Just(span), Just(types), entries(span, types))),
        incoming in any::<bool>(),
    ) {
        let mut w = Writer::new();
        encode_rows(&mut w, &entries, span, types, incoming);
        let bytes = aligned(&w.bytes);
        let part = Loose(&bytes);
        let rows = Rows::open(part, incoming).unwrap();
        let mut all = Vec::new();
        let listed = rows.nodes(part).unwrap();
        for node in 0..span + 2 {
            let row = rows.row(part, node).unwrap();
            let kinds = rows.kinds(part, row).unwrap();
            prop_assert!(row.others.is_empty() || listed.binary_search(&node).is_ok());
            for (i, other) in row.others.iter().enumerate() {
                let kind = kinds.get(i).unwrap();
                prop_assert!(kinds.of(kind).contains(&i));
                let edge = if incoming { rows.edge_numbers(part, row).unwrap()[i] } else { entries[all.len()].edge };
                all.push(Entry { node, kind, other: *other, edge });
            }
        }
        prop_assert_eq!(all, entries);
    }

    #[test]
    fn hostile_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), shape in 0u8..3, small in any::<bool>(), probe in any::<u32>()) {
        // Heads that are nearly right get further than noise.
        if small && bytes.len() > 16 {
            for at in [1, 2, 3, 5, 6, 7, 9, 10, 11, 14, 15] { bytes[at] = 0; }
            bytes[12] = [255, 0, 3][shape as usize];
            bytes[13] = 1;
        }
        let bytes = aligned(&bytes);
        let part = Loose(&bytes);
        if let Ok(names) = Names::open(part) {
            let _ = names.find(part, "probe");
            for node in [0, 1, probe] { let _ = names.name(part, node); }
        }
        for incoming in [false, true] {
            if let Ok(rows) = Rows::open(part, incoming) {
                for node in [0, 1, 7, probe] {
                    if let Ok(row) = rows.row(part, node) {
                        let _ = rows.kinds(part, row);
                        let _ = rows.edge_numbers(part, row);
                    }
                }
            }
        }
    }
}
