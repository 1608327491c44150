//! Operations of a commit frame (F-050): what a transaction did, in order.

use super::codec::{Reader, Writer};
use super::record::{Metric, Record};
use super::space::Space;
use super::{Decode, Malformed};
use crate::value::Value;

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A new, empty collection.
    CreateCollection {
        /// Never used again in this file.
        id: u32,
        /// Unique among collections.
        name: String,
        /// How its vectors are compared.
        metric: Metric,
        /// Language code of its text analysis.
        language: String,
        /// Microseconds since 1970.
        created_us: i64,
    },
    /// Removes a collection and all its records.
    DropCollection {
        /// The collection.
        collection: u32,
    },
    /// Appends a vector space to a collection.
    AddSpace {
        /// The collection.
        collection: u32,
        /// The space; its index is the number of spaces before it.
        space: Space,
    },
    /// Gives a vector space a name; another space of that name is given up. No name gives it up itself.
    NameSpace {
        /// The collection.
        collection: u32,
        /// The index of the space.
        space: u16,
        /// Its name from now on.
        name: String,
    },
    /// Inserts a record, or replaces the one of the same id.
    Put {
        /// The collection.
        collection: u32,
        /// The record.
        record: Record,
    },
    /// Removes a record and every edge that starts or ends there.
    Delete {
        /// The collection.
        collection: u32,
        /// The record's id.
        id: String,
    },
    /// Inserts an edge between two records, or replaces the properties of the one of the same key.
    PutEdge {
        /// The collection.
        collection: u32,
        /// Id of the record where it starts.
        source: String,
        /// Its type.
        kind: String,
        /// Id of the record where it ends.
        target: String,
        /// A map.
        properties: Value,
    },
    /// Removes an edge.
    DeleteEdge {
        /// The collection.
        collection: u32,
        /// Id of the record where it starts.
        source: String,
        /// Its type.
        kind: String,
        /// Id of the record where it ends.
        target: String,
    },
}

impl Metric {
    pub(crate) fn code(self) -> u8 {
        match self {
            Metric::Cosine => 0,
            Metric::Dot => 1,
            Metric::L2 => 2,
        }
    }
    pub(crate) fn from_code(code: u8) -> Decode<Metric> {
        match code {
            0 => Ok(Metric::Cosine),
            1 => Ok(Metric::Dot),
            2 => Ok(Metric::L2),
            _ => Err(Malformed("an unknown metric")),
        }
    }
}

impl Op {
    /// Appends the operation.
    pub fn encode(&self, w: &mut Writer) {
        match self {
            Op::CreateCollection {
                id,
                name,
                metric,
                language,
                created_us,
            } => {
                w.u8(1);
                w.u32(*id);
                w.str(name);
                w.u8(metric.code());
                w.str(language);
                w.i64(*created_us);
            }
            Op::DropCollection { collection } => {
                w.u8(2);
                w.u32(*collection);
            }
            Op::AddSpace { collection, space } => {
                w.u8(3);
                w.u32(*collection);
                space.encode(w);
            }
            Op::NameSpace {
                collection,
                space,
                name,
            } => {
                w.u8(8);
                w.u32(*collection);
                w.u16(*space);
                w.str(name);
            }
            Op::Put { collection, record } => encode_put(w, *collection, record),
            Op::Delete { collection, id } => {
                w.u8(5);
                w.u32(*collection);
                w.str(id);
            }
            Op::PutEdge {
                collection,
                source,
                kind,
                target,
                properties,
            } => {
                encode_edge(w, 6, *collection, [source, kind, target]);
                w.value(properties);
            }
            Op::DeleteEdge {
                collection,
                source,
                kind,
                target,
            } => encode_edge(w, 7, *collection, [source, kind, target]),
        }
    }

    /// Takes one operation.
    pub fn decode(r: &mut Reader<'_>) -> Decode<Op> {
        Ok(match r.u8()? {
            1 => Op::CreateCollection {
                id: r.u32()?,
                name: r.str()?.to_owned(),
                metric: Metric::from_code(r.u8()?)?,
                language: r.str()?.to_owned(),
                created_us: r.i64()?,
            },
            2 => Op::DropCollection {
                collection: r.u32()?,
            },
            3 => Op::AddSpace {
                collection: r.u32()?,
                space: Space::decode(r)?,
            },
            4 => Op::Put {
                collection: r.u32()?,
                record: Record::decode(r)?,
            },
            5 => Op::Delete {
                collection: r.u32()?,
                id: r.str()?.to_owned(),
            },
            6 => Op::PutEdge {
                collection: r.u32()?,
                source: r.str()?.to_owned(),
                kind: r.str()?.to_owned(),
                target: r.str()?.to_owned(),
                properties: match r.value()? {
                    properties @ Value::Map(_) => properties,
                    _ => return Err(Malformed("the properties of an edge are no object")),
                },
            },
            7 => Op::DeleteEdge {
                collection: r.u32()?,
                source: r.str()?.to_owned(),
                kind: r.str()?.to_owned(),
                target: r.str()?.to_owned(),
            },
            8 => Op::NameSpace {
                collection: r.u32()?,
                space: r.u16()?,
                name: r.str()?.to_owned(),
            },
            _ => return Err(Malformed("an unknown operation")),
        })
    }
}

fn encode_edge(w: &mut Writer, tag: u8, collection: u32, key: [&str; 3]) {
    w.u8(tag);
    w.u32(collection);
    key.iter().for_each(|name| w.str(name));
}

/// Appends a put without owning the record.
pub fn encode_put(w: &mut Writer, collection: u32, record: &Record) {
    w.u8(4);
    w.u32(collection);
    record.encode(w);
}

/// Decodes a whole commit body.
pub fn decode_all(body: &[u8]) -> Decode<Vec<Op>> {
    let mut r = Reader::new(body);
    let mut ops = Vec::new();
    while !r.is_empty() {
        ops.push(Op::decode(&mut r)?);
    }
    Ok(ops)
}
