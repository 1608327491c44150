//! A database as plain maps, and the comparison of a real one with it.

use engram_core::db::Database;
use engram_core::error::Result;
use engram_core::format::record::Record;
use engram_core::format::space::Embedding;
use engram_core::state::{Collection, State};
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record without its times.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub text: Option<String>,
    pub metadata: Value,
    pub vectors: BTreeMap<String, Embedding>,
}

pub type Rows = BTreeMap<String, Arc<Row>>;
/// Properties by source, type, target.
pub type Edges = BTreeMap<[String; 3], Value>;
pub type Collections = BTreeMap<String, Arc<Content>>;

/// What a collection holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    pub rows: Rows,
    pub edges: Edges,
}

/// Everything that a database shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub commit: u64,
    pub collections: Collections,
    pub snapshots: BTreeMap<String, Collections>,
}

impl Model {
    pub fn content(&mut self, collection: &str) -> &mut Content {
        Arc::make_mut(self.collections.entry(collection.to_owned()).or_default())
    }

    pub fn rows(&mut self, collection: &str) -> &mut Rows {
        &mut self.content(collection).rows
    }
}

fn row(c: &Collection, record: &Record) -> (String, Arc<Row>) {
    let vectors = record.vectors.iter();
    let row = Row {
        text: record.text.clone(),
        metadata: record.metadata.clone(),
        vectors: vectors
            .map(|(space, v)| (c.spaces[usize::from(*space)].name.clone(), v.clone()))
            .collect(),
    };
    (record.id.clone(), Arc::new(row))
}

/// The edges of a collection, as its nodes show them in one direction.
fn edges_from(c: &Collection, incoming: bool) -> Result<Edges> {
    let (graph, mut found) = (&c.graph, Vec::new());
    for node in 0..graph.stored_nodes() + graph.memory().nodes.len() {
        graph.each_edge(node, incoming, None, |edge| found.push(edge))?;
    }
    let count = found.len();
    let named = graph.named(&found)?.into_iter();
    let edges: Edges = named
        .map(|e| ([e.source, e.kind, e.target], e.properties))
        .collect();
    assert_eq!(edges.len(), count, "an edge is live twice");
    Ok(edges)
}

/// The records and edges of a state. An id or an edge that is live twice is a wrong answer.
pub fn collections_of(state: &State) -> Result<Collections> {
    let mut out = Collections::new();
    for c in state.collections.values() {
        let mut rows: Rows = c.memory.values().map(|e| row(c, &e.record)).collect();
        for view in &c.segments {
            for record in c.records_of(view, &view.live_ordinals(), true)? {
                let (id, row) = row(c, &record);
                assert!(
                    rows.insert(id, row).is_none(),
                    "{} is live twice",
                    record.id
                );
            }
        }
        assert_eq!(rows.len() as u64, c.live());
        let edges = edges_from(c, false)?;
        assert_eq!(edges.len() as u64, c.graph.edges());
        assert_eq!(edges, edges_from(c, true)?);
        out.insert(c.name.to_string(), Arc::new(Content { rows, edges }));
    }
    Ok(out)
}

/// Everything that `db` shows, snapshots included.
pub fn model_of(db: &Database) -> Result<Model> {
    let state = db.latest()?;
    let mut snapshots = BTreeMap::new();
    for s in state.snapshots.iter() {
        snapshots.insert(s.name.clone(), collections_of(&*db.at_snapshot(&s.name)?)?);
    }
    Ok(Model {
        commit: state.commit,
        collections: collections_of(&state)?,
        snapshots,
    })
}
