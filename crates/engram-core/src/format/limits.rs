//! Every limit of the file, in one place (F-005). Each has a test at the limit and one above.

/// Longest record id in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 1024;
/// Longest collection name in bytes of UTF-8.
pub const MAX_COLLECTION_NAME_BYTES: usize = 255;
/// Longest snapshot name in bytes of UTF-8.
pub const MAX_SNAPSHOT_NAME_BYTES: usize = 255;
/// Longest text of one record in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 16 << 20;
/// Largest metadata of one record in encoded bytes.
pub const MAX_METADATA_BYTES: usize = 4 << 20;
/// Deepest nesting of metadata; the top-level object is depth 1.
pub const MAX_METADATA_DEPTH: usize = 128;
/// Most named vectors of one record.
pub const MAX_VECTORS_PER_RECORD: usize = 64;
/// Longest name of a vector space in bytes of UTF-8.
pub const MAX_VECTOR_NAME_BYTES: usize = 64;
/// Most edge types of a collection.
pub const MAX_EDGE_TYPES: usize = 1 << 16;
/// Longest name of an edge type in bytes of UTF-8.
pub const MAX_EDGE_TYPE_BYTES: usize = 255;
/// Largest properties of one edge in encoded bytes.
pub const MAX_EDGE_PROPERTY_BYTES: usize = 64 << 10;
/// Largest dimension of a vector.
pub const MAX_DIMENSION: usize = 65_535;
/// Most tokens of one multi-vector.
pub const MAX_TOKENS: usize = 65_535;
/// Largest record in encoded bytes, vectors included.
pub const MAX_RECORD_BYTES: usize = 32 << 20;
/// Largest transaction in encoded bytes.
pub const MAX_TRANSACTION_BYTES: usize = 1 << 30;
/// Most hits of one query.
pub const MAX_K: usize = 100_000;

/// The limits by the name that users see.
pub const TABLE: &[(&str, usize)] = &[
    ("id_bytes", MAX_ID_BYTES),
    ("collection_name_bytes", MAX_COLLECTION_NAME_BYTES),
    ("snapshot_name_bytes", MAX_SNAPSHOT_NAME_BYTES),
    ("text_bytes", MAX_TEXT_BYTES),
    ("metadata_bytes", MAX_METADATA_BYTES),
    ("metadata_depth", MAX_METADATA_DEPTH),
    ("vectors_per_record", MAX_VECTORS_PER_RECORD),
    ("vector_name_bytes", MAX_VECTOR_NAME_BYTES),
    ("edge_types", MAX_EDGE_TYPES),
    ("edge_type_bytes", MAX_EDGE_TYPE_BYTES),
    ("edge_property_bytes", MAX_EDGE_PROPERTY_BYTES),
    ("dimension", MAX_DIMENSION),
    ("tokens", MAX_TOKENS),
    ("record_bytes", MAX_RECORD_BYTES),
    ("transaction_bytes", MAX_TRANSACTION_BYTES),
    ("k", MAX_K),
];
