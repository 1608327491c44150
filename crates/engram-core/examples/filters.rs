//! Scratch: speed of filters.
use engram_core::db::{Database, NewRecord, OpenOptions};
use engram_core::format::record::Metric;
use engram_core::index::filter::parse;
use engram_core::query::{Mask, facets, parse_filter};
use engram_core::value::Value;
use std::time::Instant;

fn main() {
    let n: i64 = 100_000;
    let db = Database::memory(OpenOptions::default()).unwrap();
    let mut state = 0x9e37_79b9_u64;
    let mut roll = |m: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % m
    };
    {
        let mut tx = db.begin().unwrap();
        tx.create_collection("c", Metric::Cosine, "en").unwrap();
        tx.commit().unwrap();
    }
    let started = Instant::now();
    let mut i = 0;
    while i < n {
        let mut tx = db.begin().unwrap();
        for _ in 0..8400.min(n - i) {
            let s = |x: String| Value::Str(x);
            let meta = vec![
                ("year".to_owned(), Value::Int(1000 + roll(1000) as i64)),
                ("category".to_owned(), Value::Int(i % 50)),
                (
                    "tags".to_owned(),
                    Value::List(vec![s(format!("t{}", i % 7))]),
                ),
                (
                    "many".to_owned(),
                    Value::List((0..3).map(|_| s(format!("m{}", roll(40)))).collect()),
                ),
                (
                    "price".to_owned(),
                    Value::Float(roll(1_000_000) as f64 / 100.0),
                ),
                (
                    "day".to_owned(),
                    s(format!(
                        "20{:02}-{:02}-{:02}",
                        roll(25),
                        1 + roll(12),
                        1 + roll(28)
                    )),
                ),
                (
                    "user".to_owned(),
                    s(format!("{:016x}{:016x}", roll(u64::MAX), roll(u64::MAX))),
                ),
            ];
            tx.put(
                "c",
                NewRecord {
                    id: &format!("r{i:07}"),
                    text: None,
                    metadata: Value::Map(meta),
                    vectors: vec![],
                    times_us: None,
                },
            )
            .unwrap();
            i += 1;
        }
        tx.commit().unwrap();
        if std::env::var("NOCP").is_err() {
            db.checkpoint().unwrap();
        }
    }
    println!("build {:?}", started.elapsed());
    let st = db.latest().unwrap();
    let c = st.collection("c").unwrap();
    println!("segments {} memory {}", c.segments.len(), c.memory.len());
    let mut total = 0;
    for v in &c.segments {
        total += v.segment.part_bytes(9, 0).unwrap().unwrap().len();
    }
    println!(
        "columns {} bytes, {:.2} a record",
        total,
        total as f64 / n as f64
    );
    if let Ok(text) = std::env::var("LOOP") {
        let f = parse(&text).unwrap();
        let t = Instant::now();
        for _ in 0..200_000 {
            std::hint::black_box(Mask::new(c, Some(&f)).unwrap());
        }
        println!("{:?} a query", t.elapsed() / 200_000);
        return;
    }
    let filters = [
        "year >= 1500",
        "year < 1100",
        "year < 1010",
        "year = 1001",
        "category = 17",
        "category IN [1, 2, 3, 40]",
        "tags CONTAINS 't3'",
        "many CONTAINS 'm3'",
        "many = 'm3' AND many = 'm7'",
        "year >= 1500 AND category = 3",
        "price < 100.5",
        "day >= '2020-01-01'",
        "day LIKE '20%-01-0_'",
        "day CONTAINS '-01-'",
        "user = 'nobody'",
        "NOT (year > 1500 OR category != 3)",
        "_id = 'r0000017'",
        "_created > '2020'",
        "year BETWEEN 1500 AND 1510 OR day = '2020-01-01'",
        "user > 'f' AND year = 1001",
    ];
    for text in filters {
        let mut best = [f64::MAX; 3];
        let mut rows = 0;
        for _ in 0..300 {
            let t = Instant::now();
            let f = parse(text).unwrap();
            best[0] = best[0].min(t.elapsed().as_nanos() as f64);
            let t = Instant::now();
            let _ = parse_filter(c, text, false).unwrap();
            best[1] = best[1].min(t.elapsed().as_nanos() as f64);
            let t = Instant::now();
            let mask = Mask::new(c, Some(&f)).unwrap();
            best[2] = best[2].min(t.elapsed().as_nanos() as f64);
            rows = mask.len();
            if best[2] > 3e6 {
                break;
            }
        }
        println!(
            "{text:45} rows {rows:6}  parse {:5.2}  parse+check {:5.2}  mask {:8.2} us",
            best[0] / 1e3,
            best[1] / 1e3,
            best[2] / 1e3
        );
    }
    let mask = Mask::new(c, Some(&parse("year >= 1500").unwrap())).unwrap();
    for path in ["category", "year", "many", "price", "day", "_created"] {
        let mut best = f64::MAX;
        for _ in 0..20 {
            let t = Instant::now();
            let f = facets(
                c,
                &mask,
                &[engram_core::index::filter::Path(vec![path.into()])],
                10,
                false,
            )
            .unwrap();
            best = best.min(t.elapsed().as_nanos() as f64);
            std::hint::black_box(f);
        }
        println!("facet {path:10} {:8.1} us", best / 1e3);
    }
}
