//! Scratch: not committed.
use engram_core::db::*;
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::query::{Request, Retriever, run};
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// CPU time of this thread.
#[derive(Clone, Copy)]
struct Instant(f64);
impl Instant {
    fn now() -> Self {
        let mut t = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
        Instant(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
    }
    fn elapsed(self) -> Duration {
        Duration::from_secs_f64((Instant::now().0 - self.0).max(0.0))
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |name: &str| args.iter().any(|a| a == name);
    let path = std::path::PathBuf::from(if has("opt") {
        "/tmp/textdata/opt.engram"
    } else {
        "/tmp/textdata/bench.engram"
    });
    let chunk = args
        .iter()
        .find_map(|a| a.parse::<usize>().ok())
        .unwrap_or(16000);
    let build = has("build") || !path.exists();
    if build {
        let _ = std::fs::remove_file(&path);
    }
    let db = Database::open(&path, OpenOptions::default()).unwrap();
    if build {
        let texts = std::fs::read_to_string("/tmp/textdata/texts.txt").unwrap();
        let texts: Vec<&str> = texts.lines().collect();
        let raw = std::fs::read("/tmp/data/100000/vectors.npy").unwrap();
        let raw = &raw[128..];
        let vector = |i: usize| -> Vec<f32> {
            raw[i * 1536..(i + 1) * 1536]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect()
        };
        let t = Instant::now();
        for (n, some) in texts.chunks(chunk).enumerate() {
            let mut tx = db.begin().unwrap();
            if n == 0 {
                tx.create_collection("c", Metric::Cosine, "en").unwrap();
            }
            for (i, text) in some.iter().enumerate() {
                let id = format!("r{:07}", n * chunk + i);
                let g = (n * chunk + i) as i64 * 7919 % 1000;
                tx.put(
                    "c",
                    NewRecord {
                        id: &id,
                        text: Some((*text).to_owned()),
                        metadata: Value::Map(vec![("g".into(), Value::Int(g))]),
                        vectors: vec![NewVector {
                            space: "v",
                            identity: None,
                            embedding: Embedding::Dense(vector(n * chunk + i)),
                        }],
                        times_us: None,
                    },
                )
                .unwrap();
            }
            tx.commit().unwrap();
        }
        if has("opt") {
            db.optimize().unwrap();
        }
        println!("built in {:?}", t.elapsed());
    }
    if has("reclaim") {
        let mut tx = db.begin().unwrap();
        for i in (0..100_000).filter(|i| i % 5 == 3) {
            tx.delete("c", &format!("r{i:07}")).unwrap();
        }
        let t = Instant::now();
        tx.commit().unwrap();
        println!("commit of deletes {:?}", t.elapsed());
        let t = Instant::now();
        db.optimize().unwrap();
        println!("optimize {:?}", t.elapsed());
    }
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    print!("segments {} memory {}: ", c.segments.len(), c.memory.len());
    let mut total = 0;
    let mut sections = [0u64; 6];
    for v in &c.segments {
        let b = v.segment.part_bytes(6, 0).unwrap().unwrap();
        if has("dump") {
            std::fs::write(format!("/tmp/textdata/seg{}.bin", v.at.id), b).unwrap();
        }
        let u32_at = |at: usize| u64::from(u32::from_le_bytes(b[at..at + 4].try_into().unwrap()));
        let width = match u32_at(52) {
            0..=255 => 1,
            256..=65535 => 2,
            _ => 4,
        };
        for (to, from) in sections.iter_mut().zip([
            u32_at(8) * width,
            u32_at(32),
            u32_at(40),
            u32_at(28) * 12,
            u32_at(24),
            u32_at(16),
        ]) {
            *to += from;
        }
        total += v.segment.part_bytes(6, 0).unwrap().unwrap().len();
        print!("{} ", v.segment.records());
    }
    println!("text index {:.2} MB", total as f64 / 1e6);
    println!("lengths, lists, dictionary, keys+starts, terms, occurrences: {sections:?}");
    if has("merge") {
        use engram_core::index::text::*;
        for _ in 0..3 {
            let t = Instant::now();
            let mut bytes = 0;
            for pair in c.segments.chunks(2) {
                let mut next = 0;
                let sources: Vec<MergeSource> = pair
                    .iter()
                    .map(|v| {
                        let reader = v.segment.text_index().unwrap();
                        let ordinals = (0..v.segment.records())
                            .map(|o| {
                                if o % 5 == 3 {
                                    DROPPED
                                } else {
                                    next += 1;
                                    next - 1
                                }
                            })
                            .collect();
                        MergeSource { reader, ordinals }
                    })
                    .collect();
                bytes += merge(&sources).unwrap().len();
            }
            println!("merge {:?} {bytes}", t.elapsed());
        }
        for _ in 0..2 {
            let t = Instant::now();
            for v in &c.segments[10..12] {
                let mut w = TextIndexWriter::new();
                let mut n = 0;
                let mut all = roaring::RoaringBitmap::new();
                all.insert_range(0..v.segment.records());
                v.segment
                    .each_text(&all, |o, text| {
                        w.add_text(o, text.unwrap(), &c.analyzer).unwrap();
                        n += 1;
                    })
                    .unwrap();
                let t2 = Instant::now();
                let bytes = w.finish().unwrap();
                println!("  {n} records, finish {:?} {}", t2.elapsed(), bytes.len());
            }
            println!("index 2 segments {:?}", t.elapsed());
        }
        return;
    }
    let queries = std::fs::read_to_string("/tmp/textdata/queries.tsv").unwrap();
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in queries.lines() {
        let (kind, text) = line.split_once('\t').unwrap();
        kinds.entry(kind).or_default().push(text);
    }
    let rounds = 15;
    let mut sum = 0.0f64;
    for kind in ["one", "three", "ten", "common", "sentence"] {
        let texts = &kinds[kind];
        let mut best = vec![f64::INFINITY; texts.len()];
        let mut lex = vec![u64::MAX; texts.len()];
        for _ in 0..rounds {
            for (i, text) in texts.iter().enumerate() {
                let request = Request::new(vec![Retriever::lexical(text)], 10);
                let t = Instant::now();
                let (hits, report) = run(c, &request).unwrap();
                best[i] = best[i].min(t.elapsed().as_secs_f64() * 1e6);
                sum += f64::from(hits.first().map_or(0.0, |h| h.score));
                let us = report
                    .steps
                    .iter()
                    .find(|s| s.0 == "lexical")
                    .map_or(0, |s| s.2);
                lex[i] = lex[i].min(us);
            }
        }
        best.sort_by(f64::total_cmp);
        lex.sort_unstable();
        let p = |q: f64| best[((best.len() - 1) as f64 * q) as usize];
        println!(
            "{kind:9} p50 {:7.1} us  mean {:7.1}  p90 {:7.1}  max {:7.1}   lexical step p50 {}",
            p(0.5),
            best.iter().sum::<f64>() / best.len() as f64,
            p(0.9),
            p(1.0),
            lex[lex.len() / 2]
        );
    }
    println!("checksum {sum:.3}");
}
