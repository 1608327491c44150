//! Targets that decode one structure.

use crate::blames_the_bytes;
use engram_core::db;
use engram_core::format::codec::{Reader, Writer};
use engram_core::format::frame::{self, CheckpointBody, Kind};
use engram_core::format::manifest::Manifest;
use engram_core::format::ops::decode_all;
use engram_core::format::record::Record;
use engram_core::format::superblock::Superblock;
use engram_core::format::{Extent, PAGE_BYTES};
use engram_core::index::filter as filters;
use engram_core::index::graph::Direction;
use engram_core::index::text::{
    Analyzer, Block, DROPPED, Language, List, MergeSource, SnippetShape, TermCounts,
    TextIndexReader, TextQuery, collect_near, merge, snippets,
};
use engram_core::query::{Request, Retriever, Scope, graph, run};
use engram_core::state::State;
use engram_core::store::log::{self, Tail};
use engram_core::store::memory::MemoryStorage;
use engram_core::store::{Storage, read_superblock};
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two pages, as they are and with checksums that fit.
pub fn superblock(data: &[u8]) {
    let page = PAGE_BYTES as usize;
    let mut bytes = data.to_vec();
    bytes.resize(2 * page, 0);
    let open = |bytes: &[u8]| {
        let _ = Superblock::decode(&bytes[..page]);
        match read_superblock(&MemoryStorage::with_bytes(bytes.to_vec())) {
            Ok(block) => {
                let again = Superblock::decode(&block.encode()).unwrap();
                assert_eq!(again.manifest, block.manifest);
                assert_eq!(again.generation, block.generation);
            }
            Err(e) => blames_the_bytes(&e),
        }
    };
    open(&bytes);
    let _ = read_superblock(&MemoryStorage::with_bytes(data.to_vec()))
        .map_err(|e| blames_the_bytes(&e));
    for slot in bytes.chunks_exact_mut(page) {
        let crc = crc32fast::hash(&slot[..page - 4]);
        slot[page - 4..].copy_from_slice(&crc.to_le_bytes());
    }
    open(&bytes);
}

/// A manifest, and the same bytes as the body of one whose head fits.
pub fn manifest(data: &[u8]) {
    let _ = Manifest::decode(data);
    let _ = Manifest::len_from_head(data);
    let mut w = Writer::new();
    w.bytes
        .extend_from_slice(&Manifest::default().encode()[..4]);
    w.u32(crc32fast::hash(data));
    w.u64(data.len() as u64);
    w.bytes.extend_from_slice(data);
    if let Ok(found) = Manifest::decode(&w.bytes) {
        let again = Manifest::decode(&found.encode()).unwrap();
        assert_eq!(again, found);
        let _ = found.segments();
    }
}

/// A frame as it is, one around the bytes, and a log extent that starts with them.
pub fn frame(data: &[u8]) {
    let _ = frame::decode_header(data);
    let _ = frame::decode(data);
    let _ = frame::decode_link(data);
    let _ = CheckpointBody::decode(data);
    for kind in [Kind::Commit, Kind::Link, Kind::Checkpoint, Kind::Moved] {
        let bytes = frame::encode(kind, 7, 3, 1, data);
        if data.len() <= frame::MAX_BODY_BYTES {
            assert_eq!(frame::decode(&bytes).unwrap().1, data);
        }
    }
    let extent = Extent {
        offset: 2 * PAGE_BYTES,
        len: 2 * PAGE_BYTES,
    };
    let mut bytes = vec![0; extent.offset as usize];
    bytes.extend_from_slice(data);
    bytes.resize(extent.end() as usize, 0);
    let storage = MemoryStorage::with_bytes(bytes);
    for first in [1, 7, frame::word(data.get(16..).unwrap_or_default())] {
        let mut tail = Tail::start(extent, first);
        let mut steps = 0;
        loop {
            match log::read(&storage, tail) {
                Ok(Some(found)) => match log::after(tail, &found, storage.len().unwrap()) {
                    Ok(next) => tail = next,
                    Err(e) => break blames_the_bytes(&e),
                },
                Ok(None) => break,
                Err(e) => break blames_the_bytes(&e),
            }
            steps += 1;
            assert!(steps < 1000, "the log never ends");
        }
        let _ = log::check_end(&storage, tail).map_err(|e| blames_the_bytes(&e));
    }
}

/// A record, a metadata value, and the operations of a commit applied to an empty database.
pub fn record(data: &[u8]) {
    if let Ok(value) = Reader::new(data).value() {
        let mut w = Writer::new();
        w.value(&value);
        let again = Reader::new(&w.bytes).value().unwrap();
        let mut v = Writer::new();
        v.value(&again);
        assert_eq!(v.bytes, w.bytes);
    }
    if let Ok(record) = Record::decode(&mut Reader::new(data)) {
        let mut w = Writer::new();
        record.encode(&mut w);
        let again = Record::decode(&mut Reader::new(&w.bytes)).unwrap();
        let mut v = Writer::new();
        again.encode(&mut v);
        assert_eq!(v.bytes, w.bytes);
    }
    let Ok(ops) = decode_all(data) else { return };
    let db = db::Database::memory(db::OpenOptions::default()).unwrap();
    let mut state = (*db.latest().unwrap()).clone();
    for op in ops {
        let mut w = Writer::new();
        op.encode(&mut w);
        assert_eq!(decode_all(&w.bytes).unwrap().len(), 1);
        // Blame is what a whole file gets (target `file`); here it only must not panic.
        if state.apply(op).is_err() {
            return;
        }
    }
    look_at(&state);
}

/// Reads and queries whatever a state holds.
pub(crate) fn look_at(state: &State) {
    for c in state.collections.values() {
        let vector = |n: usize| vec![0.5f32; n];
        let names: Vec<(String, usize)> = c
            .spaces
            .iter()
            .map(|s| (s.name.clone(), s.dimension as usize))
            .collect();
        for filter in [
            None,
            Some("year >= 3 OR NOT EXISTS tags"),
            Some("_id = 'a' OR _text CONTAINS 'x'"),
        ] {
            let lexical = Retriever::lexical("alpha \"beta gamma\" del*");
            let request = Request {
                filter,
                ignore_missing: true,
                ..Request::new(vec![lexical], 3)
            };
            let _ = run(c, &request);
        }
        for (space, dimension) in names.iter().filter(|(_, d)| *d < 1 << 16).take(8) {
            let vector = vector(*dimension);
            let dense = Retriever::dense(space, &vector);
            let _ = run(c, &Request::new(vec![dense], 3));
        }
        for id in c.memory.keys().take(50) {
            c.get(id, true).unwrap().unwrap();
        }
        for view in &c.segments {
            if let Ok(records) = view.segment.records_of(&view.live_ordinals(), true) {
                for record in records.iter().take(50) {
                    let _ = c.get(&record.id, true);
                }
            }
        }
        let _ = c.get("a", true);
        let scope = Scope {
            types: None,
            direction: Direction::Both,
        };
        for id in ["r2", "a"] {
            let _ = graph::neighbors(c, id, &scope, 3, 9);
            let _ = graph::edges_of(c, id, &scope);
            let _ = graph::path(c, [id, "r0"], &scope, Some("w"), 9);
        }
    }
}

/// A text index: every term, every posting, every position.
pub fn text_index(data: &[u8]) {
    let Ok(index) = TextIndexReader::open(data) else {
        return;
    };
    let sound = index.check().is_ok();
    let _ = collect_near(&index, "word", 2, &mut BTreeMap::new());
    let ordinals = |first: u32| {
        let kept = (0..index.ordinal_limit().min(10_000)).map(move |n| (n, first + n));
        kept.map(|(n, new)| if n % 5 == 2 { DROPPED } else { new })
            .collect()
    };
    let sources = [0, 10_000].map(|first| MergeSource {
        reader: index,
        ordinals: ordinals(first),
    });
    if let Ok(merged) = merge(&sources)
        && sound
        && index.ordinal_limit() <= 10_000
    {
        let merged = TextIndexReader::open(merged.as_slice()).map(|merged| merged.check());
        assert!(matches!(merged, Ok(Ok(()))), "{merged:?}");
    }
    let mut positions = Vec::new();
    let Ok(terms) = index.terms() else { return };
    for term in terms.take(2000) {
        let Ok((_, info)) = term else { break };
        let Ok(mut list) = index.postings_at(info) else {
            continue;
        };
        let mut seen = 0;
        while let Ok(Some(posting)) = list.next() {
            positions.clear();
            let _ = list.positions(&mut positions);
            let _ = index.doc_len(posting.ordinal);
            seen += 1;
            if seen > 2000 {
                break;
            }
        }
        if let Ok(mut list) = index.postings_at(info) {
            let _ = list.seek(3);
            let _ = list.seek(300);
        }
        let dead = [1u32, 2, 500].into_iter().collect();
        let _ = index.count_in(info, &dead);
        if let Ok(list) = index.list_at(info) {
            read_blocks(&list);
        }
        index.live_stats(&dead);
    }
    let _ = index.lookup("alpha");
    let _ = index.terms_from("be").map(|t| t.take(100).count());
}

fn read_blocks(list: &List) {
    let mut block = Block::default();
    let _ = list.all_impacts();
    for at in 0..list.blocks().min(200) {
        let _ = list.impacts(at);
        list.find(list.last(at), 0);
        if list.decode(at, &mut block).is_err() || list.bitmap(at).is_err() {
            return;
        }
        let count = block.ordinals().len() as u32;
        if list.is_dense() {
            let _ = list.dense_frequency(at, count.saturating_sub(1), count);
        }
    }
}

/// A filter: what parses is printed, parsed again, and means the same.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(parsed) = filters::parse(text) else {
        return;
    };
    let printed = parsed.to_string();
    let again = filters::parse(&printed).unwrap_or_else(|e| panic!("{printed:?}: {e:?}"));
    assert_eq!(parsed, again, "{printed:?}");
    let metadata = [
        ("a", Value::Int(3)),
        ("b", Value::Str("x".into())),
        (
            "c",
            Value::List(vec![
                Value::Float(1.5),
                Value::Map(vec![("d".into(), Value::Null)]),
            ]),
        ),
        ("d", Value::Map(vec![("e".into(), Value::Bool(true))])),
    ];
    let field = |name: &str| metadata.iter().find(|(k, _)| *k == name).map(|(_, v)| v);
    assert_eq!(parsed.matches(&field), again.matches(&field));
}

/// A text query and the analysis of a text.
pub fn text_query(data: &[u8]) {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let codes = ["en", "de", "none", "fr", "ru", "ar", "zh", "tr"];
    let language = Language::from_code(codes[usize::from(*first) % codes.len()]);
    let Some(language) = language.or(Language::from_code("none")) else {
        return;
    };
    let analyzer = Analyzer::new(language);
    let text = String::from_utf8_lossy(rest);
    let query = TextQuery::parse(&text, &analyzer);
    assert_eq!(query, TextQuery::parse(&text, &analyzer));
    let fields = TextQuery::parse_with(&text, &analyzer, |name| name.len() % 2 == 0);
    let shape = SnippetShape {
        chars: 20,
        count: 2,
    };
    for one in snippets(&text, &fields, &[], &analyzer, shape) {
        let piece = text
            .get(one.piece.bytes.clone())
            .map(|piece| piece.chars().count());
        assert_eq!(piece, Some(one.piece.chars.len()));
        assert!(one.piece.chars.len() <= shape.chars);
        for mark in one.marks {
            let marked = text.get(mark.bytes).map(|marked| marked.chars().count());
            assert_eq!(marked, Some(mark.chars.len()));
        }
    }
    let mut last = 0;
    analyzer.analyze(&text, |term, position, range| {
        assert!(!term.is_empty() && term.len() <= engram_core::index::text::MAX_TERM_BYTES);
        assert!(
            text.get(range.clone()).is_some(),
            "{range:?} splits a character"
        );
        assert!(position >= last);
        last = position;
    });
    let counts = TermCounts::new(&text, &analyzer);
    let total: u32 = counts.iter().map(|t| t.positions.len() as u32).sum();
    assert_eq!(total, counts.doc_len());
    let _: Arc<str> = analyzer.fold(&text).into();
}
