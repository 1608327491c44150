//! What a query asks for, and what it answers. Values only; `plan` does the work.

use super::facets::Facet;
use super::walker::Scope;
use crate::format::space::Matrix;
use crate::index::filter::Path;
use crate::state::Location;

/// A vector to look near.
#[derive(Clone, Copy)]
pub struct Dense<'a> {
    /// Name of the space.
    pub space: &'a str,
    /// Identity of the embedder that made the vector, where one did.
    pub identity: Option<&'a str>,
    /// The vector.
    pub vector: &'a [f32],
    /// Whether every vector is compared, without the codes.
    pub exact: bool,
    /// The share of the true nearest to be found, 0.5 to 1.
    pub recall: f32,
    /// Threads that may share the search where there is much to look at, 1 at least. What is found does
    /// not depend on them.
    pub threads: usize,
}

/// Weights of dimensions to look for.
#[derive(Clone, Copy)]
pub struct Sparse<'a> {
    /// Name of the space.
    pub space: &'a str,
    /// Identity of the embedder that made the weights, where one did.
    pub identity: Option<&'a str>,
    /// Dimensions, ascending, with their weights, above 0.
    pub entries: &'a [(u32, f32)],
}

/// Token vectors to be compared by MaxSim.
#[derive(Clone, Copy)]
pub struct Multi<'a> {
    /// Name of the space.
    pub space: &'a str,
    /// Identity of the embedder that made the tokens, where one did.
    pub identity: Option<&'a str>,
    /// The token vectors.
    pub tokens: &'a Matrix,
    /// Whether every record is compared, without candidates.
    pub exact: bool,
    /// The share of the true best to be found, 0.5 to 1.
    pub recall: f32,
}

/// What one retriever looks for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// Words, by BM25.
    Lexical(&'a str),
    /// A vector.
    Dense(Dense<'a>),
    /// A sparse vector, by inner product.
    Sparse(Sparse<'a>),
    /// A multi-vector.
    Multi(Multi<'a>),
}

/// One retriever of a query.
#[derive(Clone, Copy)]
pub struct Retriever<'a> {
    /// Under which its scores are reported.
    pub name: &'a str,
    /// What it looks for.
    pub wanted: Wanted<'a>,
    /// Its share in the fused score, where the caller gives one.
    pub weight: Option<f32>,
    /// Records that score below are not its hits.
    pub min_score: Option<f32>,
    /// How much of the query its embedder knows, 0 to 1: its vector counts no more than that.
    pub trust: f32,
}

/// How the lists of several retrievers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// Weighted sum of min-max normalized scores (Bruch, Gai & Ingber, TOIS 2023).
    Convex,
    /// Reciprocal rank fusion with k = 60 (Cormack, Clarke & Buettcher, SIGIR 2009).
    Rrf,
}

/// Where the list of hits ends, beside its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cutoff {
    /// Nowhere else.
    None,
    /// Before the first score below this share of the best.
    Relative(f32),
    /// At the elbow: the hit farthest below the line from the best score to the worst (Satopää et
    /// al., ICDCSW 2011).
    Elbow,
}

/// At most `size` hits for each value of a field.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    /// Dotted path of the field.
    pub path: &'a str,
    /// Most hits with one value; records without the field are a group each.
    pub size: usize,
}

/// Only records near some others in the graph.
#[derive(Clone, Copy)]
pub struct Near<'a> {
    /// Ids of the records to start from; they are near themselves.
    pub starts: &'a [String],
    /// How many edges to go at most.
    pub hops: u32,
    /// Along which edges.
    pub scope: Scope<'a>,
}

/// What to look for.
#[derive(Clone)]
pub struct Request<'a> {
    /// The retrievers, at least one.
    pub retrievers: Vec<Retriever<'a>>,
    /// Which records may be found.
    pub filter: Option<&'a str>,
    /// Whether a field that no record has is taken as missing instead of refused.
    pub ignore_missing: bool,
    /// A neighbourhood that they must be in.
    pub near: Option<Near<'a>>,
    /// Most hits.
    pub k: usize,
    /// Hits to leave out before those: pages of one list.
    pub offset: usize,
    /// Candidates of each retriever that are fused, shaped and paged through.
    pub candidates: Option<usize>,
    /// How lists become one.
    pub fusion: Fusion,
    /// Hits that score below are left out.
    pub min_score: Option<f32>,
    /// Where the list ends early.
    pub cutoff: Cutoff,
    /// From 0 (relevance alone) to 1: how much a hit must differ from those before it (maximal
    /// marginal relevance, Carbonell & Goldstein, SIGIR 1998).
    pub diversity: Option<f32>,
    /// Most hits of one group.
    pub group: Option<Group<'a>>,
    /// How far a dense query moves toward its first three hits (Rocchio); 0 for not at all.
    pub feedback: f32,
    /// The share of their score, 0 to 1, that the first five hits pass on to what they link to.
    pub hop: f32,
    /// Whether the report tells what each test of the filter did.
    pub explain: bool,
    /// Which values are counted over the records that match: those that pass the filter and are near
    /// enough, and, where nothing but words is looked for, hold any of them.
    pub facets: Option<FacetsOf<'a>>,
}

/// What is counted beside the hits.
#[derive(Clone, Copy)]
pub struct FacetsOf<'a> {
    /// Where the values stand.
    pub paths: &'a [Path],
    /// Most values of each.
    pub limit: usize,
}

impl<'a> Request<'a> {
    /// A plain query: these retrievers, `k` hits.
    #[must_use]
    pub fn new(retrievers: Vec<Retriever<'a>>, k: usize) -> Request<'a> {
        Request {
            retrievers,
            filter: None,
            ignore_missing: false,
            near: None,
            k,
            offset: 0,
            candidates: None,
            fusion: Fusion::Convex,
            min_score: None,
            cutoff: Cutoff::None,
            diversity: None,
            group: None,
            feedback: 0.0,
            hop: 0.0,
            explain: false,
            facets: None,
        }
    }
}

impl<'a> Retriever<'a> {
    /// A retriever with nothing set.
    #[must_use]
    pub fn new(name: &'a str, wanted: Wanted<'a>) -> Retriever<'a> {
        Retriever {
            name,
            wanted,
            weight: None,
            min_score: None,
            trust: 1.0,
        }
    }

    /// BM25 for the words of a text.
    #[must_use]
    pub fn lexical(text: &'a str) -> Retriever<'a> {
        Retriever::new("lexical", Wanted::Lexical(text))
    }

    /// The nearest to a vector.
    #[must_use]
    pub fn dense(space: &'a str, vector: &'a [f32]) -> Retriever<'a> {
        let dense = Dense {
            space,
            identity: None,
            vector,
            exact: false,
            recall: DEFAULT_RECALL,
            threads: 1,
        };
        Retriever::new("semantic", Wanted::Dense(dense))
    }

    /// The best by MaxSim with token vectors.
    #[must_use]
    pub fn multi(space: &'a str, tokens: &'a Matrix) -> Retriever<'a> {
        let multi = Multi {
            space,
            identity: None,
            tokens,
            exact: false,
            recall: DEFAULT_RECALL,
        };
        Retriever::new(space, Wanted::Multi(multi))
    }
}

/// The recall that a search by vectors aims at unless told otherwise.
pub const DEFAULT_RECALL: f32 = 0.99;

/// Where a hit is said to lie once its record has been read.
pub const NOWHERE: Location = Location::Segment(usize::MAX, u32::MAX);

/// One hit.
#[derive(Clone)]
pub struct Hit {
    /// Id of the record.
    pub id: String,
    /// Where it lies.
    pub at: Location,
    /// Higher is better: fused where several retrievers ran, else that of the one.
    pub score: f32,
    /// The score by each retriever, in their order, where the record has what it compares.
    pub scores: Vec<Option<f32>>,
}

/// What one retriever did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// Records that passed the filter and have what it compares.
    pub records: u64,
    /// Candidates that it gave.
    pub found: usize,
    /// Whether these are the true best, not an approximation.
    pub exact: bool,
    /// Its share in the fused score.
    pub weight: f32,
    /// How it went about it.
    pub notes: Vec<(&'static str, String)>,
}

/// What a query did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Live records of the collection.
    pub records: u64,
    /// Records that passed the filter.
    pub matched: u64,
    /// The retrievers, in the order of the request.
    pub retrievers: Vec<Ran>,
    /// Steps in order: name, rows after it, microseconds.
    pub steps: Vec<(String, u64, u64)>,
    /// Candidates that each retriever was asked for, where the list is made of them; 0 where it goes
    /// on as far as pages do.
    pub candidates: usize,
    /// Whether hits follow behind the last one.
    pub more: bool,
    /// Whether further hits may exist that the candidates do not cover.
    pub cut_short: bool,
    /// The values that were asked for, in the order of their paths.
    pub facets: Vec<Facet>,
}
