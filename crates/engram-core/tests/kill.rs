//! Processes killed at random moments, against a ledger of what they said was done.
//!
//! `ENGRAM_LONG=1` kills 400 times, else 48.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, NewEdge, NewRecord, NewVector, OpenOptions};
use engram_core::error::{Code, Result};
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::query::EdgeScan;
use engram_core::state::State;
use engram_core::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use support::worker::{Worker, orders, say};
use support::{Dice, announce, long};

const SEED: u64 = 0x5eed_0030;
const WORKERS: usize = 4;

fn open(path: &Path) -> Result<Database> {
    let options = OpenOptions {
        lock_timeout: Duration::from_secs(60),
        ..OpenOptions::default()
    };
    Database::open(path, options)
}

fn text_of(id: &str) -> String {
    format!("the text of {id}, which nobody else has")
}

fn put(db: &Database, ids: &[String]) -> Result<()> {
    let mut tx = db.begin()?;
    for id in ids {
        let vector = NewVector {
            space: "v",
            identity: None,
            embedding: Embedding::Dense((0..256).map(|i| (i + id.len()) as f32 + 1.0).collect()),
        };
        let record = NewRecord {
            id,
            text: Some(text_of(id)),
            metadata: Value::Map(vec![("id".into(), Value::Str(id.clone()))]),
            vectors: vec![vector],
            times_us: None,
        };
        tx.put("ledger", record)?;
        // To itself, and from the one before it.
        let before = ids.iter().take_while(|other| *other != id).last();
        for (source, kind) in [(Some(id), "is"), (before, "comes before")] {
            if let Some(source) = source {
                let edge = NewEdge {
                    source,
                    kind,
                    target: id,
                    properties: Value::Map(vec![("id".into(), Value::Str(id.clone()))]),
                };
                tx.put_edge("ledger", edge)?;
            }
        }
    }
    tx.commit().map(|_| ())
}

fn delete(db: &Database, ids: &[String]) -> Result<()> {
    let mut tx = db.begin()?;
    for id in ids {
        tx.delete("ledger", id)?;
    }
    tx.commit().map(|_| ())
}

/// Writes until it is killed: says what it is about to do, and what is done.
#[test]
#[ignore = "runs as a process of its own"]
fn worker_process() {
    let Some((path, number)) = orders() else {
        return;
    };
    let mut dice = Dice(SEED ^ (number << 20));
    let mut db = open(&path).unwrap();
    let mut mine: Vec<String> = Vec::new();
    for n in 0.. {
        let done = match dice.roll(40) {
            0 => db.checkpoint(),
            1 => db.optimize().map(|_| ()),
            2 => db.create_snapshot(&format!("s{}", number % 3)).map(|_| ()),
            3 => db.delete_snapshot(&format!("s{}", number % 3)).map(|_| ()),
            4 => open(&path).map(|fresh| db = fresh),
            5..10 if !mine.is_empty() => {
                let count = 1 + dice.roll(3).min(mine.len() as u64 - 1) as usize;
                let ids: Vec<String> = (0..count)
                    .map(|_| mine.swap_remove(dice.roll(mine.len() as u64) as usize))
                    .collect();
                say(&format!("delete {}", ids.join(" ")));
                let done = delete(&db, &ids);
                say("done");
                done
            }
            kind => {
                // Now and then more than 1 MiB, which goes into segments at once.
                let large = kind == 10 && dice.roll(4) == 0;
                let count = if large { 1100 } else { 1 + dice.roll(4) };
                let ids: Vec<String> = (0..count).map(|i| format!("{number}-{n}-{i}")).collect();
                say(&format!("put {}", ids.join(" ")));
                let done = put(&db, &ids);
                if done.is_ok() {
                    say("done");
                }
                mine.extend(ids);
                done
            }
        };
        match done {
            Ok(()) => {}
            Err(e) if e.code() == Code::SnapshotExists => {}
            Err(e) => say(&format!("error {e:?}")),
        }
    }
}

/// What one worker said.
#[derive(Default)]
struct Ledger {
    /// Acknowledged and not deleted since.
    there: BTreeSet<String>,
    /// Acknowledged deletions.
    gone: BTreeSet<String>,
    /// Announced and not acknowledged: a put or not, and its ids.
    open: Option<(bool, Vec<String>)>,
    acks: u64,
}

impl Ledger {
    fn note(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let ids = || rest.split(' ').map(str::to_owned).collect();
        match verb {
            "put" => self.open = Some((true, ids())),
            "delete" => self.open = Some((false, ids())),
            "done" => {
                let (is_put, ids) = self.open.take().unwrap();
                self.settle(is_put, ids);
                self.acks += 1;
            }
            _ => panic!("a worker said: {line}"),
        }
    }

    fn settle(&mut self, is_put: bool, ids: Vec<String>) {
        for id in ids {
            let (to, from) = match is_put {
                true => (&mut self.there, &mut self.gone),
                false => (&mut self.gone, &mut self.there),
            };
            from.remove(&id);
            to.insert(id);
        }
    }

    /// Holds the ledger of a dead worker against what the file shows of it.
    fn compare(&mut self, shown: &BTreeSet<String>, what: &str) {
        if let Some((is_put, ids)) = self.open.take() {
            // In flight when it died: all of it happened, or nothing.
            let seen = ids.iter().filter(|id| shown.contains(*id)).count();
            assert!(
                seen == 0 || seen == ids.len(),
                "{what}: half a commit: {ids:?}"
            );
            if (seen > 0) == is_put {
                self.settle(is_put, ids);
            }
        }
        let missing: Vec<_> = self.there.difference(shown).collect();
        assert!(missing.is_empty(), "{what}: missing {missing:?}");
        let phantom: Vec<_> = shown.difference(&self.there).collect();
        assert!(phantom.is_empty(), "{what}: phantom {phantom:?}");
    }
}

/// Ids by the number of the worker that put them; texts are checked on the way.
fn shown(state: &State) -> BTreeMap<u64, BTreeSet<String>> {
    let c = state.collection("ledger").unwrap();
    let mut out: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    let mut note = |id: &str, text: Option<&str>| {
        assert_eq!(text, Some(text_of(id).as_str()));
        let number = id.split_once('-').unwrap().0.parse().unwrap();
        assert!(
            out.entry(number).or_default().insert(id.to_owned()),
            "{id} is there twice"
        );
    };
    c.memory
        .values()
        .for_each(|e| note(&e.record.id, e.record.text.as_deref()));
    for view in &c.segments {
        for r in view
            .segment
            .records_of(&view.live_ordinals(), false)
            .unwrap()
        {
            note(&r.id, r.text.as_deref());
        }
    }
    out
}

/// Every record has its edges, and nothing else has any.
fn check_edges(state: &State, shown: &BTreeMap<u64, BTreeSet<String>>, what: &str) {
    let c = state.collection("ledger").unwrap();
    let there: BTreeSet<&String> = shown.values().flatten().collect();
    let (mut own, mut scan) = (0, EdgeScan::default());
    loop {
        let batch = scan.next_batch(&c.graph, 500).unwrap();
        if batch.is_empty() {
            break;
        }
        for edge in batch {
            let name = Value::Map(vec![("id".into(), Value::Str(edge.target.clone()))]);
            assert_eq!(edge.properties, name, "{what}");
            let ends = [&edge.source, &edge.target];
            assert!(ends.iter().all(|id| there.contains(id)), "{what}: {edge:?}");
            own += usize::from(edge.kind == "is");
        }
    }
    assert_eq!(own, there.len(), "{what}");
}

/// A worker and its line; None at its end.
type Said = (u64, Option<String>);

/// The processes, what they say, and what they said.
struct Campaign<'a> {
    path: &'a Path,
    workers: Vec<(u64, Worker)>,
    ledgers: BTreeMap<u64, Ledger>,
    lines: (Sender<Said>, Receiver<Said>),
    next: u64,
}

impl Campaign<'_> {
    fn start_one(&mut self) {
        let number = self.next;
        self.next += 1;
        let mut worker = Worker::start("worker_process", self.path, number);
        let (mut output, sender) = (worker.output.take().unwrap(), self.lines.0.clone());
        std::thread::spawn(move || {
            while let Some(line) = output.next() {
                let _ = sender.send((number, Some(line)));
            }
            let _ = sender.send((number, None));
        });
        self.ledgers.insert(number, Ledger::default());
        self.workers.push((number, worker));
    }

    /// Notes the next line of any worker; the number of a worker that ended.
    fn hear(&mut self) -> Option<u64> {
        let (number, line) = self.lines.1.recv_timeout(Duration::from_secs(100)).unwrap();
        match line {
            Some(line) => {
                self.ledgers.get_mut(&number).unwrap().note(&line);
                None
            }
            None => Some(number),
        }
    }

    fn kill(&mut self, which: usize) -> u64 {
        let (number, mut worker) = self.workers.swap_remove(which);
        worker.child.kill().unwrap();
        worker.child.wait().unwrap();
        // What it said before it died is still in the pipe.
        while self.hear() != Some(number) {}
        number
    }

    fn check(&mut self, dead: &[u64], deep: bool, what: &str) {
        let db = open(self.path).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        // What a dead writer left unpublished is decided by the next one that takes the lock.
        drop(db.begin().unwrap_or_else(|e| panic!("{what}: {e:?}")));
        let report = db.verify(deep).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert!(report.problems.is_empty(), "{what}: {:?}", report.problems);
        let state = db.latest().unwrap();
        let mut shown = shown(&state);
        check_edges(&state, &shown, what);
        for number in dead {
            let found = shown.remove(number).unwrap_or_default();
            self.ledgers.get_mut(number).unwrap().compare(&found, what);
        }
    }

    /// Deletes all records of dead workers, so that the file stays small; how many there were.
    fn clear(&mut self, dead: &mut Vec<u64>) -> usize {
        let mut all = Vec::new();
        for number in dead.drain(..) {
            let ledger = self.ledgers.get_mut(&number).unwrap();
            all.extend(std::mem::take(&mut ledger.there));
        }
        let db = open(self.path).unwrap();
        delete(&db, &all).unwrap();
        assert_eq!(db.latest().unwrap().records(), 0);
        all.len()
    }
}

#[test]
fn what_a_killed_process_acknowledged_is_there_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("killed.engram");
    let db = open(&path).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("ledger", Metric::Cosine, "en")
        .unwrap();
    tx.commit().unwrap();
    drop(db);
    let kills = if long() { 400 } else { 48 };
    let mut dice = Dice(SEED);
    let mut campaign = Campaign {
        path: &path,
        workers: Vec::new(),
        ledgers: BTreeMap::new(),
        lines: channel(),
        next: 1,
    };
    let (mut dead, mut there) = (Vec::new(), 0);
    for kill in 0..kills {
        while campaign.workers.len() < WORKERS {
            campaign.start_one();
        }
        (0..1 + dice.roll(60)).for_each(|_| assert_eq!(campaign.hear(), None));
        // Not in step with what was heard last.
        let until = Instant::now() + Duration::from_micros(dice.roll(3000));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        let which = dice.roll(WORKERS as u64) as usize;
        dead.push(campaign.kill(which));
        let what = format!("seed {SEED:#x}, kill {kill}");
        campaign.check(&dead, false, &what);
        if kill % 16 == 15 {
            while !campaign.workers.is_empty() {
                dead.push(campaign.kill(0));
            }
            campaign.check(&dead, true, &format!("{what}, all dead"));
            there += campaign.clear(&mut dead);
        }
    }
    let acks: u64 = campaign.ledgers.values().map(|l| l.acks).sum();
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    announce(&format!(
        "kill: {} processes killed, {acks} acknowledged commits, {there} records found, 0 missing, 0 phantom; files: {names:?}",
        campaign.next as usize - 1 - campaign.workers.len()
    ));
}
