//! Search by token vectors through the whole engine: codes beside the exact MaxSim, whatever is
//! deleted, replaced, filtered or damaged.

#![allow(clippy::unwrap_used)]

use engram_core::db::{Database, DoctorOptions, NewRecord, NewVector, OpenOptions, doctor};
use engram_core::error::{Class, Result};
use engram_core::format::record::Metric;
use engram_core::format::segment::{CHUNK_BYTES, kind};
use engram_core::format::space::{Element, Embedding, Kind, Matrix, Space};
use engram_core::query::{RecallCheck, Request, Retriever, Wanted, recall_check, run};
use engram_core::state::Collection;
use engram_core::value::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Ids and scores, the best first.
type Found = Vec<(String, f32)>;

const DIMENSION: usize = 16;
/// Words that texts are made of, and how many of them belong to a topic.
const WORDS: u64 = 400;
const TOPIC: u64 = 20;

/// Numbers from a seed, about normal.
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn number(&mut self) -> f32 {
        let uniform = |bits: u64| (bits & 0xffff) as f32 / 65_536.0 - 0.5;
        let bits = self.bits();
        (0..4).map(|i| uniform(bits >> (16 * i))).sum()
    }
}

/// Tokens near those of a vocabulary, most of a topic, around a mean; each of norm 1.
fn tokens(i: u64, salt: u64, count: u64) -> Matrix {
    let mut dice = Dice(i * 7919 + salt * 1_000_003);
    let mut data = Vec::new();
    for _ in 0..count {
        let word = match dice.bits() % 3 {
            0 => dice.bits() % WORDS,
            _ => (i * 13 % WORDS + dice.bits() % TOPIC) % WORDS,
        };
        let mut meant = Dice(word * 31);
        let token: Vec<f32> = (0..DIMENSION)
            .map(|d| f32::from(d == 3) + meant.number() + 0.4 * dice.number())
            .collect();
        let norm = token.iter().map(|x| x * x).sum::<f32>().sqrt();
        data.extend(token.iter().map(|x| x / norm));
    }
    let dimension = DIMENSION as u32;
    Matrix { dimension, data }
}

struct Fixture {
    db: Database,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Fixture {
    fn new(metric: Metric, element: Element) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.engram");
        let db = Database::open(&path, OpenOptions::default()).unwrap();
        let mut tx = db.begin().unwrap();
        tx.create_collection("c", metric, "en").unwrap();
        let space = Space {
            kind: Kind::Multi,
            element,
            ..Space::dense("t", DIMENSION as u32, None)
        };
        tx.add_space("c", space).unwrap();
        tx.commit().unwrap();
        Fixture {
            db,
            path,
            _dir: dir,
        }
    }

    /// Puts records, of which every seventh has no tokens.
    fn put(&self, numbers: impl Iterator<Item = u64>, salt: u64) {
        let mut tx = self.db.begin().unwrap();
        for i in numbers {
            let vector = NewVector {
                space: "t",
                identity: None,
                embedding: Embedding::Multi(tokens(i, salt, 20 + i % 23)),
            };
            let record = NewRecord {
                id: &format!("r{i:05}"),
                text: None,
                metadata: Value::Map(vec![("part".into(), Value::Int((i % 20) as i64))]),
                vectors: match i % 7 {
                    6 => Vec::new(),
                    _ => vec![vector],
                },
                times_us: None,
            };
            tx.put("c", record).unwrap();
        }
        tx.commit().unwrap();
    }

    fn delete(&self, numbers: impl Iterator<Item = u64>) {
        let mut tx = self.db.begin().unwrap();
        for i in numbers {
            tx.delete("c", &format!("r{i:05}")).unwrap();
        }
        tx.commit().unwrap();
    }

    /// Compares with the exact search; says whether every query went by codes.
    fn check(&self, filter: Option<&str>) -> bool {
        let state = self.db.latest().unwrap();
        let c = state.collection("c").unwrap();
        let (mut hits, mut wanted, mut by_codes) = (0, 0, true);
        for q in 0..30 {
            let query = tokens(q * 37, 99, 8);
            let (exact, was_exact) = ask(c, &query, filter, 1.0).unwrap();
            assert!(was_exact);
            let (found, was_exact) = ask(c, &query, filter, 0.99).unwrap();
            by_codes &= !was_exact;
            let bar = exact.last().unwrap().1;
            for hit in &found {
                let same = exact.iter().find(|other| other.0 == hit.0);
                assert!(same.is_none_or(|other| other.1 == hit.1));
                assert!(hit.1 <= exact[0].1);
            }
            assert!(!was_exact || found == exact);
            hits += found.iter().filter(|hit| hit.1 >= bar).count();
            wanted += exact.len();
        }
        let share = hits as f64 / wanted as f64;
        assert!(share >= 0.985, "{filter:?}: {share}");
        by_codes
    }
}

fn ask(c: &Collection, query: &Matrix, filter: Option<&str>, recall: f32) -> Result<(Found, bool)> {
    let mut retriever = Retriever::multi("t", query);
    if let Wanted::Multi(multi) = &mut retriever.wanted {
        multi.recall = recall;
    }
    let request = Request {
        filter,
        ..Request::new(vec![retriever], 10)
    };
    let (hits, report) = run(c, &request)?;
    let found = hits.into_iter().map(|hit| (hit.id, hit.score)).collect();
    Ok((found, report.retrievers[0].exact))
}

#[test]
fn codes_find_what_the_exact_search_finds() {
    for (metric, element) in [(Metric::Cosine, Element::F32), (Metric::Dot, Element::F16)] {
        let fixture = Fixture::new(metric, element);
        fixture.put(0..3600, 1);
        assert!(fixture.check(None), "{element:?}");
        assert!(fixture.check(Some("part < 10")));
    }
}

#[test]
fn codes_lose_nothing_by_deletions_replacements_and_filters() {
    let fixture = Fixture::new(Metric::Cosine, Element::I8);
    fixture.put(0..3600, 1);
    fixture.delete((0..3600).filter(|i| i % 11 == 3));
    fixture.put((0..3600).filter(|i| i % 31 == 2), 2);
    assert!(fixture.check(None));
    assert!(fixture.check(Some("part IN [1, 3, 5, 7, 9, 11, 13, 15, 17]")));
    // Few are left of each segment: they are all scored.
    assert!(!fixture.check(Some("part = 4")));
    fixture.db.optimize().unwrap();
    assert!(fixture.check(None));
    fixture.db.rebuild().unwrap();
    assert!(fixture.check(Some("part != 3")));
    let verified = fixture.db.verify(true).unwrap();
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);
}

#[test]
fn a_recall_check_says_what_codes_find() {
    let fixture = Fixture::new(Metric::Cosine, Element::F16);
    fixture.put(0..3600, 1);
    let state = fixture.db.latest().unwrap();
    let c = state.collection("c").unwrap();
    let check = RecallCheck {
        space: "t",
        sample: 30,
        k: 10,
        recall: 0.99,
    };
    let report = recall_check(c, &check).unwrap();
    assert!((25..=30).contains(&report.queries), "{report:?}");
    assert!(report.exact < report.queries, "{report:?}");
    assert!(report.recall >= 0.98 && report.worst >= 0.7, "{report:?}");
}

#[test]
fn bits_are_compared_whole() {
    let fixture = Fixture::new(Metric::Cosine, Element::Bit);
    fixture.put(0..900, 1);
    assert!(!fixture.check(None));
    fixture.db.checkpoint().unwrap();
    assert!(!fixture.check(None));
}

#[test]
fn a_recall_out_of_range_is_refused() {
    let fixture = Fixture::new(Metric::Cosine, Element::F32);
    let state = fixture.db.latest().unwrap();
    let c = state.collection("c").unwrap();
    for recall in [0.2, 1.5, f32::NAN] {
        assert!(ask(c, &tokens(1, 1, 2), None, recall).is_err(), "{recall}");
    }
}

/// Where the parts of a kind lie in the file: first byte and length.
fn places(db: &Database, kind: u16) -> Vec<(u64, u64)> {
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    let places = c.segments.iter().filter_map(|view| {
        let part = view.segment.sealed().part(kind, 0)?;
        Some((view.at.extent.offset + part.offset, part.len))
    });
    places.collect()
}

/// What a damaged file answers: the same as the sound one, or a typed error.
fn answers(path: &std::path::Path, wanted: &[Found; 2], what: &str) {
    let db = Database::open(path, OpenOptions::default()).unwrap();
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    for (recall, wanted) in [0.99, 1.0].into_iter().zip(wanted) {
        match ask(c, &tokens(5, 99, 8), None, recall) {
            Ok((found, _)) => assert!(found == *wanted, "{what}: a wrong answer"),
            Err(e) => assert_eq!(e.code().class(), Class::Corrupt, "{what}: {e:?}"),
        }
    }
    let problems = db.verify(false).unwrap().problems;
    assert!(!problems.is_empty(), "{what}: verify saw nothing");
}

#[test]
fn damage_is_noticed_and_codes_are_made_again() {
    let fixture = Fixture::new(Metric::Cosine, Element::I8);
    fixture.put(0..3600, 1);
    fixture.db.checkpoint().unwrap();
    let state = fixture.db.latest().unwrap();
    let c = state.collection("c").unwrap();
    let query = tokens(5, 99, 8);
    let wanted = [0.99, 1.0].map(|recall| ask(c, &query, None, recall).unwrap().0);
    let bytes = std::fs::read(&fixture.path).unwrap();
    let path = fixture.path.with_extension("damaged");
    let repair = DoctorOptions {
        dry_run: false,
        rebuild: false,
        vacuum: false,
        lock_timeout: Duration::from_secs(1),
    };
    let mut dice = Dice(7);
    for kind in [kind::MULTI, kind::MULTI_INDEX] {
        let mut parts = places(&fixture.db, kind);
        parts.retain(|(_, len)| *len > 3 * CHUNK_BYTES as u64);
        assert!(!parts.is_empty());
        for i in 0..5 {
            let (start, len) = parts[i % parts.len()];
            // The head first; then what shares no chunk with another part.
            let inside = CHUNK_BYTES as u64..len - CHUNK_BYTES as u64;
            let offset = inside.start + dice.bits() % (inside.end - inside.start);
            let at = start + if i == 0 { 8 } else { offset };
            let mut bytes = bytes.clone();
            bytes[at as usize] ^= 1 << (dice.bits() % 8);
            std::fs::write(&path, &bytes).unwrap();
            let what = format!("kind {kind}, byte {}", at - start);
            answers(&path, &wanted, &what);
            if i > 1 {
                continue;
            }
            let report = doctor(&path, repair).unwrap();
            assert!(
                report.dropped.is_empty() || kind == kind::MULTI || i == 0,
                "{what}"
            );
            let db = Database::open(&path, OpenOptions::default()).unwrap();
            assert!(db.verify(i == 1).unwrap().problems.is_empty(), "{what}");
        }
    }
}
