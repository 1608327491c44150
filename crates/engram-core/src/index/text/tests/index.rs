//! Laws of writer and reader, against maps.

use super::*;
use crate::bitset::Bitset;
use crate::error::{Code, Result};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

/// Term, then ordinal, then positions.
type Naive = BTreeMap<String, BTreeMap<u32, Vec<u32>>>;

fn build(texts: &[(u32, String)]) -> (Vec<u8>, Naive) {
    let analyzer = english();
    let (mut writer, mut naive) = (TextIndexWriter::new(), Naive::new());
    for (ordinal, text) in texts {
        writer.add_text(*ordinal, text, &analyzer).unwrap();
        analyzer.analyze(text, |term, position, _| {
            let docs = naive.entry(term.to_owned()).or_default();
            docs.entry(*ordinal).or_default().push(position);
        });
    }
    (writer.finish().unwrap(), naive)
}

/// Documents in which the word `w<i>` stands in every i-th, so that lists of all lengths arise.
fn many(count: u32) -> Vec<(u32, String)> {
    let words = |n: u32| {
        (1..40)
            .filter(move |i| n.is_multiple_of(*i))
            .map(|i| format!("wa{i} "))
    };
    (0..count)
        .map(|n| (n * 3 + n / 100 * 50_000, words(n).collect()))
        .collect()
}

fn assert_equal(bytes: &[u8], naive: &Naive) -> Result<()> {
    let reader = TextIndexReader::open(bytes)?;
    reader.check()?;
    let found: Vec<(String, u32)> = reader
        .terms()?
        .map(|item| item.map(|(term, info)| (term, info.df)))
        .collect::<Result<_>>()?;
    let wanted: Vec<(String, u32)> = naive
        .iter()
        .map(|(term, docs)| (term.clone(), docs.len() as u32))
        .collect();
    assert_eq!(found, wanted);
    let mut lengths = BTreeMap::new();
    for (term, docs) in naive {
        let mut postings = reader.postings(term)?.unwrap();
        for (&ordinal, wanted) in docs {
            assert_eq!(
                postings.next()?,
                Some(Posting {
                    ordinal,
                    tf: wanted.len() as u32
                })
            );
            let mut positions = Vec::new();
            // Every other document, so that skipping is met too; twice, since asking is no step.
            for _ in 0..ordinal % 3 {
                positions.clear();
                postings.positions(&mut positions)?;
                assert_eq!(&positions, wanted);
            }
            *lengths.entry(ordinal).or_insert(0) += wanted.len() as u32;
        }
        assert_eq!(postings.next()?, None);
        assert_eq!(postings.next()?, None);
    }
    for ordinal in 0..reader.ordinal_limit() + 2 {
        assert_eq!(
            reader.doc_len(ordinal),
            lengths.get(&ordinal).copied().unwrap_or(0)
        );
    }
    assert_eq!(reader.doc_count() as usize, lengths.len());
    assert_eq!(
        reader.total_len(),
        lengths.values().map(|&len| u64::from(len)).sum::<u64>()
    );
    Ok(())
}

#[test]
fn an_empty_index_has_nothing() {
    let bytes = TextIndexWriter::new().finish().unwrap();
    assert_eq!(bytes.len(), 64);
    assert_equal(&bytes, &Naive::new()).unwrap();
    assert!(
        TextIndexReader::open(bytes.as_slice())
            .unwrap()
            .postings("x")
            .unwrap()
            .is_none()
    );
}

#[test]
fn lists_of_all_lengths_come_back() {
    for count in [1, 127, 128, 129, 256, 257, 1000] {
        let (bytes, naive) = build(&many(count));
        assert_equal(&bytes, &naive).unwrap();
    }
}

#[test]
fn the_bytes_of_a_small_index_are_these() {
    let mut writer = TextIndexWriter::new();
    writer.add_text(1, "be bee be", &plain()).unwrap();
    writer.add_text(2, "bee bed", &plain()).unwrap();
    let bytes = writer.finish().unwrap();
    let mut wanted = b"EGTX\x02\0\0\0".to_vec();
    // Ordinal limit, documents, total length, terms, dictionary blocks.
    wanted.extend([
        3, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0,
    ]);
    // Bytes of lists and dictionary, shortest and longest length.
    wanted.extend([3, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
    wanted.extend([2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    wanted.extend([0, 3, 2]);
    // "be", from the right: ordinal 1 below 3 as low bit 1 and high bits 01; frequency 2 as 10; of the
    // positions 0 and 2 below 3 first the second as 11, then the first, below 3, as 0.
    wanted.extend([0b0111_0011]);
    // "bee": ordinals 1 and 2 as high bits 1010; frequencies 11; position 1 below 3 as 01, and 0 below 2
    // as 0.
    wanted.extend([0b0111_1010, 0b0]);
    // No list before; 4 bytes of rests. "be" shares 0, 2 bytes follow; "bed" shares 2, 1 byte follows, it
    // stands once; "bee" shares 2, 1 byte follows.
    wanted.extend(b"\0\x04\x10\x82\x02bede");
    // 1 document, 0 bytes more; position 1 times 3, and ordinal 2; 2 documents, 1 byte more.
    wanted.extend([0x01, 5, 0x12]);
    wanted.extend(b"\0\0\0\0\0\0eb\0\0\0\0");
    assert_eq!(bytes, wanted);
    TextIndexReader::open(bytes.as_slice())
        .unwrap()
        .check()
        .unwrap();
}

#[test]
fn documents_without_terms_do_not_count() {
    let texts = [
        (1, "word".to_owned()),
        (4, "!!!".to_owned()),
        (5, String::new()),
    ];
    let (bytes, naive) = build(&texts);
    assert_equal(&bytes, &naive).unwrap();
    let reader = TextIndexReader::open(bytes.as_slice()).unwrap();
    assert_eq!(
        (
            reader.doc_count(),
            reader.ordinal_limit(),
            reader.doc_len(4)
        ),
        (1, 2, 0)
    );
}

#[test]
fn ordinals_must_ascend() {
    let mut writer = TextIndexWriter::new();
    writer.add_text(3, "a", &english()).unwrap();
    assert_eq!(
        writer.add_text(3, "a", &english()).unwrap_err().code(),
        Code::Internal
    );
    assert_eq!(
        writer
            .add_text(u32::MAX, "a", &english())
            .unwrap_err()
            .code(),
        Code::Internal
    );
}

#[test]
fn term_tables_give_the_same_bytes_as_texts() {
    let (bytes, _) = build(&many(300));
    let mut writer = TextIndexWriter::new();
    for (ordinal, text) in many(300) {
        writer
            .add(ordinal, &TermCounts::new(&text, &english()))
            .unwrap();
    }
    assert_eq!(writer.finish().unwrap(), bytes);
}

/// Merges the indexes of some texts and compares with one of all that are kept.
fn assert_merges(parts: &[Vec<(String, bool)>]) {
    let analyzer = english();
    let mut together = TextIndexWriter::new();
    let (mut indexes, mut maps, mut next) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        let (mut writer, mut map) = (TextIndexWriter::new(), Vec::new());
        for (ordinal, (text, is_kept)) in (0..).zip(part) {
            writer.add_text(ordinal, text, &analyzer).unwrap();
            if *is_kept {
                together.add_text(next, text, &analyzer).unwrap();
                map.push(next);
                next += 1;
            } else {
                map.push(DROPPED);
            }
        }
        indexes.push(writer.finish().unwrap());
        maps.push(map);
    }
    let sources: Vec<MergeSource<'_>> = indexes
        .iter()
        .zip(maps)
        .map(|(bytes, ordinals)| MergeSource {
            reader: TextIndexReader::open(bytes.as_slice()).unwrap(),
            ordinals,
        })
        .collect();
    assert_eq!(merge(&sources).unwrap(), together.finish().unwrap());
}

#[test]
fn merging_is_writing_anew() {
    assert_merges(&[]);
    let texts = |count, step: usize| -> Vec<(String, bool)> {
        let all = many(count).into_iter().enumerate();
        all.map(|(i, (_, text))| (text, i % step != 1)).collect()
    };
    assert_merges(&[
        texts(1000, 5),
        texts(300, 2),
        Vec::new(),
        texts(7, 900),
        texts(130, 3),
    ]);
}

#[test]
fn seeking_finds_the_first_that_is_not_below() {
    let (bytes, naive) = build(&many(1000));
    let reader = TextIndexReader::open(bytes.as_slice()).unwrap();
    for term in ["wa1", "wa2", "wa7", "wa39"] {
        let ordinals: Vec<u32> = naive[term].keys().copied().collect();
        for step in [1, 2, 5, 64, 128, 200, 399] {
            let mut postings = reader.postings(term).unwrap().unwrap();
            for target in ordinals
                .iter()
                .step_by(step)
                .flat_map(|&o| [o.saturating_sub(1), o])
            {
                let wanted = ordinals.iter().copied().find(|&o| o >= target);
                let found = postings.seek(target).unwrap();
                assert_eq!(found.map(|p| p.ordinal), wanted, "{term} {target}");
                let mut positions = Vec::new();
                postings.positions(&mut positions).unwrap();
                assert_eq!(positions, naive[term][&wanted.unwrap()]);
            }
            let after = ordinals.last().unwrap() + 1;
            assert_eq!(postings.seek(after).unwrap(), None);
            assert_eq!(postings.next().unwrap(), None);
        }
        // Backwards is no step at all.
        let mut postings = reader.postings(term).unwrap().unwrap();
        let last = postings.seek(*ordinals.last().unwrap()).unwrap();
        assert_eq!(postings.seek(0).unwrap(), last);
    }
}

#[test]
fn prefixes_start_where_their_terms_are() {
    let (bytes, naive) = build(&many(400));
    let reader = TextIndexReader::open(bytes.as_slice()).unwrap();
    for prefix in ["", "a", "wa", "wa1", "wa19", "wa2", "x"] {
        let found: Vec<String> = reader
            .terms_from(prefix)
            .unwrap()
            .map(|item| item.unwrap().0)
            .take_while(|term| term.starts_with(prefix))
            .collect();
        let wanted: Vec<&String> = naive
            .keys()
            .filter(|term| term.starts_with(prefix))
            .collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted);
        let counts = TermCounts::new(&many(400)[360].1, &english());
        let in_one: Vec<&str> = counts
            .starting_with(prefix)
            .map(|found| found.term)
            .collect();
        let wanted: Vec<&str> = counts
            .iter()
            .map(|found| found.term)
            .filter(|term| term.starts_with(prefix))
            .collect();
        assert_eq!(in_one, wanted);
    }
}

#[test]
fn deleted_documents_leave_the_statistics() {
    let texts = many(500);
    let (bytes, naive) = build(&texts);
    let reader = TextIndexReader::open(bytes.as_slice()).unwrap();
    for step in [1, 2, 90] {
        let deleted: RoaringBitmap = texts
            .iter()
            .step_by(step)
            .map(|(ordinal, _)| *ordinal)
            .collect();
        let kept: Vec<_> = texts
            .iter()
            .filter(|(ordinal, _)| !deleted.contains(*ordinal))
            .cloned()
            .collect();
        let (alone, _) = build(&kept);
        let wanted = TextIndexReader::open(alone.as_slice()).unwrap();
        let none = RoaringBitmap::new();
        assert_eq!(reader.live_stats(&deleted), wanted.live_stats(&none));
        for term in naive.keys() {
            let info = reader.lookup(term).unwrap().unwrap();
            let live = wanted.lookup(term).unwrap().map_or(0, |info| info.df);
            let alive = Bitset::without(reader.ordinal_limit(), &deleted);
            assert_eq!(
                reader.count_in(info, &deleted).unwrap(),
                info.df - live,
                "{term}"
            );
            assert_eq!(
                reader.count_outside(info, &alive).unwrap(),
                info.df - live,
                "{term}"
            );
        }
    }
}

/// Reads all there is to read; the point is to come back.
fn read_all(bytes: &[u8]) -> Result<()> {
    let reader = TextIndexReader::open(bytes)?;
    let _ = reader.check();
    for term in ["alpha", "wa1", "zzz", ""] {
        if let Ok(Some(mut postings)) = reader.postings(term) {
            let _ = postings.seek(70);
            let mut positions = Vec::new();
            let mut steps = 0;
            while let Ok(Some(_)) = postings.next() {
                let _ = postings.positions(&mut positions);
                steps += 1;
                assert!(steps <= reader.ordinal_limit());
            }
        }
    }
    for item in reader.terms_from("b")? {
        item?;
    }
    Ok(())
}

#[test]
fn no_flip_or_cut_of_an_index_panics() {
    let texts: Vec<(u32, String)> = (0..140)
        .map(|n| (n * 2, format!("alpha wa{} wa1 wa1", n % 19)))
        .collect();
    let (bytes, _) = build(&texts);
    read_all(&bytes).unwrap();
    for at in 0..bytes.len() {
        assert!(read_all(&bytes[..at]).is_err());
        let mut flipped = bytes.clone();
        for value in [flipped[at] ^ 1, flipped[at] ^ 0x80, 0, 0xff] {
            flipped[at] = value;
            let _ = read_all(flipped.as_slice());
            let _ = merge_some(flipped.as_slice());
        }
    }
}

/// Merges an index with itself, without some of its documents.
fn merge_some(bytes: &[u8]) -> Result<Vec<u8>> {
    let reader = || TextIndexReader::open(bytes);
    let kept = |first: u32| (0..300).map(move |n| if n % 7 == 3 { DROPPED } else { first + n });
    merge(&[
        MergeSource {
            reader: reader()?,
            ordinals: kept(0).collect(),
        },
        MergeSource {
            reader: reader()?,
            ordinals: kept(300).collect(),
        },
    ])
}

#[test]
fn overlong_varints_are_corrupt() {
    for bytes in [
        &[0x80; 11][..],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        &[],
    ] {
        assert!(layout::take_varint(&mut { bytes }).is_err());
    }
}

#[test]
fn malformed_headers_are_corrupt_segments() {
    let (bytes, _) = build(&many(10));
    for at in [0, 4, 8, 12, 16, 24, 28, 32, 40, 48, 63] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        let opened = TextIndexReader::open(flipped.as_slice()).and_then(|reader| reader.check());
        assert_eq!(
            opened.unwrap_err().code(),
            Code::CorruptSegment,
            "byte {at}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_documents_come_back(
        gaps in prop::collection::vec((1u32..50, "[ab \u{65e5}\u{672c}_]{0,12}( (alpha|beta|betas|xY)){0,5}"), 0..300)
    ) {
        let mut ordinal = 0;
        let texts: Vec<(u32, String)> =
            gaps.into_iter().map(|(gap, text)| { ordinal += gap; (ordinal, text) }).collect();
        let (bytes, naive) = build(&texts);
        prop_assert_eq!(&bytes, &build(&texts).0);
        assert_equal(&bytes, &naive).unwrap();
    }

    #[test]
    fn any_indexes_merge(
        parts in prop::collection::vec(
            prop::collection::vec(("[a-d!]{0,2}( [a-e]{1,3}| aB){0,6}", prop::bool::weighted(0.8)), 0..40), 0..5
        )
    ) {
        assert_merges(&parts);
    }

    #[test]
    fn term_tables_agree_with_a_map(text in "([a-c]{1,3} |\u{65e5}){0,40}") {
        let counts = TermCounts::new(&text, &english());
        let (_, naive) = build(&[(0, text)]);
        let found: BTreeMap<String, Vec<u32>> =
            counts.iter().map(|t| (t.term.to_owned(), t.positions.to_vec())).collect();
        let wanted: BTreeMap<String, Vec<u32>> =
            naive.into_iter().map(|(term, mut docs)| (term, docs.remove(&0).unwrap())).collect();
        prop_assert_eq!(counts.doc_len() as usize, wanted.values().map(Vec::len).sum::<usize>());
        for (term, positions) in &wanted {
            prop_assert_eq!(counts.positions(term), positions.as_slice());
            prop_assert_eq!(counts.tf(term) as usize, positions.len());
        }
        prop_assert_eq!(counts.tf("zz"), 0);
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn varints_come_back(value: u64, bits in 0u32..64) {
        let mut bytes = Vec::new();
        layout::push_varint(&mut bytes, value >> bits);
        let mut rest = bytes.as_slice();
        prop_assert_eq!(layout::take_varint(&mut rest).unwrap(), value >> bits);
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), valid: bool) {
        if valid && bytes.len() >= 64 {
            // A header that fits, over noise.
            let rest = (bytes.len() - 64) as u64;
            bytes[..4].copy_from_slice(b"EGTX");
            bytes[4..8].copy_from_slice(&layout::VERSION.to_le_bytes());
            bytes[8..64].fill(0);
            let lengths = rest.min(20) as u32;
            bytes[8..12].copy_from_slice(&lengths.to_le_bytes());
            bytes[52..56].copy_from_slice(&9u32.to_le_bytes());
            let left = rest - u64::from(lengths);
            let blocks = (left / 30) as u32;
            bytes[24..28].copy_from_slice(&(blocks * 16).to_le_bytes());
            bytes[28..32].copy_from_slice(&blocks.to_le_bytes());
            let (lists, left) = (left / 3, left - u64::from(blocks) * 12);
            bytes[32..40].copy_from_slice(&lists.to_le_bytes());
            bytes[40..48].copy_from_slice(&(left - lists).to_le_bytes());
            TextIndexReader::open(bytes.as_slice()).unwrap();
        }
        let _ = read_all(&bytes);
    }
}
