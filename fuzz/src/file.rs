//! Targets that open a whole segment or a whole file.

use crate::blames_the_bytes;
use crate::bytes::look_at;
use engram_core::db::{Database, NewEdge, NewRecord, NewVector, OpenOptions};
use engram_core::error::Result;
use engram_core::format::codec::Writer;
use engram_core::format::manifest::{Manifest, SegmentRef};
use engram_core::format::record::{Metric, Parts};
use engram_core::format::segment::{CHUNK_BYTES, Directory, FOOTER_BYTES, SegmentWriter};
use engram_core::format::space::Embedding;
use engram_core::format::superblock::Superblock;
use engram_core::format::{Extent, FIRST_EXTENT, PAGE_BYTES, frame, page_ceil};
use engram_core::index::multi::TokenQuery;
use engram_core::segment::{EdgeSegment, Segment};
use engram_core::state::{Graph, State};
use engram_core::store::memory::MemoryStorage;
use engram_core::store::sim::{Plan, SimPlace};
use engram_core::value::Value;
use roaring::RoaringBitmap;
use std::sync::{Arc, OnceLock};

/// A segment put together from parts: record count, then kind, space, u16 length and bytes of each.
pub fn segment(data: &[u8]) {
    let (storage, at) = framed(data);
    let segment = Segment::open(&storage, &at).unwrap();
    read_segment(&segment).unwrap_or_else(|e| blames_the_bytes(&e));
}

/// Edges in a segment whose outside is sound, and walks along them.
pub fn edges(data: &[u8]) {
    let (storage, at) = framed(data);
    read_edges(&storage, &at).unwrap_or_else(|e| blames_the_bytes(&e));
}

/// A segment in a file: the parts that the bytes spell, kind, space, length and content, behind
/// checksums that fit. The first byte is the count of records.
fn framed(data: &[u8]) -> (MemoryStorage, SegmentRef) {
    let (records, mut rest) = data.split_first().unwrap_or((&0, &[]));
    let records = u32::from(*records);
    let mut writer = SegmentWriter::new(1, records);
    while let Some(([kind, space, low, high], tail)) = rest.split_first_chunk::<4>() {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(tail.len());
        let (part, tail) = tail.split_at(len);
        writer.part(u16::from(*kind), u16::from(*space), part);
        rest = tail;
    }
    let (bytes, footer_crc) = writer.finish();
    Directory::decode(&bytes, footer_crc).unwrap();
    let _ = Directory::decode(
        data,
        data.len()
            .checked_sub(FOOTER_BYTES)
            .map_or(0, |at| crc32fast::hash(&data[at..])),
    );
    let len = bytes.len() as u64;
    let extent = Extent {
        offset: FIRST_EXTENT,
        len: page_ceil(len),
    };
    let mut file = vec![0; FIRST_EXTENT as usize];
    file.extend_from_slice(&bytes);
    file.resize(extent.end() as usize, 0);
    let at = SegmentRef {
        id: 1,
        extent,
        born: 1,
        len,
        records,
        footer_crc,
        dead: RoaringBitmap::new(),
    };
    (MemoryStorage::with_bytes(file), at)
}

fn read_edges(storage: &MemoryStorage, at: &SegmentRef) -> Result<()> {
    let segment = EdgeSegment::open(storage, at)?;
    for node in segment.node_range().take(50) {
        if let Ok(id) = segment.node_id(node) {
            let _ = segment.node(id).map_err(|e| blames_the_bytes(&e));
        }
    }
    for incoming in [false, true] {
        for node in segment.nodes_with_rows(incoming)? {
            let row = segment.row(node, incoming)?;
            let kinds = segment.kinds(row, incoming)?;
            let numbers = match incoming {
                true => segment.edge_numbers(row)?.to_vec(),
                false => (row.first..).take(row.others.len()).collect(),
            };
            for (i, edge) in numbers.into_iter().enumerate() {
                let _ = kinds.get(i);
                let _ = segment
                    .properties_of(edge)
                    .map_err(|e| blames_the_bytes(&e));
            }
        }
    }
    let open = |at: &SegmentRef| Ok(Arc::new(EdgeSegment::open(storage, at)?));
    let mut graph = Graph::from_refs(std::slice::from_ref(at), open)?;
    let mut found = Vec::new();
    for node in 0..graph.stored_nodes().min(50) {
        graph.each_edge(node, true, None, |edge| found.push(edge))?;
        graph.each_end(node, false, Some(&[0, 1]), |_| {})?;
    }
    graph.named(&found)?;
    graph.put("a", "b", "c", Value::Map(Vec::new()))?;
    graph.delete_node("a")?;
    graph.delete_node("n1")
}

fn read_tokens(s: &Segment, space: u16) -> Result<()> {
    let Some(vectors) = s.multi(space)? else {
        return Ok(());
    };
    let query = vec![0.5; 2 * vectors.dimension()];
    let mut scores = Vec::new();
    let ranges: Vec<_> = (0..vectors.rows().len())
        .filter_map(|row| vectors.range(row).ok())
        .collect();
    TokenQuery::new(&query, vectors.dimension(), true).score(
        &vectors.some(&ranges)?,
        &ranges,
        &mut scores,
    );
    if let Some(codes) = s.token_codes(space, &vectors)? {
        codes.estimate(&codes.lookup(&query), &ranges, &mut scores);
    }
    Ok(())
}

fn read_segment(s: &Segment) -> Result<()> {
    let mut all = RoaringBitmap::new();
    all.insert_range(0..s.records());
    let check = |r: Result<()>| r.unwrap_or_else(|e| blames_the_bytes(&e));
    check(s.check_all().map(|_| ()));
    check(s.records_of(&all, true).map(|_| ()));
    check(s.each_meta(&all, |_, _| ()));
    check(s.each_text(&all, |_, _| ()));
    check(s.fields().map(|_| ()));
    for ordinal in (0..s.records()).chain([u32::MAX]) {
        check(s.record(ordinal, Parts::all(true)).map(|_| ()));
        check(s.meta(ordinal).map(|_| ()));
        check(s.text(ordinal).map(|_| ()));
        let id = s.record_id(ordinal).map(str::to_owned);
        check(id.and_then(|id| s.find(&id)).map(|_| ()));
    }
    check(s.find("a").map(|_| ()));
    for space in s.spaces() {
        check(s.plane(space).map(|_| ()));
        check(s.rows(space).map(|_| ()));
        check(read_tokens(s, space));
        for ordinal in 0..s.records() {
            check(s.embedding(space, ordinal).map(|_| ()));
        }
    }
    check(s.text_index().and_then(|index| index.check()));
    Ok(())
}

/// A valid file, what it shows after each commit, and where its structures lie.
pub struct Pristine {
    /// Every byte.
    pub bytes: Vec<u8>,
    dumps: Vec<String>,
    frames: Vec<(usize, usize)>,
    manifest: (usize, usize),
    segments: Vec<(usize, usize)>,
}

fn link(tx: &mut engram_core::db::Transaction, from: usize, to: usize) {
    let edge = NewEdge {
        source: &format!("r{from}"),
        kind: "knows",
        target: &format!("r{to}"),
        properties: Value::Map(vec![("w".into(), Value::Int(to as i64))]),
    };
    tx.put_edge("notes", edge).unwrap();
}

fn put(tx: &mut engram_core::db::Transaction, collection: &str, i: usize, note: &str) {
    let id = format!("r{i}");
    let vectors = match i % 3 {
        0 => vec![],
        n => vec![NewVector {
            space: if n == 1 { "v" } else { "w" },
            identity: None,
            embedding: Embedding::Dense((0..4 * n).map(|j| (i * 7 + j) as f32 - 3.5).collect()),
        }],
    };
    let record = NewRecord {
        id: &id,
        text: (!i.is_multiple_of(4)).then(|| format!("alpha {note} beta gamma number {i}")),
        metadata: Value::Map(vec![
            ("year".into(), Value::Int(i as i64)),
            (
                "tags".into(),
                Value::List(vec![Value::Str(note.into()), Value::Null]),
            ),
        ]),
        vectors,
        times_us: Some((5, 6)),
    };
    tx.put(collection, record).unwrap();
}

/// The file that the `file` target damages.
pub fn pristine() -> &'static Pristine {
    static MADE: OnceLock<Pristine> = OnceLock::new();
    MADE.get_or_init(|| {
        let place = SimPlace::new(Plan::new(None), None);
        let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
        let mut dumps = vec![dump(&db.latest().unwrap()).unwrap()];
        let mut step = |f: &dyn Fn(&mut engram_core::db::Transaction)| {
            let mut tx = db.begin().unwrap();
            f(&mut tx);
            tx.commit().unwrap();
            dumps.push(dump(&db.latest().unwrap()).unwrap());
        };
        step(&|tx| {
            tx.create_collection("notes", Metric::Cosine, "en").unwrap();
            tx.create_collection("other", Metric::L2, "none").unwrap();
            (0..20).for_each(|i| put(tx, "notes", i, "first"));
            (0..20).for_each(|i| link(tx, i, (i * 7) % 20));
        });
        db.create_snapshot("kept").unwrap();
        step(&|tx| {
            tx.delete("notes", "r3").unwrap();
            (10..25).for_each(|i| put(tx, "notes", i, "second"));
        });
        db.checkpoint().unwrap();
        for i in 0..4 {
            step(&|tx| put(tx, "other", i, "third"));
        }
        step(&|tx| {
            tx.delete("notes", "r12").unwrap();
            link(tx, 4, 5);
            tx.delete_edge("notes", "r1", "knows", "r7").unwrap();
        });
        drop(db);
        let bytes = place.bytes();
        let page = PAGE_BYTES as usize;
        let blocks = [0, page].map(|at| Superblock::decode(&bytes[at..at + page]).unwrap());
        let block = blocks.into_iter().max_by_key(|b| b.generation).unwrap();
        let at = block.manifest.offset as usize;
        let manifest = Manifest::decode(&bytes[at..at + block.manifest_len as usize]).unwrap();
        let mut frames = Vec::new();
        let mut next = manifest.log.offset as usize;
        while let Ok((header, _)) = frame::decode(&bytes[next..]) {
            frames.push((next, header.body_len));
            next += header.frame_len() as usize;
        }
        Pristine {
            dumps,
            frames,
            manifest: (at, block.manifest_len as usize),
            segments: manifest
                .segments()
                .iter()
                .map(|s| (s.extent.offset as usize, s.len as usize))
                .collect(),
            bytes,
        }
    })
}

/// Everything a state shows.
fn dump(state: &State) -> Result<String> {
    let mut out = format!(
        "{} {:?}\n",
        state.records(),
        state.snapshots.iter().map(|s| &s.name).collect::<Vec<_>>()
    );
    // A snapshot or a checkpoint makes no commit, so it does not tell states apart.
    out.truncate(out.find(' ').unwrap_or(0));
    for c in state.collections.values() {
        out.push_str(&format!("\n{} {:?}", c.name, c.spaces));
        let mut lines: Vec<String> = c
            .memory
            .values()
            .map(|e| format!("{:?}", e.record))
            .collect();
        for view in &c.segments {
            for record in view.segment.records_of(&view.live_ordinals(), true)? {
                lines.push(format!("{record:?}"));
            }
        }
        let mut found = Vec::new();
        for node in 0..c.graph.stored_nodes() + c.graph.memory().nodes.len() {
            c.graph
                .each_edge(node, false, None, |edge| found.push(edge))?;
        }
        let edges = c.graph.named(&found)?;
        lines.extend(edges.iter().map(|edge| format!("{edge:?}")));
        lines.sort();
        out.push_str(&lines.join("\n"));
    }
    Ok(out)
}

/// Edits to the pristine file: a mode byte, then place u16, offset u16, length u8, bytes.
///
/// Mode bit 0: the checksums are made to fit again, so that the bytes themselves are believed.
/// Mode bit 1: the file is cut off where the first edit stands. Bit 2: it is written to. Bit 3: it
/// is verified deeply.
pub fn file(data: &[u8]) {
    let base = pristine();
    let mut bytes = base.bytes.clone();
    let (mode, mut rest) = data.split_first().unwrap_or((&0, &[]));
    let mut first = None;
    while let Some(([place, a, b, len], tail)) = rest.split_first_chunk::<4>() {
        let starts: Vec<(usize, usize)> = base
            .frames
            .iter()
            .map(|(at, len)| (*at, frame::HEADER_BYTES + len))
            .chain([base.manifest, (0, 4096), (4096, 4096), (0, bytes.len())])
            .chain(base.segments.iter().copied())
            .collect();
        let (start, room) = starts[usize::from(*place) % starts.len()];
        let at = start + usize::from(u16::from_le_bytes([*a, *b])) % room;
        let (edit, tail) = tail.split_at((usize::from(*len) % 32).min(tail.len()));
        for (to, from) in bytes[at..].iter_mut().zip(edit) {
            *to = *from;
        }
        first.get_or_insert(at);
        rest = tail;
    }
    let crafted = mode & 1 == 1;
    if crafted {
        seal(base, &mut bytes);
    }
    if let (true, Some(at)) = (mode & 2 == 2, first) {
        bytes.truncate(at);
    }
    let outcome = use_file(bytes, *mode);
    match outcome {
        Ok(seen) if !crafted => assert!(base.dumps.contains(&seen), "a wrong answer: {seen}"),
        Ok(_) => {}
        Err(e) => blames_the_bytes(&e),
    }
}

fn use_file(bytes: Vec<u8>, mode: u8) -> Result<String> {
    let place = SimPlace::new(Plan::new(None), Some(bytes));
    let db = Database::open_place(place, OpenOptions::default())?;
    let state = db.latest()?;
    let seen = dump(&state);
    look_at(&state);
    if let Ok(then) = db.at_snapshot("kept") {
        look_at(&then);
    }
    let _ = db.verify(mode & 8 == 8);
    let _ = db.stats();
    let _ = db.at_commit(1);
    if mode & 4 == 4 {
        // What it shows may be anything; it must be possible to go on or be told why not.
        let _ = db.checkpoint();
        let _ = db.optimize();
    }
    seen
}

/// Makes every checksum fit the bytes it covers.
fn seal(base: &Pristine, bytes: &mut [u8]) {
    for (at, body_len) in &base.frames {
        let (head, end) = (at + 8, at + frame::HEADER_BYTES);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&bytes[head..end - 4]);
        crc.update(&bytes[end..end + body_len]);
        bytes[end - 4..end].copy_from_slice(&crc.finalize().to_le_bytes());
    }
    let (manifest, manifest_len) = base.manifest;
    for (at, len) in &base.segments {
        let footer = at + len - FOOTER_BYTES;
        let was = crc32fast::hash(&base.bytes[footer..at + len]).to_le_bytes();
        let field = |i: usize| {
            let from = footer + 8 * i;
            u64::from_le_bytes(base.bytes[from..from + 8].try_into().unwrap()) as usize
        };
        let (data_len, table_len, directory_len) = (field(1), field(2), field(3));
        let mut table = Writer::new();
        bytes[*at..at + data_len]
            .chunks(CHUNK_BYTES)
            .for_each(|c| table.u32(crc32fast::hash(c)));
        let table_at = at + data_len;
        bytes[table_at..table_at + table_len].copy_from_slice(&table.bytes);
        let directory = &bytes[table_at + table_len..table_at + table_len + directory_len];
        let crcs = [crc32fast::hash(&table.bytes), crc32fast::hash(directory)];
        bytes[footer + 32..footer + 36].copy_from_slice(&crcs[0].to_le_bytes());
        bytes[footer + 36..footer + 40].copy_from_slice(&crcs[1].to_le_bytes());
        let now = crc32fast::hash(&bytes[footer..at + len]).to_le_bytes();
        for i in manifest..manifest + manifest_len - 4 {
            if base.bytes[i..i + 4] == was {
                bytes[i..i + 4].copy_from_slice(&now);
            }
        }
    }
    let body = crc32fast::hash(&bytes[manifest + 16..manifest + manifest_len]);
    bytes[manifest + 4..manifest + 8].copy_from_slice(&body.to_le_bytes());
    let whole = crc32fast::hash(&bytes[manifest..manifest + manifest_len]);
    let page = PAGE_BYTES as usize;
    for at in [0, page] {
        let was = Superblock::decode(&base.bytes[at..at + page]).unwrap();
        if was.manifest.offset as usize == manifest {
            bytes[at + 64..at + 68].copy_from_slice(&whole.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[at..at + page - 4]);
        bytes[at + page - 4..at + page].copy_from_slice(&crc.to_le_bytes());
    }
}
