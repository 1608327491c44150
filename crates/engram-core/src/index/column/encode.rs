//! A finished column as bytes.
//!
//! Owns: the order of entries and the choice between planes and lists. The opposite side is `read`,
//! where the layout stands.

use super::build::{ColumnBuilder, Key};
use super::group::{GroupIn, StringsIn};
use super::order::compare;
use super::read::{ABSENT, BYTES, OTHER, POSTINGS};
use super::{planes, postings};
use crate::format::codec::Writer;
use crate::index::filter::compare_as_text;
use crate::value::Value;
use std::cmp::Ordering;

/// The bytes of a column of `records` records.
pub(super) fn column(builder: &ColumnBuilder, records: u32) -> Vec<u8> {
    let texts = texts_by_number(builder);
    let keys = keys_by_number(builder);
    let pairs = clean(builder, &keys);
    let mut used = vec![false; keys.len()];
    pairs
        .iter()
        .for_each(|(_, number)| used[*number as usize] = true);
    let mut order: Vec<u32> = (0..keys.len() as u32)
        .filter(|n| used[*n as usize])
        .collect();
    order.sort_unstable_by(|a, b| compare_keys(&keys[*a as usize], &keys[*b as usize], &texts));
    let mut entry_of = vec![0u32; keys.len()];
    for (number, entry) in order.iter().zip(0u32..) {
        entry_of[*number as usize] = entry;
    }
    let mut pairs: Vec<(u32, u32)> = pairs
        .into_iter()
        .map(|(ordinal, number)| (ordinal, entry_of[number as usize]))
        .collect();
    pairs.sort_unstable();

    let sorted: Vec<Key> = order.iter().map(|n| keys[*n as usize]).collect();
    let has_other = sorted.first() == Some(&Key::Other);
    let single = pairs.windows(2).all(|two| two[0].0 != two[1].0);
    let absent = !single || pairs.len() < records as usize;
    let bits = planes::bits_for(sorted.len() + usize::from(absent));
    // Planes answer faster than lists; they may take about twice the room.
    let plane_bytes = u64::from(records) * u64::from(bits) / 8;
    let as_planes = single && plane_bytes <= 4 * pairs.len() as u64 + 64;
    let mut w = Writer::new();
    let absent_flag = if as_planes && absent { ABSENT } else { 0 };
    let other_flag = if has_other { OTHER } else { 0 };
    let bytes_flag = if builder.bytes { BYTES } else { 0 };
    let body_flag = if as_planes { 0 } else { POSTINGS };
    w.u8(absent_flag | other_flag | bytes_flag | body_flag);
    w.len(pairs.len());
    for element in [false, true] {
        group(&sorted, element, &texts, builder.hashed).encode(&mut w);
    }
    if as_planes {
        let mut codes = vec![0; records as usize];
        for (ordinal, entry) in pairs {
            codes[ordinal as usize] = entry + u32::from(absent);
        }
        planes::encode(&mut w, &codes, bits);
    } else {
        let mut lists = vec![Vec::new(); sorted.len()];
        for (ordinal, entry) in pairs {
            lists[entry as usize].push(ordinal);
        }
        postings::encode(&mut w, &lists, records);
    }
    w.bytes
}

#[allow(clippy::iter_over_hash_type, reason = "each goes to its own place")]
fn texts_by_number(builder: &ColumnBuilder) -> Vec<&str> {
    let mut texts = vec![""; builder.texts.len()];
    for (text, number) in &builder.texts {
        texts[*number as usize] = text;
    }
    texts
}

#[allow(clippy::iter_over_hash_type, reason = "each goes to its own place")]
fn keys_by_number(builder: &ColumnBuilder) -> Vec<Key> {
    let mut keys = vec![Key::Other; builder.keys.len()];
    for (key, number) in &builder.keys {
        keys[*number as usize] = *key;
    }
    keys
}

/// The pairs, each once; *other* only where a record has nothing else.
fn clean(builder: &ColumnBuilder, keys: &[Key]) -> Vec<(u32, u32)> {
    let mut out = Vec::with_capacity(builder.pairs.len());
    for of_record in builder.pairs.chunk_by(|a, b| a.0 == b.0) {
        let start = out.len();
        out.extend_from_slice(of_record);
        if let [_, _, ..] = of_record {
            out[start..].sort_unstable();
            let mut own = out.split_off(start);
            own.dedup();
            let is_other = |pair: &(u32, u32)| keys[pair.1 as usize] == Key::Other;
            let has_scalar = !own.iter().all(is_other);
            out.extend(
                own.into_iter()
                    .filter(|pair| !has_scalar || !is_other(pair)),
            );
        }
    }
    out
}

/// Other, then values by themselves, then elements; each by type and value.
fn compare_keys(a: &Key, b: &Key, texts: &[&str]) -> Ordering {
    let number = |key: &Key| match key {
        Key::Int(_, i) => Value::Int(*i),
        Key::Float(_, bits) => Value::Float(f64::from_bits(*bits)),
        _ => Value::Null,
    };
    place(a)
        .cmp(&place(b))
        .then_with(|| rank(a).cmp(&rank(b)))
        .then_with(|| match (a, b) {
            (Key::Bool(_, a), Key::Bool(_, b)) => a.cmp(b),
            (Key::Text(_, a), Key::Text(_, b)) => {
                match (texts.get(*a as usize), texts.get(*b as usize)) {
                    (Some(a), Some(b)) => a.cmp(b),
                    _ => a.cmp(b),
                }
            }
            (Key::Time(a), Key::Time(b)) => compare_as_text(*a, *b),
            _ => compare(&number(a), &number(b)),
        })
}

fn place(key: &Key) -> Option<bool> {
    match key {
        Key::Other => None,
        Key::Time(_) => Some(false),
        Key::Null(element)
        | Key::Bool(element, _)
        | Key::Int(element, _)
        | Key::Float(element, _)
        | Key::Text(element, _) => Some(*element),
    }
}

fn rank(key: &Key) -> u8 {
    match key {
        Key::Other | Key::Null(_) => 0,
        Key::Bool(..) => 1,
        Key::Int(..) | Key::Float(..) => 2,
        Key::Text(..) | Key::Time(_) => 3,
    }
}

/// The values of one place, from all keys in order.
fn group<'a>(sorted: &[Key], element: bool, texts: &[&'a str], hashed: bool) -> GroupIn<'a> {
    let mut out = GroupIn {
        null: false,
        bools: [false; 2],
        numbers: Vec::new(),
        strings: StringsIn::Text(Vec::new()),
    };
    let (mut named, mut hashes, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for key in sorted.iter().filter(|key| place(key) == Some(element)) {
        match key {
            Key::Other => {}
            Key::Null(_) => out.null = true,
            Key::Bool(_, b) => out.bools[usize::from(*b)] = true,
            Key::Int(_, i) => out.numbers.push(Value::Int(*i)),
            Key::Float(_, bits) => out.numbers.push(Value::Float(f64::from_bits(*bits))),
            Key::Text(_, hash) if hashed => hashes.push(*hash),
            Key::Text(_, number) => named.push(texts[*number as usize]),
            Key::Time(time) => times.push(*time),
        }
    }
    out.strings = match (hashed, times.is_empty()) {
        (_, false) => StringsIn::Times(times),
        (true, _) => StringsIn::Hashes(hashes),
        (false, _) => StringsIn::Text(named),
    };
    out
}
