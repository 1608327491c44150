//! The worked example of `docs/internals/format.md`, byte by byte.

#![allow(clippy::unwrap_used)]

use engram_core::db::{Database, NewRecord, OpenOptions};
use engram_core::format::frame::{Publish, publish_word};
use engram_core::format::record::Metric;
use engram_core::value::Value;

#[test]
fn a_fresh_file_and_its_first_commit_lie_where_the_specification_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("example.engram");
    let db = Database::open(&path, OpenOptions::default()).unwrap();
    let fresh = std::fs::read(&path).unwrap();
    assert_eq!(fresh.len(), 28_672);
    for slot in [0, 4096] {
        assert_eq!(&fresh[slot..slot + 8], b"ENGRAM\x1a\n");
    }
    assert!(
        fresh[8192..24_576].iter().all(|b| *b == 0),
        "the log is empty"
    );
    assert_eq!(&fresh[24_576..24_580], b"MANF");

    let mut tx = db.begin().unwrap();
    tx.create_collection("notes", Metric::Cosine, "en").unwrap();
    let record = NewRecord {
        id: "n1",
        text: None,
        metadata: Value::Map(Vec::new()),
        vectors: Vec::new(),
        times_us: None,
    };
    tx.put("notes", record).unwrap();
    assert_eq!(tx.commit().unwrap(), 1);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 28_672);
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(word(8192), publish_word(1, Publish::Full));
    assert_eq!(word(8192), 1 ^ 0x9e6c_63d0_876a_68af);
    assert_eq!(&bytes[8200..8204], b"EFRM");
    assert_eq!((word(8208), word(8216)), (1, 1), "frame number and commit");
}
