//! The target that decodes the columns of a segment and asks each of them everything.

use engram_core::index::column::{self, Column, Directory, Found};
use engram_core::index::filter::{Like, LiteralSet, Test};
use engram_core::value::Value;

/// Records of the made-up segment, so that the last block of planes is a short one.
const RECORDS: u32 = 700;

/// A whole part, and the same bytes as one column.
pub fn columns(data: &[u8]) {
    one_column(data);
    let Ok(len) = column::length(data) else {
        return;
    };
    let Some((head, rest)) = usize::try_from(len)
        .ok()
        .and_then(|n| data.split_at_checked(n))
    else {
        return;
    };
    let Ok(directory) = Directory::decode(head) else {
        return;
    };
    let names = directory.paths().unwrap_or_default();
    let own =
        |path: &Vec<&str>| column::name(&path.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
    let asked = ["a", "year", "_created"].map(|name| column::name(&[name.to_owned()]));
    for name in names.iter().take(50).map(own).chain(asked) {
        if let Ok(Found::At(range)) = directory.find(&name) {
            one_column(
                rest.get(range.start as usize..range.end as usize)
                    .unwrap_or_default(),
            );
        }
    }
}

fn one_column(bytes: &[u8]) {
    let Ok(column) = Column::decode(bytes, RECORDS) else {
        return;
    };
    let words = RECORDS.div_ceil(64) as usize;
    let mut full = vec![u64::MAX; words];
    full[words - 1] = (1 << (RECORDS % 64)) - 1;
    let text = |s: &str| Value::Str(s.to_owned());
    let set = LiteralSet::new(vec![
        Value::Null,
        Value::Int(3),
        Value::Float(1.5),
        text("b"),
    ]);
    for test in [
        Test::Exists,
        Test::Equal(text("alpha")),
        Test::Equal(Value::Int(1999)),
        Test::Less(Value::Float(0.5)),
        Test::GreaterEqual(text("b")),
        Test::Between(Value::Int(1), Value::Float(9.5)),
        Test::Contains(text("a")),
        Test::Contains(Value::Bool(true)),
        Test::StartsWith("be".to_owned()),
        Test::Like(Like::new("%a_%")),
        Test::In(set),
    ] {
        let Ok(wanted) = column.accept(&test) else {
            continue;
        };
        assert!(column.estimate(&wanted, false) <= RECORDS);
        for negated in [false, true] {
            let mut acc = full.clone();
            let _ = column.keep(&wanted, negated, &mut acc);
            assert!(acc.iter().zip(&full).all(|(a, f)| a & !f == 0));
        }
    }
    let mut present = full.clone();
    let _ = column.keep_present(&mut present);
    let _ = column.count_values(&full, |_, n| assert!(n <= u64::from(RECORDS)));
}
