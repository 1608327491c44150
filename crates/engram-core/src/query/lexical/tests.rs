//! The pruned search against one that adds up everything.

use super::super::Mask;
use super::*;
use crate::format::Extent;
use crate::format::manifest::SegmentRef;
use crate::format::record::{Metric, Record};
use crate::index::filter::parse;
use crate::index::text::{Condition, CorpusStats, Scale, TermCounts};
use crate::segment::{Coding, Segment, SegmentBuilder};
use crate::state::{Dead, SegmentView};
use crate::store::memory::MemoryStorage;
use crate::value::Value;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

fn record(id: &str, text: &str, group: i64) -> Record {
    Record {
        id: id.to_owned(),
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        metadata: metadata(group),
        created_us: 0,
        updated_us: 0,
        vectors: Vec::new(),
    }
}

/// A number, and words in a list further down; some have neither.
fn metadata(group: i64) -> Value {
    let words = [
        format!("v{group}x w{}x", group + 1),
        format!("{}", group * 7),
    ];
    let list = Value::List(words.into_iter().map(Value::Str).collect());
    let inner = Value::Map(vec![("w".to_owned(), list)]);
    let mut fields = vec![("g".to_owned(), Value::Int(group))];
    if group % 4 > 0 {
        fields.push(("m".to_owned(), inner));
    }
    Value::Map(fields)
}

/// How the texts of these tests name a word; some are stop words in English.
fn name(word: u16) -> String {
    match word {
        0 => "the".to_owned(),
        1 => "of".to_owned(),
        _ => format!("w{word}x"),
    }
}

fn segment(c: &Collection, id: u64, records: &[Record], dead: RoaringBitmap) -> SegmentView {
    let coding = Coding::default();
    let mut builder = SegmentBuilder::new(&c.analyzer, &c.spaces, c.metric, &coding);
    records.iter().for_each(|r| builder.add(r).unwrap());
    let (bytes, footer_crc) = builder.finish(id).unwrap();
    let len = bytes.len() as u64;
    let at = SegmentRef {
        id,
        extent: Extent { offset: 0, len },
        born: 0,
        len,
        records: records.len() as u32,
        footer_crc,
        dead: dead.clone(),
    };
    let segment = Segment::open(&MemoryStorage::with_bytes(bytes), &at).unwrap();
    SegmentView {
        at,
        segment: Arc::new(segment),
        dead: Arc::new(Dead::from(dead)),
    }
}

/// A record: where it lies, its words, whether it is dead, and what a filter asks for.
type Row = (usize, Vec<u16>, bool, i64);

/// Three segments and memory.
fn collection(rows: &[Row], settings: &str) -> Collection {
    let mut c = Collection::new(1, "c", Metric::Cosine, settings, 0).unwrap();
    let text = |words: &[u16]| {
        words
            .iter()
            .copied()
            .map(name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    // Ids that do not ascend with ordinals.
    let id = |i: usize| format!("{:05}", i * 7919 % 100_003);
    let all = || rows.iter().enumerate();
    for place in 0..3 {
        let here: Vec<_> = all().filter(|(_, row)| row.0 == place).collect();
        if here.is_empty() {
            continue;
        }
        let records: Vec<Record> = here
            .iter()
            .map(|(i, row)| record(&id(*i), &text(&row.1), row.3))
            .collect();
        let dead = (0..)
            .zip(&here)
            .filter(|(_, (_, row))| row.2)
            .map(|(o, _)| o)
            .collect();
        let view = segment(&c, place as u64, &records, dead);
        view.segment.text_index().unwrap().check().unwrap();
        c.segments.push(view);
    }
    for (i, row) in all().filter(|(_, row)| row.0 > 2) {
        c.put(record(&id(i), &text(&row.1), row.3)).unwrap();
        if i % 16 == 0 {
            // A query in between, so that the index in memory grows in steps.
            let _ = c.texts.view(&c.memory, &c.analyzer);
        }
    }
    for (i, _) in all().filter(|(_, row)| row.0 > 2 && row.2) {
        c.delete(&id(i)).unwrap();
    }
    c
}

/// Every live record that holds a word of the query and passes, with its score, best first.
fn exhaustive(c: &Collection, query: &TextQuery, mask: &Mask) -> Vec<(u32, String)> {
    let mut texts: BTreeMap<String, (Option<TermCounts>, bool)> = BTreeMap::new();
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (view, allowed) in c.segments.iter().zip(&mask.segments) {
        for r in view
            .segment
            .records_of(&view.live_ordinals(), false)
            .unwrap()
        {
            let ordinal = view.segment.find(&r.id).unwrap().unwrap();
            let counts = r.text.map(|text| TermCounts::new(&text, &c.analyzer));
            fields.insert(r.id.clone(), r.metadata);
            texts.insert(r.id, (counts, allowed.contains(ordinal)));
        }
    }
    for e in c.memory.values() {
        let counts = e
            .record
            .text
            .as_ref()
            .map(|text| TermCounts::new(text, &c.analyzer));
        let allowed = mask.memory.iter().any(|other| Arc::ptr_eq(other, e));
        fields.insert(e.record.id.clone(), e.record.metadata.clone());
        texts.insert(e.record.id.clone(), (counts, allowed));
    }
    let mut stats = CorpusStats::default();
    let counts = || {
        texts
            .iter()
            .filter_map(|(id, (counts, ok))| Some((id, counts.as_ref()?, *ok)))
    };
    counts().for_each(|(_, counts, _)| stats.add_doc(counts.doc_len()));
    let frequency = |counts: &TermCounts, unit: &units::Kind<'_>| {
        let condition = match unit {
            units::Kind::Term(term) => Condition::Term((*term).to_owned()),
            units::Kind::Group(group) => Condition::Group((*group).clone()),
            units::Kind::Phrase(phrase) => Condition::Phrase((*phrase).clone()),
        };
        condition.frequency(counts)
    };
    let units = units::of(query);
    let df = |unit| {
        counts()
            .filter(|(_, counts, _)| frequency(counts, unit) > 0)
            .count() as u64
    };
    let weighed: Vec<(u64, f32)> = units.iter().map(|u| (df(&u.kind), u.times)).collect();
    let scale = Scale::new(
        c.analyzer.settings().bm25(stats, query.is_of_pairs()),
        stats,
        weighed.iter().copied(),
    );
    let mut found = Vec::new();
    for (id, counts, allowed) in counts() {
        let holds = |condition: &Condition| match condition {
            Condition::Field(path, inner) => {
                let mut scalars = Vec::new();
                scalars_at(&fields[id], path, &mut scalars);
                scalars
                    .iter()
                    .any(|text| inner.frequency(&TermCounts::new(text, &c.analyzer)) > 0)
            }
            other => other.frequency(counts) > 0,
        };
        let passes = query.must.iter().all(holds) && !query.must_not.iter().any(holds);
        let mut score = 0.0;
        for (unit, (df, times)) in units.iter().zip(&weighed) {
            let tf = frequency(counts, &unit.kind);
            if tf > 0 {
                score += scale.term(*df, *times).score(tf, counts.doc_len());
            }
        }
        if allowed && passes && score > 0.0 {
            found.push((score.to_bits(), id.clone()));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found
}

/// What stands at a path, lists looked through.
fn scalars_at(value: &Value, path: &[String], out: &mut Vec<String>) {
    match (value, path) {
        (Value::List(items), _) => items.iter().for_each(|item| scalars_at(item, path, out)),
        (Value::Map(_), [name, rest @ ..]) => {
            if let Some(inner) = value.get(name) {
                scalars_at(inner, rest, out);
            }
        }
        (Value::Str(text), []) => out.push(text.clone()),
        (Value::Int(number), []) => out.push(number.to_string()),
        _ => {}
    }
}

fn assert_same(c: &Collection, text: &str, filter: Option<&str>, depths: &[usize]) {
    let query = super::parse(c, text).unwrap();
    let filter = filter.map(|filter| parse(filter).unwrap());
    let mask = Mask::new(c, filter.as_ref()).unwrap();
    let wanted = exhaustive(c, &query, &mask);
    let search = || Search::new(c, &query, &mask).unwrap();
    let id = |doc: Doc| mask.id(c, doc).unwrap().to_owned();
    for &depth in depths {
        let found = super::best(c, &mut search(), &mask, depth).unwrap();
        let list: Vec<(u32, String)> = found
            .list
            .iter()
            .map(|(score, doc)| (score.to_bits(), id(*doc)))
            .collect();
        let best: Vec<_> = wanted.iter().take(depth).cloned().collect();
        assert_eq!(list, best, "{text:?} depth {depth}");
    }
    let mut matching: Vec<String> = super::matching(c, &mut search(), &mask)
        .unwrap()
        .ids(c)
        .unwrap();
    matching.sort();
    let mut all: Vec<String> = wanted.iter().map(|(_, id)| id.clone()).collect();
    all.sort();
    assert_eq!(matching, all, "{text:?}");
    let docs: Vec<Doc> = (0..c.segments.len())
        .flat_map(|part| (0..c.segments[part].segment.records()).map(move |o| Doc::new(part, o)))
        .filter(|doc| mask.segments[doc.part as usize].contains(doc.ordinal))
        .chain((0..mask.memory.len()).map(|i| Doc::new(c.segments.len(), i as u32)))
        .collect();
    let known: BTreeMap<&str, u32> = wanted.iter().map(|(s, id)| (id.as_str(), *s)).collect();
    let found = scores(&mut search(), &mask, &docs).unwrap();
    let with_text = found.iter().flatten().count();
    assert_eq!(
        super::best(c, &mut search(), &mask, 1).unwrap().records as usize,
        with_text
    );
    for (doc, score) in docs.iter().zip(found) {
        let score = score.unwrap_or(0.0).to_bits();
        assert_eq!(
            score,
            known.get(id(*doc).as_str()).copied().unwrap_or(0),
            "{text:?}"
        );
    }
}

const DEPTHS: &[usize] = &[1, 3, 10, 100, 5000];

/// Words of which few are in most records and most in few, as in language.
fn word() -> impl Strategy<Value = u16> {
    (0u32..1000, 0u32..1000).prop_map(|(a, b)| (a * b * b / 10_000_000) as u16)
}

fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0usize..4,
        prop::collection::vec(word(), 0..20),
        prop::bool::weighted(0.1),
        0i64..20,
    );
    prop::collection::vec(row, count)
}

fn queries() -> impl Strategy<Value = Vec<String>> {
    let item = prop_oneof![
        8 => word().prop_map(name),
        1 => word().prop_map(|w| format!("w{}*", w / 10)),
        1 => (word(), 0..3).prop_map(|(w, n)| format!("{}~{n}", name(w))),
        1 => (word(), word()).prop_map(|(a, b)| format!("\"{} {}\"", name(a), name(b))),
        1 => word().prop_map(|w| format!("+{}", name(w))),
        1 => word().prop_map(|w| format!("-{}", name(w))),
        1 => (word(), word()).prop_map(|(a, b)| format!("-\"{} {}\"", name(a), name(b))),
        1 => word().prop_map(|w| format!("+{}~1", name(w))),
        1 => (0..20, 0..4).prop_map(|(g, form)| match form {
            0 => format!("g:{g}"),
            1 => format!("-m.w:v{g}x"),
            2 => format!("m.w:\"v{g}x w{}x\"", g + 1),
            _ => format!("m.w:v{g}*"),
        }),
    ];
    prop::collection::vec(
        prop::collection::vec(item, 1..9).prop_map(|i| i.join(" ")),
        1..6,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pruning_changes_nothing(
        rows in rows(1..700), queries in queries(), filter in 0usize..4, settings in 0usize..4
    ) {
        let settings = ["none", "en", "en stop=drop k1=2", "en stop=keep k1=0 b=1"][settings];
        let c = collection(&rows, settings);
        let filter = [None, Some("g < 10"), Some("g = 3"), Some("g > 99")][filter];
        for query in queries {
            assert_same(&c, &query, filter, DEPTHS);
        }
    }
}

/// A deterministic corpus in which lists of many blocks and dense ones arise.
fn large(count: usize) -> Vec<Row> {
    let mut state = 7u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 33) % below
    };
    let mut rows = Vec::new();
    for i in 0..count {
        let words = (0..random(60)).map(|_| {
            let (a, b) = (random(1000), random(1000));
            (a * b * b / 5_000_000) as u16
        });
        rows.push((
            i * 4 / count,
            words.collect(),
            random(12) == 0,
            random(20) as i64,
        ));
    }
    rows
}

#[test]
fn pruning_changes_nothing_in_long_lists() {
    let c = collection(&large(6000), "en");
    for query in [
        "the",
        "of",
        "w9x",
        "w40x",
        "w150x",
        "the of",
        "the w199x",
        "w3x w5x w7x w11x w90x",
        "the of w2x w3x w4x w5x w6x w7x w8x w9x w60x w70x w110x w111x w112x",
        "w1*",
        "w12* the",
        "\"the of\" w3x",
        "\"the the\"",
        "+the +of w50x -w2x",
        "the the the of",
        "-the of w100x",
        "w12x~ w9x",
        "w12x~2",
        "w50x -w1x~1 g:3",
        "w50x of -m.w:v*",
        "w9x m.w:\"v3x w4x\"",
        "w9x g:3 m.w:77",
    ] {
        for filter in [None, Some("g < 10"), Some("g = 3")] {
            assert_same(&c, query, filter, &[1, 10, 300]);
        }
    }
}

#[test]
fn equal_texts_come_by_id() {
    let rows: Vec<Row> = (0..3000)
        .map(|i| (i % 4, vec![1, 2, 2], i % 9 == 0, 0))
        .collect();
    let c = collection(&rows, "none");
    for query in ["w1x", "w2x w1x"] {
        assert_same(&c, query, None, &[1, 10, 1000]);
    }
}
