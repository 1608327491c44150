//! Laws of the static embedder, on the model that ships in the wheel.
//!
//! Owns: golden rows against the reference tokenizer, hostile texts, hostile bytes, and the sums
//! against a plain float oracle. The golden table is in `golden`; small units are tested in their
//! own files.

use super::container;
use super::golden::GOLDEN;
use super::pooling::PIECES_PER_TEXT_MAX;
use super::tokenizer::{Piece, split};
use super::*;

const MODEL: &[u8] = include_bytes!("../../../../python/engram/embed/data/static-v1.bin");

fn model() -> StaticModel {
    StaticModel::from_bytes(MODEL).unwrap()
}

fn vector(model: &StaticModel, text: &str) -> Option<Vec<f32>> {
    let mut out = vec![1.0; model.dimension()];
    model.encode_into(text, &mut out).then_some(out)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn pieces(model: &StaticModel, text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    split(&model.vocabulary, text, &mut |piece| {
        found.push(piece);
        true
    });
    found
}

/// Names of the pieces; unknown characters stand for themselves in angle brackets.
fn names(model: &StaticModel, text: &str) -> Vec<String> {
    let name = |piece: Piece| match piece {
        Piece::Known(row) => model.vocabulary.piece(row),
        Piece::Unknown { this, .. } => format!("<{this}>"),
    };
    pieces(model, text).into_iter().map(name).collect()
}

#[test]
fn pieces_equal_the_reference_tokenizer() {
    let model = model();
    assert!(GOLDEN.len() >= 36);
    for &(text, expected) in GOLDEN {
        assert_eq!(names(&model, text), expected, "{text:?}");
    }
}

#[test]
fn a_word_over_100_characters_is_cut_into_pieces() {
    let model = model();
    let long = "tokenization".repeat(30);
    assert_eq!(names(&model, &long)[..2], ["token", "##ization"]);
    assert_eq!(vector(&model, &long).unwrap().len(), model.dimension());
}

#[test]
fn characters_without_a_piece_are_reported_with_the_one_before() {
    let model = model();
    let unknown = |before, this| Piece::Unknown { before, this };
    let (zhong, guo) = ('\u{4e2d}', '\u{56fd}');
    assert_eq!(
        pieces(&model, "\u{4e2d}\u{56fd} \u{4e2d}"),
        [
            unknown(None, zhong),
            unknown(Some(zhong), guo),
            unknown(None, zhong)
        ]
    );
    assert_eq!(names(&model, "go\u{4e2d}go"), ["go", "<\u{4e2d}>", "go"]);
    assert_eq!(names(&model, "\u{1f600}"), ["<\u{1f600}>"]);
}

#[test]
fn vectors_have_length_one_and_the_fixed_dimension() {
    let model = model();
    assert!(model.dimension() >= 64 && !model.name().is_empty());
    assert_eq!(model.revision().len(), 16);
    for text in [
        "a",
        "The cat sat.",
        "!",
        "\u{4e2d}\u{6587}",
        "\u{0440}\u{0443}\u{0441}",
    ] {
        let v = vector(&model, text).unwrap();
        assert!((dot(&v, &v) - 1.0).abs() < 1e-5, "{text:?}");
    }
}

#[test]
fn texts_without_a_piece_give_zeros_and_false() {
    let model = model();
    for text in ["", " ", "\t\r\n\u{3000}", "\u{0}\u{7}\u{200b}", "\u{301}"] {
        let mut out = vec![1.0; model.dimension()];
        assert!(!model.encode_into(text, &mut out), "{text:?}");
        assert!(out.iter().all(|&x| x == 0.0), "{text:?}");
    }
}

#[test]
fn near_texts_are_nearer_than_far_ones() {
    let model = model();
    let query = vector(&model, "how do I delete a file?").unwrap();
    let near = vector(&model, "Removing documents from the disk").unwrap();
    let far = vector(&model, "The weather in Paris is mild in spring").unwrap();
    assert!(dot(&query, &near) > dot(&query, &far) + 0.1);
}

#[test]
fn case_and_accents_do_not_change_the_vector() {
    let model = model();
    let plain = vector(&model, "resume of the cafe").unwrap();
    assert_eq!(
        vector(&model, "R\u{e9}sum\u{e9} OF the Cafe\u{301}").unwrap(),
        plain
    );
}

#[test]
fn equal_text_meets_in_scripts_without_pieces() {
    let model = model();
    let [a, b, c] = [
        "\u{6771}\u{4eac}\u{90fd}",
        "\u{6771}\u{4eac}",
        "\u{5317}\u{6d77}",
    ]
    .map(|text| vector(&model, text).unwrap());
    assert!(dot(&a, &b) > 0.5 && dot(&a, &c).abs() < 0.3);
}

#[test]
fn a_batch_equals_single_texts_bit_by_bit() {
    let model = model();
    let texts: Vec<&str> = GOLDEN
        .iter()
        .map(|row| row.0)
        .chain(["", "\u{4e2d}\u{6587} mix"])
        .collect();
    let batch = model.encode_batch(&texts);
    for (text, row) in texts.iter().zip(batch.chunks_exact(model.dimension())) {
        let mut single = vec![0.0; model.dimension()];
        model.encode_into(text, &mut single);
        assert_eq!(single, row, "{text:?}");
    }
    assert!(model.encode_batch(&[]).is_empty());
}

/// The plain definition of a vector: floats, one row after the other, no blocks.
fn oracle(model: &StaticModel, text: &str) -> Vec<f64> {
    let half = model.dimension / 2;
    let mut counts = std::collections::BTreeMap::new();
    for piece in pieces(model, text) {
        let Piece::Known(row) = piece else {
            panic!("the oracle knows no unknown characters")
        };
        *counts.entry(row as usize).or_insert(0_u32) += 1;
    }
    let mut sum = vec![0.0; model.dimension];
    for (row, count) in counts {
        let factor = f64::from(count).powf(0.625) * f64::from(model.weights[row]);
        for j in 0..half {
            let byte = model.levels[row * half + j];
            sum[j] += factor * (2.0 * f64::from(byte & 15) - 15.0);
            sum[j + half] += factor * (2.0 * f64::from(byte >> 4) - 15.0);
        }
    }
    let norm = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    sum.iter().map(|x| x / norm).collect()
}

#[test]
fn sums_equal_the_plain_definition() {
    let model = model();
    let long = "the cat and the dog and a bird; ".repeat(50) + GOLDEN[1].0;
    for text in [
        "cat",
        "the the the cat",
        "a quick brown fox jumps over it",
        long.as_str(),
    ] {
        let actual = vector(&model, text).unwrap();
        for (x, y) in actual.iter().zip(oracle(&model, text)) {
            assert!((f64::from(*x) - y).abs() < 2e-3, "{text:?}: {x} {y}");
        }
    }
}

#[test]
fn a_megabyte_of_text_works_and_pieces_beyond_the_limit_do_not_count() {
    let model = model();
    let words = "all work and no play ".repeat(50_000);
    assert!(vector(&model, &words).is_some());
    assert!(vector(&model, &"x".repeat(1_000_000)).is_some());
    assert!(vector(&model, &"\u{4e2d}".repeat(400_000)).is_some());
    let full = "! ".repeat(PIECES_PER_TEXT_MAX);
    assert_eq!(
        vector(&model, &(full.clone() + "cat")),
        vector(&model, &full)
    );
    let room = "! ".repeat(PIECES_PER_TEXT_MAX - 1);
    assert_ne!(vector(&model, &(room + "cat")), vector(&model, &full));
}

#[test]
fn every_short_string_of_odd_characters_is_safe() {
    let model = model();
    let odd = [
        "a",
        "Z",
        "#",
        " ",
        "\u{0}",
        "\u{301}",
        "\u{4e2d}",
        "\u{37e}",
        "\u{130}",
        "\u{d55c}",
        "\u{10ffff}",
    ];
    for a in odd {
        for b in odd {
            for c in odd {
                let text = [a, b, c].concat();
                let norm = vector(&model, &text).map_or(1.0, |v| dot(&v, &v));
                assert!((norm - 1.0).abs() < 1e-5, "{text:?}");
            }
        }
    }
}

/// A model of three pieces, with a right checksum.
fn small() -> Vec<u8> {
    let mut body = Vec::new();
    for value in [4_u32, 3, 7] {
        body.extend(value.to_le_bytes());
    }
    for value in [4_u16, 2, 9, 0] {
        body.extend(value.to_le_bytes());
    }
    body.extend(b"tinyr1\x01\x03\x03a##bcat\x01\x02\xff\x0f\xf0\x12\x34\x56\x78");
    sealed(&body)
}

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"ENGRSTAT\x01\0\0\0".to_vec();
    bytes.extend(crc32fast::hash(body).to_le_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn a_small_model_is_read_field_by_field() {
    let model = StaticModel::from_bytes(&small()).unwrap();
    assert_eq!(
        (model.dimension(), model.name(), model.revision()),
        (4, "tiny", "r1")
    );
    assert_eq!(names(&model, "CAT ab"), ["cat", "a", "##b"]);
    // Row "a" holds bytes 0x0f 0xf0: levels 15, 0 (low halves) and 0, 15 (high halves).
    assert_eq!(vector(&model, "a").unwrap(), [0.5, -0.5, -0.5, 0.5]);
}

#[test]
fn any_flipped_bit_and_any_truncation_is_an_error() {
    let bytes = small();
    for len in 0..bytes.len() {
        assert!(
            StaticModel::from_bytes(&bytes[..len]).is_err(),
            "length {len}"
        );
    }
    for at in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        let error = StaticModel::from_bytes(&damaged)
            .err()
            .expect("damage must be seen");
        assert_eq!(error.code(), crate::error::Code::InputInvalid, "bit {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(StaticModel::from_bytes(&longer).is_err());
}

#[test]
fn hostile_bytes_with_a_right_checksum_never_panic() {
    let body = small()[16..].to_vec();
    for at in 0..body.len() {
        for value in [0, 1, 2, 0x7f, 0x80, 0xc3, 0xff] {
            let mut hostile = body.clone();
            hostile[at] = value;
            if let Ok(model) = StaticModel::from_bytes(&sealed(&hostile)) {
                let _ = vector(&model, "cat ab \u{4e2d}");
            }
            let _ = StaticModel::from_bytes(&sealed(&hostile[..at]));
        }
    }
    let mut wide = body.clone();
    wide[0..4].copy_from_slice(&(container::DIMENSION_MAX as u32 + 2).to_le_bytes());
    assert!(StaticModel::from_bytes(&sealed(&wide)).is_err());
}

#[test]
fn the_shipped_file_refuses_damage_everywhere() {
    let mut bytes = MODEL.to_vec();
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        bytes[at] ^= 0x10;
        assert!(StaticModel::from_bytes(&bytes).is_err(), "byte {at}");
        bytes[at] ^= 0x10;
    }
    assert!(StaticModel::from_bytes(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn a_model_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + std::panic::UnwindSafe>() {}
    shared::<StaticModel>();
}
