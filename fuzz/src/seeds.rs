//! Writes seed inputs into `corpus/`: real encodings, for the fuzzer to damage.

use engram_core::format::codec::Writer;
use engram_core::format::manifest::Manifest;
use engram_core::format::ops::Op;
use engram_core::format::record::{Metric, Record};
use engram_core::format::segment::Directory;
use engram_core::format::space::{Embedding, Kind, Matrix, Space};
use engram_core::format::superblock::Superblock;
use engram_core::format::{Extent, frame};
use engram_core::index::column::ColumnsWriter;
use engram_core::index::graph::Entry;
use engram_core::index::text::{Analyzer, Language, TextIndexWriter};
use engram_core::segment::{Coding, NewEdges, SegmentBuilder};
use engram_core::value::Value;
use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let save = |target: &str, seeds: Vec<Vec<u8>>| {
        let dir = root.join(target);
        std::fs::create_dir_all(&dir).expect("the corpus folder can be made");
        for (i, seed) in seeds.iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{i}")), seed).expect("a seed can be written");
        }
    };
    let extent = Extent {
        offset: 8192,
        len: 4096,
    };
    let block = Superblock {
        version: (1, 0),
        file_id: [7; 16],
        generation: 4,
        manifest: extent,
        manifest_len: 100,
        manifest_crc: 5,
    };
    save(
        "superblock",
        vec![block.encode(), [block.encode(), block.encode()].concat()],
    );
    let file = drive::pristine();
    let manifests: Vec<Vec<u8>> = (0..file.bytes.len())
        .step_by(4096)
        .filter_map(|at| {
            let len = Manifest::len_from_head(&file.bytes[at..])? as usize;
            Some(file.bytes[at + 16..at + len].to_vec())
        })
        .collect();
    save("manifest", manifests);
    save("record", vec![ops(), ops()[..60].to_vec()]);
    let frames = [
        frame::encode(frame::Kind::Commit, 1, 1, 1, &ops()),
        frame::encode(frame::Kind::Link, 2, 1, 1, &frame::encode_link(extent)),
    ];
    save(
        "frame",
        vec![frames[0].clone(), frames[1].clone(), frames.concat()],
    );
    save("segment", vec![segment(3), segment(60)]);
    save("edges", vec![edges(3), edges(40)]);
    save("columns", vec![columns(3), columns(700)]);
    save("text_index", vec![text_index(3), text_index(300)]);
    let filters = [
        "year >= 2020 AND tags CONTAINS 'travel'",
        "NOT (a.b = \"x\" OR `c d` IN [1, 2.5, 'z', true, null])",
        "c.d IS NOT NULL && d.e != false || !EXISTS f",
        "b STARTSWITH 'x' AND a NOT IN (1, 2)",
    ];
    save(
        "filter",
        filters.iter().map(|f| f.as_bytes().to_vec()).collect(),
    );
    let queries = [
        "\0who was in \"Paris France\" +must -not pre* C++",
        "\x06東京 naïve user_id fooBar2",
        "\x04Привет мир",
    ];
    save(
        "text_query",
        queries.iter().map(|q| q.as_bytes().to_vec()).collect(),
    );
    save(
        "file",
        vec![
            vec![0, 0, 60, 0, 1, 1],
            vec![9, 5, 40, 0, 2, 9, 9],
            vec![2, 8, 0, 90, 1, 0],
            vec![13, 10, 200, 3, 3, 1, 2, 3],
        ],
    );
}

fn records(n: u32) -> impl Iterator<Item = Record> {
    (0..n).map(|i| Record {
        id: format!("r{i}"),
        text: (i % 2 == 0).then(|| format!("alpha beta gamma {} alpha", i % 7)),
        metadata: Value::Map(vec![
            ("year".into(), Value::Int(i64::from(i))),
            (
                "tags".into(),
                Value::List(vec![
                    Value::Float(0.5),
                    Value::Null,
                    Value::Bool(true),
                    Value::Bytes(vec![0, 0xff]),
                ]),
            ),
        ]),
        created_us: 1,
        updated_us: 2,
        vectors: vec![
            (0, Embedding::Dense(vec![1.0, i as f32])),
            (1, Embedding::Sparse(vec![(3, 0.5), (9, 1.5)])),
            (2, Embedding::Multi(tokens(i))),
        ],
    })
}

fn tokens(i: u32) -> Matrix {
    let numbers = (0..3 * (1 + i % 4)).map(|j| (i * 5 + j) as f32 + 0.5);
    Matrix {
        dimension: 3,
        data: numbers.collect(),
    }
}

fn ops() -> Vec<u8> {
    let mut w = Writer::new();
    let space = |name: &str, dimension| Space::dense(name, dimension, None);
    let create = Op::CreateCollection {
        id: 1,
        name: "notes".into(),
        metric: Metric::Cosine,
        language: "en".into(),
        created_us: 1,
    };
    create.encode(&mut w);
    Op::AddSpace {
        collection: 1,
        space: space("v", 2),
    }
    .encode(&mut w);
    Op::AddSpace {
        collection: 1,
        space: space("w", 3),
    }
    .encode(&mut w);
    Op::NameSpace {
        collection: 1,
        space: 1,
        name: "text".into(),
    }
    .encode(&mut w);
    records(3).for_each(|record| {
        Op::Put {
            collection: 1,
            record,
        }
        .encode(&mut w)
    });
    Op::Delete {
        collection: 1,
        id: "r1".into(),
    }
    .encode(&mut w);
    for (source, target) in [("r0", "r2"), ("r2", "r2")] {
        Op::PutEdge {
            collection: 1,
            source: source.into(),
            kind: "knows".into(),
            target: target.into(),
            properties: Value::Map(vec![("w".into(), Value::Float(0.5))]),
        }
        .encode(&mut w);
    }
    Op::DeleteEdge {
        collection: 1,
        source: "r2".into(),
        kind: "knows".into(),
        target: "r2".into(),
    }
    .encode(&mut w);
    w.bytes
}

fn analyzer() -> Analyzer {
    Analyzer::new(Language::from_code("en").expect("English is known"))
}

fn segment(n: u32) -> Vec<u8> {
    let (analyzer, coding) = (
        analyzer(),
        Coding {
            centres: [(0, vec![0.5, 0.25])].into(),
        },
    );
    let spaces = [
        Space::dense("v", 2, None),
        Space {
            kind: Kind::Sparse,
            ..Space::dense("s", 0, None)
        },
        Space {
            kind: Kind::Multi,
            ..Space::dense("t", 3, None)
        },
    ];
    let mut builder = SegmentBuilder::new(&analyzer, &spaces, Metric::Cosine, &coding);
    records(n).for_each(|r| builder.add(&r).expect("a record can be added"));
    let (bytes, crc) = builder.finish(1).expect("a segment can be built");
    parts(n as u8, &bytes, crc)
}

/// The parts of a segment as the targets read them.
fn parts(records: u8, bytes: &[u8], crc: u32) -> Vec<u8> {
    let directory = Directory::decode(bytes, crc).expect("it can be read");
    let mut out = vec![records];
    for part in directory.parts {
        out.extend_from_slice(&[part.kind as u8, part.space as u8]);
        out.extend_from_slice(&(part.len as u16).to_le_bytes());
        out.extend_from_slice(&bytes[part.offset as usize..(part.offset + part.len) as usize]);
    }
    out
}

fn edges(n: u32) -> Vec<u8> {
    let ids: Vec<String> = (0..n * n).map(|i| format!("n{i}")).collect();
    let pairs = (0..n).map(|i| Entry {
        node: i * i,
        kind: i % 2,
        other: (i * 7) % (n * n),
        edge: i,
    });
    let new = NewEdges {
        first_node: 0,
        nodes: ids.iter().map(String::as_str).collect(),
        first_type: 0,
        types: vec!["knows", "cites"],
        edges: pairs.collect(),
    };
    let built = new.build(1, |i, entry| {
        if i % 3 == 0 {
            let mut w = Writer::new();
            w.value(&Value::Map(vec![("w".into(), Value::Int(i64::from(i)))]));
            entry.extend_from_slice(&w.bytes);
        }
        Ok(())
    });
    let (bytes, crc) = built.expect("a segment can be built");
    parts(n as u8, &bytes, crc)
}

fn columns(n: i64) -> Vec<u8> {
    let mut writer = ColumnsWriter::new();
    for i in 0..n {
        let text = |s: String| Value::Str(s);
        let tags = (0..i % 4).map(|t| text(format!("tag {t}"))).collect();
        let fields = [
            ("year", Value::Int(1900 + i % 90)),
            ("tags", Value::List(tags)),
            ("price", Value::Float(i as f64 / 4.0)),
            (
                "a",
                Value::Map(vec![("b".to_owned(), text(format!("{i:x} alpha beta")))]),
            ),
        ];
        let fields = fields
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        writer.add(&Value::Map(fields), i % 2 == 0, i * 1_000_003, i);
    }
    writer.finish()
}

fn text_index(n: u32) -> Vec<u8> {
    let (analyzer, mut writer) = (analyzer(), TextIndexWriter::new());
    for r in records(n) {
        if let Some(text) = &r.text {
            let ordinal = r.id[1..].parse().expect("ids are numbered");
            writer
                .add_text(ordinal, text, &analyzer)
                .expect("a text can be added");
        }
    }
    writer.finish().expect("the texts are indexed")
}
