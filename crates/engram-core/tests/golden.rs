//! Files that earlier versions wrote, opened by this one.
//!
//! `tests/golden/format/v<major>/` holds `small.engram`, what it shows (`expected.json`), and damaged
//! siblings as edits of it with the code that each must raise (`damaged.tsv`); and `bytes.engram`, with
//! metadata of bytes, beside `bytes.json`; and `spaces.engram`, of which a space was given up and one is being
//! filled, beside `spaces.json`. They are made by
//! `cargo test --features testing --test golden regenerate_golden -- --ignored`, once for each format
//! version, and never again after its release; the tests named like it make the others.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

use engram_core::db::{Database, NewEdge, NewRecord, NewVector, OpenOptions, Transaction};
use engram_core::error::Result;
use engram_core::format::manifest::Manifest;
use engram_core::format::record::{Metric, Record};
use engram_core::format::space::{Embedding, NEXT, Space};
use engram_core::format::superblock::Superblock;
use engram_core::format::{FORMAT_MAJOR, PAGE_BYTES};
use engram_core::query::{EdgeScan, Request, Retriever, run};
use engram_core::state::{Collection, State};
use engram_core::store::sim::{Plan, SimPlace};
use engram_core::value::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

fn folder(major: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/format/v{major}"))
}

fn open(bytes: Vec<u8>) -> Result<Database> {
    let place = SimPlace::new(Plan::new(None), Some(bytes));
    Database::open_place(place, OpenOptions::default())
}

fn string(out: &mut String, s: &str) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn list<T>(
    out: &mut String,
    ends: [char; 2],
    items: impl IntoIterator<Item = T>,
    mut one: impl FnMut(&mut String, T),
) {
    out.push(ends[0]);
    for (i, item) in items.into_iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        one(out, item);
    }
    out.push(ends[1]);
}

fn json(out: &mut String, v: &Value) {
    match v {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(x) => {
            let _ = write!(out, "{x:?}");
        }
        Value::Str(s) => string(out, s),
        Value::Bytes(bytes) => {
            let _ = write!(out, "{{\"$bytes\": {bytes:?}}}");
        }
        Value::List(items) => list(out, ['[', ']'], items, json),
        Value::Map(entries) => list(out, ['{', '}'], entries, |out, (key, v)| {
            string(out, key);
            out.push_str(": ");
            json(out, v);
        }),
    }
}

fn record_json(c: &Collection, r: &Record) -> String {
    let mut out = String::from("{\"id\": ");
    string(&mut out, &r.id);
    out.push_str(", \"text\": ");
    json(&mut out, &r.text.clone().map_or(Value::Null, Value::Str));
    out.push_str(", \"metadata\": ");
    json(&mut out, &r.metadata);
    let _ = write!(
        out,
        ", \"created_us\": {}, \"updated_us\": {}, \"vectors\": ",
        r.created_us, r.updated_us
    );
    list(&mut out, ['{', '}'], &r.vectors, |out, (space, v)| {
        string(out, &c.spaces[usize::from(*space)].name);
        out.push_str(": ");
        let numbers: Vec<f32> = match v {
            Embedding::Dense(v) => v.clone(),
            Embedding::Sparse(s) => s.iter().flat_map(|(d, w)| [*d as f32, *w]).collect(),
            Embedding::Multi(m) => m.data.clone(),
        };
        list(out, ['[', ']'], &numbers, |out, x| {
            let _ = write!(out, "{x:?}");
        });
    });
    out.push('}');
    out
}

/// Every collection of a state, record by record, and the ids that a few queries find.
fn state_json(state: &State, indent: &str) -> Result<String> {
    let mut out = format!("{{\"commit\": {}, \"collections\": {{", state.commit);
    for (i, c) in state.collections.values().enumerate() {
        let mut rows: Vec<String> = c
            .memory
            .values()
            .map(|e| record_json(c, &e.record))
            .collect();
        for view in &c.segments {
            let records = c.records_of(view, &view.live_ordinals(), true)?;
            rows.extend(records.iter().map(|r| record_json(c, r)));
        }
        rows.sort();
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        let _ = write!(out, "{indent}  ");
        string(&mut out, &c.name);
        let _ = write!(
            out,
            ": {{\"metric\": \"{}\", \"language\": \"{}\",",
            c.metric.name(),
            c.language
        );
        let _ = write!(out, "\n{indent}   \"found\": {},", found(c)?);
        let _ = write!(out, "\n{indent}   \"records\": [\n{indent}    ");
        out.push_str(&rows.join(&format!(",\n{indent}    ")));
        let edges = edges_json(c)?;
        let _ = write!(out, "],\n{indent}   \"edges\": [\n{indent}    ");
        out.push_str(&edges.join(&format!(",\n{indent}    ")));
        out.push_str("]}");
    }
    out.push_str("}}");
    Ok(out)
}

fn edges_json(c: &Collection) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for edge in EdgeScan::default().next_batch(&c.graph, usize::MAX)? {
        let mut line = String::new();
        let names = [&edge.source, &edge.kind, &edge.target];
        list(&mut line, ['[', ' '], names, |out, name| string(out, name));
        line.push_str(", ");
        json(&mut line, &edge.properties);
        line.push(']');
        lines.push(line);
    }
    lines.sort();
    Ok(lines)
}

fn found(c: &Collection) -> Result<String> {
    let dense = Retriever::dense("v", &[0.5, -1.0, 2.0]);
    let requests = [
        (Some("golden river"), None),
        (Some("\"silver stone\" har*"), None),
        (None, c.space("v").map(|_| dense)),
    ];
    let mut out = String::new();
    list(&mut out, ['[', ']'], requests, |out, (lexical, dense)| {
        let retrievers: Vec<Retriever<'_>> = lexical
            .map(Retriever::lexical)
            .into_iter()
            .chain(dense)
            .collect();
        let hits = if retrievers.is_empty() {
            Vec::new()
        } else {
            let request = Request {
                filter: Some("n >= 2"),
                ignore_missing: true,
                ..Request::new(retrievers, 100)
            };
            run(c, &request).unwrap().0
        };
        // The order belongs to the ranking, which may change; the set belongs to the file.
        let ids: BTreeSet<String> = hits.into_iter().map(|hit| hit.id).collect();
        list(out, ['[', ']'], &ids, |out, id| string(out, id));
    });
    Ok(out)
}

/// All that a file shows.
fn describe(db: &Database) -> Result<String> {
    let state = db.latest()?;
    let mut out = format!(
        "{{\"latest\": {},\n \"snapshots\": {{",
        state_json(&state, " ")?
    );
    for (i, s) in state.snapshots.iter().enumerate() {
        out.push_str(if i > 0 { ",\n  " } else { "\n  " });
        string(&mut out, &s.name);
        let _ = write!(out, ": {}", state_json(&*db.at_snapshot(&s.name)?, "  ")?);
    }
    out.push_str("}}\n");
    Ok(out)
}

#[test]
fn every_format_version_opens_and_shows_what_it_showed() {
    let files = [
        ("small.engram", "expected.json"),
        ("bytes.engram", "bytes.json"),
        ("spaces.engram", "spaces.json"),
    ];
    for (major, (file, shown)) in (1..=FORMAT_MAJOR).flat_map(|m| files.map(|f| (m, f))) {
        let expected = std::fs::read_to_string(folder(major).join(shown)).unwrap();
        let bytes = std::fs::read(folder(major).join(file)).unwrap();
        let db = open(bytes).unwrap();
        assert_eq!(describe(&db).unwrap(), expected, "format {major}");
        let report = db.verify(true).unwrap();
        assert!(
            report.problems.is_empty(),
            "format {major}: {:?}",
            report.problems
        );
        // And it is still written to.
        db.checkpoint().unwrap();
        db.optimize().unwrap();
        assert_eq!(
            describe(&db).unwrap(),
            expected,
            "format {major}, optimized"
        );
    }
}

#[test]
fn every_damaged_sibling_raises_its_code() {
    for major in 1..=FORMAT_MAJOR {
        let bytes = std::fs::read(folder(major).join("small.engram")).unwrap();
        let table = std::fs::read_to_string(folder(major).join("damaged.tsv")).unwrap();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [what, edits, code] = fields[..] else {
                panic!("{line}")
            };
            let mut damaged = bytes.clone();
            for edit in edits.split(' ') {
                apply(&mut damaged, edit);
            }
            assert_eq!(raised(damaged), code, "format {major}: {what}");
        }
    }
}

/// `flip:OFFSET` inverts a byte, `cut:LENGTH` cuts the file, `major:NUMBER` makes it one of another
/// format.
fn apply(bytes: &mut Vec<u8>, edit: &str) {
    let (verb, n) = edit.split_once(':').unwrap();
    let n: usize = n.parse().unwrap();
    match verb {
        "flip" => bytes[n] ^= 0xff,
        "cut" => bytes.truncate(n),
        "major" => {
            let page = PAGE_BYTES as usize;
            for slot in [0, page] {
                bytes[slot + 8] = n as u8;
                let crc = crc32fast::hash(&bytes[slot..slot + page - 4]).to_le_bytes();
                bytes[slot + page - 4..slot + page].copy_from_slice(&crc);
            }
        }
        _ => panic!("{edit}"),
    }
}

/// The first thing that is wrong with a file.
fn raised(bytes: Vec<u8>) -> String {
    let seen = open(bytes).and_then(|db| {
        let report = db.verify(true)?;
        Ok(report.problems.first().map(|p| p.code.slug()))
    });
    match seen {
        Ok(problem) => problem.unwrap_or("nothing").to_owned(),
        Err(e) => e.code().slug().to_owned(),
    }
}

fn put(db: &Database, collection: &str, from: usize, to: usize, note: &str) {
    let mut tx = db.begin().unwrap();
    for i in from..to {
        let space = if i % 4 == 3 { "w" } else { "v" };
        let (x, id) = (i as f32, format!("r{i}"));
        let record = NewRecord {
            id: &id,
            text: (i % 5 != 4).then(|| {
                format!("{note} river, silver stone number {i}; the harbour's Größe \"東京\"")
            }),
            metadata: Value::Map(vec![
                ("n".into(), Value::Int(i as i64)),
                (
                    "deep".into(),
                    Value::Map(vec![(
                        "list".into(),
                        Value::List(vec![Value::Null, Value::Bool(true), Value::Float(0.5)]),
                    )]),
                ),
                ("note".into(), Value::Str(note.into())),
            ]),
            vectors: if i % 7 == 6 {
                vec![]
            } else {
                vec![NewVector {
                    space,
                    identity: (space == "w").then_some("{\"name\":\"model\"}"),
                    embedding: match space {
                        "v" => Embedding::Dense(vec![x + 0.25, -x, 1.5]),
                        _ => Embedding::Dense(vec![0.1, x]),
                    },
                }]
            },
            times_us: Some((1_700_000_000_000_000 + i as i64, 1_700_000_000_500_000)),
        };
        tx.put(collection, record).unwrap();
    }
    tx.commit().unwrap();
}

fn link(db: &Database, edges: &[(usize, &str, usize)]) {
    let mut tx = db.begin().unwrap();
    for (source, kind, target) in edges {
        let weight = ("weight".to_owned(), Value::Float(*target as f64 / 4.0));
        let edge = NewEdge {
            source: &format!("r{source}"),
            kind,
            target: &format!("r{target}"),
            properties: Value::Map(if *source == 0 { vec![] } else { vec![weight] }),
        };
        tx.put_edge("notes", edge).unwrap();
    }
    tx.commit().unwrap();
}

#[test]
#[ignore = "writes the golden files of this format version"]
fn regenerate_golden() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("notes", Metric::Cosine, "en").unwrap();
    tx.create_collection("notizen", Metric::L2, "de").unwrap();
    tx.commit().unwrap();
    put(&db, "notes", 0, 12, "golden");
    link(
        &db,
        &[
            (0, "cites", 1),
            (1, "cites", 2),
            (5, "knows", 0),
            (3, "\u{e9}tape", 3),
        ],
    );
    db.create_snapshot("first").unwrap();
    put(&db, "notes", 8, 15, "replaced");
    link(&db, &[(2, "cites", 14), (14, "knows", 5), (0, "cites", 1)]);
    put(&db, "notizen", 1, 4, "golden");
    // Packs the segments, so that the file is small; what follows is the log, and dead records.
    db.optimize().unwrap();
    put(&db, "notes", 0, 2, "late");
    link(&db, &[(9, "knows", 14), (1, "cites", 2)]);
    let mut tx = db.begin().unwrap();
    tx.delete("notes", "r5").unwrap();
    tx.delete_edge("notes", "r3", "\u{e9}tape", "r3").unwrap();
    tx.commit().unwrap();
    let expected = describe(&db).unwrap();
    drop(db);
    let bytes = place.bytes();
    let folder = folder(FORMAT_MAJOR);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("small.engram"), &bytes).unwrap();
    std::fs::write(folder.join("expected.json"), expected).unwrap();
    let mut table = "what\tedits\tcode\n".to_owned();
    for (what, edits) in damages(&bytes) {
        let mut damaged = bytes.clone();
        edits.split(' ').for_each(|edit| apply(&mut damaged, edit));
        let _ = writeln!(table, "{what}\t{edits}\t{}", raised(damaged));
    }
    std::fs::write(folder.join("damaged.tsv"), table).unwrap();
}

#[test]
#[ignore = "writes the golden files of this format version"]
fn regenerate_golden_bytes() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("originals", Metric::Cosine, "none")
        .unwrap();
    tx.commit().unwrap();
    let put = |from: usize, to: usize| {
        let mut tx = db.begin().unwrap();
        for i in from..to {
            let piece = Value::Bytes((0..40 * i).map(|x| (x * x + i) as u8).collect());
            let listed = Value::List(vec![Value::Bytes(vec![0xff, 0]), Value::Int(i as i64)]);
            let own = [("n", Value::Int(i as i64)), ("piece", piece)];
            let own = own.into_iter().chain([("pieces", listed)]);
            let record = NewRecord {
                id: &format!("o{i}"),
                text: None,
                metadata: Value::Map(own.map(|(k, v)| (k.to_owned(), v)).collect()),
                vectors: vec![],
                times_us: Some((1_700_000_000_000_000 + i as i64, 1_700_000_000_500_000)),
            };
            tx.put("originals", record).unwrap();
        }
        tx.commit().unwrap();
    };
    put(0, 6);
    db.optimize().unwrap();
    put(4, 8);
    let expected = describe(&db).unwrap();
    drop(db);
    std::fs::write(folder(FORMAT_MAJOR).join("bytes.engram"), place.bytes()).unwrap();
    std::fs::write(folder(FORMAT_MAJOR).join("bytes.json"), expected).unwrap();
}

#[test]
#[ignore = "writes the golden files of this format version"]
fn regenerate_golden_spaces() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("texts", Metric::Cosine, "en").unwrap();
    tx.commit().unwrap();
    put(&db, "texts", 0, 9, "golden");
    let embed = |identity: &str, from: usize, to: usize, switch: bool| {
        let texts = |tx: &Transaction| {
            let c = tx.state().collection("texts").unwrap().clone();
            let ids = (from..to).map(|i| format!("r{i}"));
            let records = ids.filter_map(|id| c.get(&id, false).unwrap());
            let texts = records.filter_map(|r| Some((r.id, r.text?)));
            texts.collect::<Vec<_>>()
        };
        let mut tx = db.begin().unwrap();
        let space = Space::dense(NEXT, 2, Some(identity));
        tx.begin_next("texts", space).unwrap();
        let rows = texts(&tx).into_iter().zip(from..).map(|((id, text), i)| {
            let vector = vec![i as f32, identity.len() as f32];
            (id, text, Embedding::Dense(vector))
        });
        let rows = rows.collect();
        tx.set_embeddings("texts", NEXT, Some(identity), rows)
            .unwrap();
        if switch {
            tx.switch_next("texts").unwrap();
        }
        tx.commit().unwrap();
    };
    embed("one", 0, 9, true);
    db.create_snapshot("one").unwrap();
    embed("second", 0, 6, true);
    db.checkpoint().unwrap();
    embed("the third", 2, 8, false);
    let expected = describe(&db).unwrap();
    drop(db);
    std::fs::write(folder(FORMAT_MAJOR).join("spaces.engram"), place.bytes()).unwrap();
    std::fs::write(folder(FORMAT_MAJOR).join("spaces.json"), expected).unwrap();
}

/// One edit for each structure of the file.
fn damages(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let page = PAGE_BYTES as usize;
    let blocks = [0, page].map(|at| Superblock::decode(&bytes[at..at + page]).unwrap());
    let block = blocks.into_iter().max_by_key(|b| b.generation).unwrap();
    let at = block.manifest.offset as usize;
    let manifest = Manifest::decode(&bytes[at..at + block.manifest_len as usize]).unwrap();
    let segments = manifest.collections.iter().flat_map(|c| &c.segments);
    let segment = segments.max_by_key(|s| s.records).unwrap();
    let edges = manifest.collections.iter().flat_map(|c| &c.edges).next();
    let edges = edges.unwrap().extent.offset;
    let (start, end) = (segment.extent.offset, segment.extent.offset + segment.len);
    let log = manifest.log.offset;
    vec![
        ("magic of both superblocks", format!("flip:0 flip:{page}")),
        (
            "body of both superblocks",
            format!("flip:40 flip:{}", page + 40),
        ),
        (
            "a newer major version",
            format!("major:{}", FORMAT_MAJOR + 1),
        ),
        ("head of the manifest", format!("flip:{}", at + 2)),
        ("body of the manifest", format!("flip:{}", at + 100)),
        ("header of a log frame", format!("flip:{}", log + 20)),
        ("body of a log frame", format!("flip:{}", log + 60)),
        ("header of a segment", format!("flip:{start}")),
        ("first part of a segment", format!("flip:{}", start + 64)),
        (
            "last part of a segment",
            format!("flip:{}", start + segment.len / 2),
        ),
        ("header of an edge segment", format!("flip:{edges}")),
        ("nodes of an edge segment", format!("flip:{}", edges + 64)),
        ("directory of a segment", format!("flip:{}", end - 70)),
        ("footer of a segment", format!("flip:{}", end - 10)),
        ("cut within the superblocks", "cut:5000".to_owned()),
        ("cut before the end", format!("cut:{}", bytes.len() - 1)),
        ("cut to nothing", "cut:0".to_owned()),
    ]
}

#[test]
fn the_golden_files_are_small() {
    let files = std::fs::read_dir(folder(FORMAT_MAJOR)).unwrap();
    let longest = files.map(|e| e.unwrap().metadata().unwrap().len()).max();
    assert!(longest < Some(100_000), "{longest:?} bytes");
}
