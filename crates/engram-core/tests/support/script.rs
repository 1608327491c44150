//! Scripted runs: the same operations on a database and on the model.

use super::Dice;
use super::model::{Model, Row};
use engram_core::db::{Database, NewEdge, NewRecord, NewVector, RecordUpdate, Transaction};
use engram_core::error::Result;
use engram_core::format::record::Metric;
use engram_core::format::space::{Embedding, Matrix, NEXT, Space, TEXT};
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A write within a transaction.
#[derive(Clone, Debug)]
pub enum Write {
    Create(&'static str, Metric),
    Drop(&'static str),
    Put(&'static str, String, Arc<Row>),
    /// New text and a metadata key.
    Update(&'static str, String, String, i64),
    Delete(&'static str, String),
    /// Source, type, target.
    PutEdge(&'static str, [String; 3], Value),
    DeleteEdge(&'static str, [String; 3]),
    /// Begins to fill the space of the model of that identity.
    BeginNext(&'static str, &'static str),
    /// Embeddings of texts by that model, by id.
    SetNext(&'static str, &'static str, Vec<(String, String, Embedding)>),
    SwitchNext(&'static str),
    DropNext(&'static str),
}

/// One call of the database, which happens whole or not at all.
#[derive(Clone, Debug)]
pub enum Step {
    Commit(Vec<Write>),
    Snapshot(&'static str),
    Restore(&'static str),
    DropSnapshot(&'static str),
    Checkpoint,
    Optimize,
}

impl Step {
    /// Runs it on a database.
    pub fn run(&self, db: &Database) -> Result<()> {
        match self {
            Step::Commit(writes) => {
                let mut tx = db.begin()?;
                writes.iter().try_for_each(|w| w.run(&mut tx))?;
                tx.commit().map(|_| ())
            }
            Step::Snapshot(name) => db.create_snapshot(name).map(|_| ()),
            Step::Restore(name) => db.restore_snapshot(name).map(|_| ()),
            Step::DropSnapshot(name) => db.delete_snapshot(name).map(|_| ()),
            Step::Checkpoint => db.checkpoint(),
            Step::Optimize => db.optimize().map(|_| ()),
        }
    }

    /// Does to the model what it does to a database.
    pub fn imagine(&self, model: &mut Model) {
        match self {
            Step::Commit(writes) => {
                writes.iter().for_each(|w| w.imagine(model));
                model.commit += 1;
            }
            Step::Snapshot(name) => {
                let now = model.collections.clone();
                model.snapshots.insert((*name).to_owned(), now);
            }
            Step::Restore(name) => {
                model.collections = model.snapshots[*name].clone();
                model.commit += 1;
            }
            Step::DropSnapshot(name) => drop(model.snapshots.remove(*name)),
            Step::Checkpoint | Step::Optimize => {}
        }
    }
}

impl Write {
    pub fn run(&self, tx: &mut Transaction) -> Result<()> {
        match self {
            Write::Create(name, metric) => tx.create_collection(name, *metric, "en"),
            Write::Drop(name) => tx.delete_collection(name).map(|_| ()),
            Write::Put(collection, id, row) => tx.put(
                collection,
                NewRecord {
                    id,
                    text: row.text.clone(),
                    metadata: row.metadata.clone(),
                    vectors: row
                        .vectors
                        .iter()
                        .map(|(space, embedding)| NewVector {
                            space,
                            identity: None,
                            embedding: embedding.clone(),
                        })
                        .collect(),
                    times_us: None,
                },
            ),
            Write::Update(collection, id, text, n) => tx.update(
                collection,
                id,
                RecordUpdate {
                    text: Some(Some(text.clone())),
                    metadata: Some(Value::Map(vec![("n".into(), Value::Int(*n))])),
                    ..RecordUpdate::default()
                },
            ),
            Write::Delete(collection, id) => tx.delete(collection, id).map(|_| ()),
            Write::PutEdge(collection, [source, kind, target], properties) => {
                let properties = properties.clone();
                let edge = NewEdge {
                    source,
                    kind,
                    target,
                    properties,
                };
                tx.put_edge(collection, edge)
            }
            Write::BeginNext(collection, identity) => {
                let space = Space::dense(NEXT, 4, Some(identity));
                tx.begin_next(collection, space).map(|_| ())
            }
            Write::SetNext(collection, identity, rows) => {
                let set = tx.set_embeddings(collection, NEXT, Some(identity), rows.clone());
                set.map(|_| ())
            }
            Write::SwitchNext(collection) => tx.switch_next(collection),
            Write::DropNext(collection) => tx.drop_next(collection).map(|_| ()),
            Write::DeleteEdge(collection, [source, kind, target]) => {
                let there = tx.delete_edge(collection, source, kind, target);
                there.map(|_| ())
            }
        }
    }

    fn imagine(&self, model: &mut Model) {
        match self {
            Write::Create(name, _) => drop(model.rows(name)),
            Write::Drop(name) => drop(model.collections.remove(*name)),
            Write::Put(collection, id, row) => {
                model.rows(collection).insert(id.clone(), row.clone());
            }
            Write::Update(collection, id, text, n) => {
                let row = model.rows(collection).get_mut(id).map(Arc::make_mut);
                let row = row.unwrap();
                if row.text.as_ref() != Some(text) {
                    row.vectors.remove(NEXT);
                }
                row.text = Some(text.clone());
                row.metadata.set("n", Value::Int(*n));
            }
            Write::Delete(collection, id) => {
                let content = model.content(collection);
                content.rows.remove(id);
                let apart = |[source, _, target]: &[String; 3]| source != id && target != id;
                content.edges.retain(|key, _| apart(key));
            }
            Write::PutEdge(collection, key, properties) => {
                let edges = &mut model.content(collection).edges;
                edges.insert(key.clone(), properties.clone());
            }
            // Another model than before: what was prepared goes.
            Write::BeginNext(collection, _) | Write::DropNext(collection) => {
                let rows = model.rows(collection).values_mut();
                rows.for_each(|row| drop(Arc::make_mut(row).vectors.remove(NEXT)));
            }
            Write::SetNext(collection, _, rows) => {
                for (id, text, embedding) in rows {
                    let row = model.rows(collection).get_mut(id);
                    if let Some(row) = row.filter(|row| row.text.as_ref() == Some(text)) {
                        let vectors = &mut Arc::make_mut(row).vectors;
                        vectors.insert(NEXT.to_owned(), embedding.clone());
                    }
                }
            }
            Write::SwitchNext(collection) => {
                for row in model.rows(collection).values_mut() {
                    let vectors = &mut Arc::make_mut(row).vectors;
                    vectors.remove(TEXT);
                    if let Some(next) = vectors.remove(NEXT) {
                        vectors.insert(TEXT.to_owned(), next);
                    }
                }
            }
            Write::DeleteEdge(collection, key) => {
                model.content(collection).edges.remove(key);
            }
        }
    }
}

/// A dense vector, mostly; a sparse one and token vectors, at times.
fn embeddings(dice: &mut Dice, dimension: usize) -> BTreeMap<String, Embedding> {
    let mut out = BTreeMap::new();
    if dice.roll(6) > 0 || dimension > 100 {
        let vector = (0..dimension).map(|_| dice.float() + 0.01).collect();
        out.insert("v".to_owned(), Embedding::Dense(vector));
    }
    if dice.roll(4) == 0 {
        let start = dice.roll(1000) as u32;
        let entries =
            (0..1 + dice.roll(4) as u32).map(|i| (start + 3 * i, dice.float().abs() + 0.5));
        out.insert("s".to_owned(), Embedding::Sparse(entries.collect()));
    }
    // Where it is not 8, the collection may be one of Euclidean distances, which has no MaxSim.
    if dimension == 8 && dice.roll(4) == 0 {
        let numbers = 3 * (1 + dice.roll(3));
        let data = (0..numbers).map(|_| dice.float() + 0.01).collect();
        let tokens = Matrix { dimension: 3, data };
        out.insert("t".to_owned(), Embedding::Multi(tokens));
    }
    out
}

/// A record with a text of a few words and a vector.
pub fn row(dice: &mut Dice, dimension: usize) -> Arc<Row> {
    const WORDS: [&str; 12] = [
        "river", "stone", "engine", "garden", "window", "paper", "silver", "journey", "market",
        "winter", "signal", "harbour",
    ];
    let text: Vec<&str> = (0..3 + dice.roll(9))
        .map(|_| WORDS[dice.roll(12) as usize])
        .collect();
    Arc::new(Row {
        text: (dice.roll(5) > 0).then(|| text.join(" ")),
        metadata: Value::Map(vec![
            ("n".into(), Value::Int(dice.roll(100) as i64)),
            (
                "tags".into(),
                Value::List(vec![
                    Value::Str(text[0].into()),
                    Value::Null,
                    Value::Bytes(text[0].into()),
                ]),
            ),
        ]),
        vectors: embeddings(dice, dimension),
    })
}

/// Makes steps that are possible in the model as it is.
pub struct Author {
    pub dice: Dice,
    pub model: Model,
    pub steps: Vec<Step>,
    /// The model after each number of steps; the first is the empty database.
    pub history: Vec<Model>,
}

impl Author {
    pub fn new(seed: u64) -> Author {
        Author {
            dice: Dice(seed),
            model: Model::default(),
            steps: Vec::new(),
            history: vec![Model::default()],
        }
    }

    pub fn add(&mut self, step: Step) {
        step.imagine(&mut self.model);
        self.steps.push(step);
        self.history.push(self.model.clone());
    }

    fn some_id(&mut self, collection: &str) -> Option<String> {
        let rows = &self.model.collections.get(collection)?.rows;
        let n = self.dice.roll(rows.len() as u64) as usize;
        rows.keys().nth(n).cloned()
    }

    pub fn put(&mut self, collection: &'static str, ids: u64, dimension: usize) -> Write {
        let id = format!("{collection}-{}", self.dice.roll(ids));
        Write::Put(collection, id, row(&mut self.dice, dimension))
    }

    /// A commit of a few writes in `notes`, sometimes in `other` too.
    pub fn small_commit(&mut self) {
        let mut writes = Vec::new();
        for _ in 0..1 + self.dice.roll(3) {
            let write = match self.dice.roll(12) {
                8..11 => self.some_edge(&writes, 20),
                11 => self.edge_to_delete(),
                0..5 => self.put("notes", 60, 8),
                5 => match self.some_id("notes") {
                    // Each id once in a transaction: an update or delete of one that is gone fails.
                    Some(id) if writes.is_empty() => {
                        let text = format!("updated {id} harbour");
                        Write::Update("notes", id, text, self.dice.roll(1000) as i64)
                    }
                    _ => self.put("notes", 60, 8),
                },
                6 => match self.some_id("notes") {
                    Some(id) => Write::Delete("notes", id),
                    None => self.put("notes", 60, 8),
                },
                _ if self.model.collections.contains_key("other") => self.put("other", 10, 5),
                _ => self.put("notes", 60, 8),
            };
            writes.push(write);
        }
        // Every commit changes something, so that it is one, and tells itself from its neighbours.
        let n = self.steps.len();
        let mut mark = (*row(&mut self.dice, 8)).clone();
        mark.text = Some(format!("mark {n}"));
        writes.push(Write::Put("notes", "mark".into(), Arc::new(mark)));
        self.add(Step::Commit(writes));
    }

    /// An edge between two records of `notes` that no write of the same commit deletes.
    fn some_edge(&mut self, before: &[Write], width: u64) -> Write {
        let deleted = |w: &Write| matches!(w, Write::Delete(..));
        let ends = (self.some_id("notes"), self.some_id("notes"));
        let (Some(source), Some(target), false) = (ends.0, ends.1, before.iter().any(deleted))
        else {
            return self.put("notes", 60, 8);
        };
        let kind = ["cites", "knows", "\u{e9}tape"][self.dice.roll(3) as usize];
        let properties = match self.dice.roll(3) {
            0 => vec![],
            _ => vec![
                ("weight".into(), Value::Int(self.dice.roll(9) as i64)),
                (
                    "why".into(),
                    Value::Str("x".repeat(self.dice.roll(width) as usize)),
                ),
            ],
        };
        Write::PutEdge(
            "notes",
            [source, kind.into(), target],
            Value::Map(properties),
        )
    }

    fn edge_to_delete(&mut self) -> Write {
        let edges = self.model.collections.get("notes").map(|c| c.edges.len());
        let n = self.dice.roll(edges.unwrap_or(0) as u64) as usize;
        let content = self.model.collections.get("notes");
        match content.and_then(|c| c.edges.keys().nth(n)) {
            Some(key) => Write::DeleteEdge("notes", key.clone()),
            None => self.put("notes", 60, 8),
        }
    }

    /// One commit of `n` edges in `notes` with properties of up to `width` bytes.
    pub fn edge_commit(&mut self, n: usize, width: u64) {
        let writes = (0..n).map(|_| self.some_edge(&[], width)).collect();
        self.add(Step::Commit(writes));
    }

    pub fn small_commits(&mut self, n: usize) {
        (0..n).for_each(|_| self.small_commit());
    }

    /// Embeddings of every `part`-th text of `notes` by a model, and at times of one that is gone by now.
    fn embed(&mut self, identity: &'static str, part: u64) -> Write {
        let dice = &mut self.dice;
        let notes = self.model.collections.get("notes");
        let mut rows = Vec::new();
        for (id, row) in notes.iter().flat_map(|c| &c.rows) {
            let vector = (0..4).map(|_| dice.float() + 0.01).collect();
            let text = row.text.clone().filter(|_| dice.roll(part) == 0);
            rows.extend(text.map(|text| {
                let text = if dice.roll(8) == 0 {
                    "gone".to_owned()
                } else {
                    text
                };
                (id.clone(), text, Embedding::Dense(vector))
            }));
        }
        Write::SetNext("notes", identity, rows)
    }

    /// Embeds `notes` with a model in several commits, others and a checkpoint among them, and switches.
    pub fn reembed(&mut self, identity: &'static str) {
        self.add(Step::Commit(vec![Write::BeginNext("notes", identity)]));
        for _ in 0..2 {
            let some = self.embed(identity, 2);
            self.add(Step::Commit(vec![some]));
            self.small_commits(2);
        }
        self.add(Step::Checkpoint);
        let all = self.embed(identity, 1);
        self.add(Step::Commit(vec![all, Write::SwitchNext("notes")]));
    }

    /// One commit of `n` records with large vectors, and of a few edges.
    pub fn large_commit(&mut self, n: usize) {
        let records = (0..n).map(|i| format!("l{i}"));
        let mut writes: Vec<Write> = records
            .map(|id| Write::Put("large", id, row(&mut self.dice, 1024)))
            .collect();
        writes.extend((0..n / 10).map(|_| self.some_edge(&[], 20)));
        self.add(Step::Commit(writes));
    }
}

/// Rows from which the vectors of a collection have lists in [`everything`].
const LISTED: u64 = 130;

/// The run of the crash and fault campaigns: every kind of step, log extents that link, checkpoints
/// that come by themselves, commits that go straight into segments, and merges.
pub fn everything(seed: u64) -> Author {
    engram_core::db::set_least_rows(LISTED);
    let mut a = Author::new(seed);
    a.add(Step::Commit(vec![
        Write::Create("notes", Metric::Cosine),
        Write::Create("large", Metric::Dot),
    ]));
    // A log extent of 16 KiB fills up and links.
    a.small_commits(40);
    a.add(Step::Checkpoint);
    a.add(Step::Commit(vec![Write::Create("other", Metric::L2)]));
    a.edge_commit(150, 20);
    a.small_commits(10);
    a.add(Step::Checkpoint);
    a.edge_commit(3, 20);
    a.add(Step::Snapshot("early"));
    // 4 KiB a record: a checkpoint is due after 256 KiB of log.
    (0..12).for_each(|_| a.large_commit(6));
    a.small_commits(5);
    // More than 1 MiB: straight into segments.
    a.large_commit(270);
    a.small_commits(6);
    a.add(Step::Optimize);
    a.edge_commit(20, 20);
    a.small_commits(4);
    // Sixteen small segments are merged.
    for _ in 0..18 {
        a.small_commit();
        a.add(Step::Checkpoint);
    }
    a.reembed("model 1");
    a.small_commits(2);
    a.add(Step::Snapshot("late"));
    a.small_commits(4);
    a.add(Step::Restore("early"));
    a.small_commits(4);
    a.add(Step::DropSnapshot("early"));
    a.add(Step::Commit(vec![Write::Drop("other")]));
    a.add(Step::Restore("late"));
    a.small_commits(3);
    a.reembed("model 2");
    a.small_commits(2);
    a.add(Step::Checkpoint);
    a.add(Step::Commit(vec![Write::BeginNext("notes", "model 3")]));
    let some = a.embed("model 3", 3);
    a.add(Step::Commit(vec![some]));
    a.add(Step::Commit(vec![Write::DropNext("notes")]));
    a.small_commits(2);
    a.add(Step::Commit(vec![
        Write::Drop("large"),
        Write::Create("other2", Metric::L2),
    ]));
    a.add(Step::Checkpoint);
    a.add(Step::DropSnapshot("late"));
    // Vectors get lists; optimizing takes these along.
    let mut writes = vec![Write::Create("listed", Metric::Cosine)];
    let ids = (0..LISTED * 4 / 3).map(|i| format!("v{i}"));
    writes.extend(ids.map(|id| Write::Put("listed", id, row(&mut a.dice, 32))));
    a.add(Step::Commit(writes));
    a.add(Step::Checkpoint);
    a.small_commits(3);
    a.add(Step::Optimize);
    a.small_commits(3);
    a.add(Step::Checkpoint);
    a.small_commits(2);
    a
}
