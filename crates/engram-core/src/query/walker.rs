//! The edges of a collection as the algorithms of `index::graph` walk them.

use crate::error::{Code, Error, Result};
use crate::index::graph::{Adjacency, Direction};
use crate::segment::Weights;
use crate::state::{EdgeAt, EdgeRef, Graph};
use crate::value::Value;
use std::cell::RefCell;

/// Most edge types that are tried one by one to find an edge between two nodes.
const FEW_TYPES: usize = 32;

/// Which edges a question is about.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Of these types; of any where none is given.
    pub types: Option<&'a [String]>,
    /// In this direction.
    pub direction: Direction,
}

impl Scope<'_> {
    /// The numbers of the types, ascending; None for any type.
    pub(super) fn kinds(&self, graph: &Graph) -> Option<Vec<u32>> {
        let mut kinds: Vec<u32> = self.types?.iter().filter_map(|t| graph.kind(t)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Some(kinds)
    }
}

/// What edges cost.
struct Costs<'a> {
    property: &'a str,
    segments: RefCell<Vec<Weights<'a>>>,
}

/// A graph to be walked within a scope.
pub(super) struct Walker<'a> {
    graph: &'a Graph,
    kinds: Option<Vec<u32>>,
    direction: Direction,
    costs: Option<Costs<'a>>,
}

impl<'a> Walker<'a> {
    /// Every edge costs 1.
    pub(super) fn new(graph: &'a Graph, scope: &Scope<'_>) -> Walker<'a> {
        Walker {
            graph,
            kinds: scope.kinds(graph),
            direction: scope.direction,
            costs: None,
        }
    }

    /// An edge costs what a property of it says, where one is named.
    pub(super) fn weighted(
        graph: &'a Graph,
        scope: &Scope<'_>,
        property: Option<&'a str>,
    ) -> Result<Walker<'a>> {
        let costs = |property| {
            let segments = graph.segments.iter().map(|v| v.segment.weights());
            Ok::<_, Error>(Costs {
                property,
                segments: RefCell::new(segments.collect::<Result<_>>()?),
            })
        };
        Ok(Walker {
            costs: property.map(costs).transpose()?,
            ..Walker::new(graph, scope)
        })
    }

    /// Which sides of a node to look at: whether its incoming edges.
    fn sides(&self, backwards: bool) -> &'static [bool] {
        let direction = if backwards {
            self.direction.reversed()
        } else {
            self.direction
        };
        match direction {
            Direction::Out => &[false],
            Direction::In => &[true],
            Direction::Both => &[false, true],
        }
    }

    /// Calls `f` with every edge of a node; one from the node to itself comes once.
    pub(super) fn each_edge(&self, node: u32, mut f: impl FnMut(EdgeRef<'a>)) -> Result<()> {
        let both = self.direction == Direction::Both;
        for incoming in self.sides(false) {
            self.graph
                .each_edge(node, *incoming, self.kinds.as_deref(), |edge| {
                    if !(both && *incoming && edge.source == edge.target) {
                        f(edge);
                    }
                })?;
        }
        Ok(())
    }

    /// The edge by which a way goes from one node to the next, and its cost: the cheapest, then by
    /// type, then the one that is walked along.
    pub(super) fn best_edge(&self, from: u32, to: u32) -> Result<(EdgeRef<'a>, f64)> {
        let mut best: Option<(f64, &str, bool, EdgeRef<'a>)> = None;
        for incoming in self.sides(false) {
            for edge in self.between(from, to, *incoming)? {
                let (cost, name) = (self.cost(edge)?, self.graph.kind_name(edge.kind)?);
                let better = |(c, n, i, _): &(f64, &str, bool, EdgeRef<'_>)| {
                    (cost, name, *incoming) < (*c, *n, *i)
                };
                if best.as_ref().is_none_or(better) {
                    best = Some((cost, name, *incoming, edge));
                }
            }
        }
        let found = best.map(|(cost, _, _, edge)| (edge, cost));
        found.ok_or_else(|| Error::internal("a step of a path has no edge"))
    }

    /// The edges between two nodes; `incoming` where they start at the second.
    fn between(&self, from: u32, to: u32, incoming: bool) -> Result<Vec<EdgeRef<'a>>> {
        let (source, target) = if incoming { (to, from) } else { (from, to) };
        let types = self.graph.type_count() as usize;
        let mut found = Vec::new();
        if self.kinds.as_ref().map_or(types, Vec::len) > FEW_TYPES {
            self.graph
                .each_edge(source, false, self.kinds.as_deref(), |edge| {
                    if edge.target == target {
                        found.push(edge);
                    }
                })?;
            return Ok(found);
        }
        let all: Vec<u32>;
        let kinds = match &self.kinds {
            Some(kinds) => kinds,
            None => {
                all = (0..types as u32).collect();
                &all
            }
        };
        for &kind in kinds {
            let at = self.graph.find(source, kind, target)?;
            found.extend(at.map(|at| EdgeRef {
                source,
                kind,
                target,
                at,
            }));
        }
        Ok(found)
    }

    fn cost(&self, edge: EdgeRef<'_>) -> Result<f64> {
        let Some(costs) = &self.costs else {
            return Ok(1.0);
        };
        let value = match edge.at {
            EdgeAt::Memory(properties) => {
                let map = properties.as_deref();
                map.and_then(|p| p.get(costs.property)).cloned()
            }
            EdgeAt::Segment(v, number) => {
                costs.segments.borrow_mut()[v].get(number, costs.property)?
            }
        };
        let cost = match value {
            None => return Ok(1.0),
            Some(Value::Int(n)) => n as f64,
            Some(Value::Float(x)) => x,
            Some(_) => f64::NAN,
        };
        if cost >= 0.0 && cost.is_finite() {
            return Ok(cost);
        }
        Err(self.bad_cost(edge, costs.property))
    }

    fn bad_cost(&self, edge: EdgeRef<'_>, property: &str) -> Error {
        let key = || -> Result<String> {
            let kind = self.graph.kind_name(edge.kind)?;
            let ends = [
                self.graph.node_id(edge.source)?,
                self.graph.node_id(edge.target)?,
            ];
            Ok(format!("{:?} -{kind}-> {:?}", ends[0], ends[1]))
        };
        let of = key().unwrap_or_default();
        let message = format!("the property {property:?} of edge {of} is no number of 0 or more");
        Error::new(Code::InputInvalid, message)
            .detail("property", property)
            .hint("a weight must be a number, 0 or more; an edge without the property counts as 1")
    }
}

impl Adjacency for Walker<'_> {
    #[inline]
    fn each(&self, node: u32, backwards: bool, mut f: impl FnMut(u32)) -> Result<()> {
        for incoming in self.sides(backwards) {
            self.graph
                .each_end(node, *incoming, self.kinds.as_deref(), &mut f)?;
        }
        Ok(())
    }

    fn each_weighted(&self, node: u32, backwards: bool, mut f: impl FnMut(u32, f64)) -> Result<()> {
        let mut edges = Vec::new();
        for incoming in self.sides(backwards) {
            self.graph
                .each_edge(node, *incoming, self.kinds.as_deref(), |edge| {
                    let other = if *incoming { edge.source } else { edge.target };
                    edges.push((other, edge));
                })?;
        }
        for (other, edge) in edges {
            f(other, self.cost(edge)?);
        }
        Ok(())
    }

    fn name(&self, node: u32) -> Result<&str> {
        self.graph.node_id(node)
    }
}
