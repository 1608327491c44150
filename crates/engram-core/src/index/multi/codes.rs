//! Codes of token vectors, writer and reader side by side (F-171).
//!
//! Owns: the choice of codewords, the codes, and the tables by which a query scores them.

use super::cluster::{MOST_NORM, assign, train, whole};
use super::tokens::TokensWriter;
use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use crate::kernel::{CODEWORDS, Lookup, Panel, Rows, SUBSPACES};
use std::ops::Range;

/// Below so many tokens a segment is scored about as fast without codes: 80 texts, 0.3 ms.
const LEAST_TOKENS: usize = 1 << 13;
/// Most coarse codewords: their table for 32 query vectors still shares the second cache with that of
/// the fine ones.
const MOST_COARSE: usize = 1024;
/// Points for each coarse codeword in training, and rounds.
const POINTS_EACH: usize = 16;
const ROUNDS: usize = 5;
/// Norms may be so unequal, largest over smallest.
const NORM_RATIO: f32 = 1.25;
/// Tokens that are coded at a time.
const CHUNK: usize = 2048;
const HEAD_BYTES: usize = 64;

/// The dimensions of subspace `m`.
fn subspace(dim: usize, m: usize) -> Range<usize> {
    dim * m / SUBSPACES..dim * (m + 1) / SUBSPACES
}

/// Coarse codewords for so many tokens: about twice the root, a power of two.
fn coarse_count(tokens: usize) -> usize {
    let root = (tokens as f64).sqrt();
    ((2.0 * root) as usize).next_power_of_two().min(MOST_COARSE)
}

/// Decodes rows to whole numbers: each number over the step, rounded.
struct Whole<'a> {
    rows: Rows<'a>,
    dim: usize,
    inverse: f32,
}

impl Whole<'_> {
    fn push(&self, row: usize, out: &mut Vec<f32>) {
        let start = out.len();
        self.rows.decode(self.dim, row, out);
        for x in &mut out[start..] {
            *x = whole(*x * self.inverse);
        }
    }
}

/// The step that makes numbers whole, if the norms are equal enough for codes to be of use.
fn step_of(rows: Rows<'_>, inverse_norms: &[f32], dim: usize) -> Option<f32> {
    let least = inverse_norms.iter().fold(f32::INFINITY, |m, x| m.min(*x));
    let most = inverse_norms.iter().fold(0.0f32, |m, x| m.max(*x));
    if least <= 0.0 || most > NORM_RATIO * least {
        return None;
    }
    let (mut largest, mut buffer) = (0.0f32, Vec::new());
    for row in 0..inverse_norms.len() {
        buffer.clear();
        rows.decode(dim, row, &mut buffer);
        largest = buffer.iter().fold(largest, |m, x| m.max(x.abs()));
    }
    let step = (largest / 127.0).max(1.0 / (least * MOST_NORM));
    (step.is_finite() && step > f32::MIN_POSITIVE).then_some(step)
}

/// The codes of tokens; none where they would not help.
#[must_use]
pub fn encode_codes(tokens: &TokensWriter) -> Option<Vec<u8>> {
    let (rows, inverse_norms) = tokens.tokens();
    let (dim, count) = (tokens.dimension(), inverse_norms.len());
    if count < LEAST_TOKENS || matches!(rows, Rows::Bit(_)) {
        return None;
    }
    let step = step_of(rows, inverse_norms, dim)?;
    let whole = Whole {
        rows,
        dim,
        inverse: 1.0 / step,
    };
    let books = Books::train(&whole, count);
    let mut w = Writer::new();
    w.u32(dim as u32);
    w.u32((books.coarse.len() / dim) as u32);
    w.u32(count as u32);
    w.f32s(&[step]);
    w.align(64);
    let byte = |x: &f32| (*x as i8).cast_unsigned();
    w.bytes.extend(books.coarse.iter().map(byte));
    w.align(64);
    let fine = books.fine.iter().flatten();
    w.bytes.extend(fine.map(byte));
    w.align(64);
    let (coarse, fine) = books.encode(&whole, count);
    coarse.iter().for_each(|c| w.u16(*c));
    w.align(64);
    fine.iter().for_each(|f| w.bytes.extend_from_slice(f));
    Some(w.bytes)
}

/// Codewords as whole numbers.
struct Books {
    dim: usize,
    coarse: Vec<f32>,
    /// By subspace.
    fine: Vec<Vec<f32>>,
}

impl Books {
    fn train(whole: &Whole<'_>, count: usize) -> Books {
        let dim = whole.dim;
        let codewords = coarse_count(count);
        let points = count.min((codewords * POINTS_EACH).max(CODEWORDS * POINTS_EACH));
        let mut sample = Vec::with_capacity(points * dim);
        (0..points).for_each(|i| whole.push(i * count / points, &mut sample));
        let coarse = train(&sample, dim, codewords, ROUNDS);
        let mut of = Vec::new();
        assign(&coarse, &sample, dim, &mut of);
        subtract(&coarse, &of, dim, &mut sample);
        let fine = (0..SUBSPACES).map(|m| {
            let range = subspace(dim, m);
            if range.is_empty() {
                return Vec::new();
            }
            let points = columns(&sample, dim, &range);
            let mut codewords = train(&points, range.len(), CODEWORDS, ROUNDS);
            codewords
                .iter_mut()
                .for_each(|x| *x = x.clamp(-127.0, 127.0));
            codewords
        });
        Books {
            dim,
            fine: fine.collect(),
            coarse,
        }
    }

    /// The codes of all tokens.
    fn encode(&self, whole: &Whole<'_>, count: usize) -> (Vec<u16>, Vec<[u8; SUBSPACES]>) {
        let mut coarse = Vec::with_capacity(count);
        let mut fine = vec![[0; SUBSPACES]; count];
        let (mut points, mut of) = (Vec::new(), Vec::new());
        for (chunk, fine) in fine.chunks_mut(CHUNK).enumerate() {
            points.clear();
            let first = chunk * CHUNK;
            (first..first + fine.len()).for_each(|row| whole.push(row, &mut points));
            assign(&self.coarse, &points, self.dim, &mut of);
            subtract(&self.coarse, &of, self.dim, &mut points);
            coarse.extend_from_slice(&of);
            for (m, codewords) in self.fine.iter().enumerate() {
                let range = subspace(self.dim, m);
                if range.is_empty() {
                    continue;
                }
                assign(
                    codewords,
                    &columns(&points, self.dim, &range),
                    range.len(),
                    &mut of,
                );
                for (codes, code) in fine.iter_mut().zip(&of) {
                    codes[m] = *code as u8;
                }
            }
        }
        (coarse, fine)
    }
}

/// Takes the codeword of each point away from it.
fn subtract(codewords: &[f32], of: &[u16], dim: usize, points: &mut [f32]) {
    for (point, of) in points.chunks_exact_mut(dim).zip(of) {
        let codeword = &codewords[usize::from(*of) * dim..][..dim];
        point.iter_mut().zip(codeword).for_each(|(x, c)| *x -= c);
    }
}

/// Some of the dimensions of all points.
fn columns(points: &[f32], dim: usize, range: &Range<usize>) -> Vec<f32> {
    let rows = points.chunks_exact(dim);
    rows.flat_map(|row| row[range.clone()].iter().copied())
        .collect()
}

/// Codes as they lie in the file.
#[derive(Clone, Copy)]
pub struct TokenCodes<'a> {
    /// Length of a vector.
    pub dimension: usize,
    step: f32,
    coarse: &'a [i8],
    fine: &'a [i8],
    of: &'a [u16],
    codes: &'a [[u8; SUBSPACES]],
}

impl<'a> TokenCodes<'a> {
    /// Finds the sections.
    pub fn open(bytes: &'a [u8]) -> Decode<TokenCodes<'a>> {
        let mut r = Reader::new(bytes);
        let (dimension, codewords, tokens) =
            (r.u32()? as usize, r.u32()? as usize, r.u32()? as usize);
        let step = f32::from_bits(r.u32()?);
        if dimension == 0 || codewords == 0 || codewords > MOST_COARSE || !step.is_normal() {
            return Err(Malformed("token codes have impossible sizes"));
        }
        let mut at = HEAD_BYTES;
        let mut section = |len: Option<usize>| {
            let end = len.and_then(|len| at.checked_add(len));
            let found = end.and_then(|end| bytes.get(at..end));
            at = end
                .unwrap_or(usize::MAX)
                .checked_next_multiple_of(64)
                .unwrap_or(usize::MAX);
            found.ok_or(Malformed("token codes end too early"))
        };
        let coarse = section(codewords.checked_mul(dimension))?;
        let fine = section(dimension.checked_mul(CODEWORDS))?;
        let of = section(tokens.checked_mul(2))?;
        let codes = section(tokens.checked_mul(SUBSPACES))?;
        Ok(TokenCodes {
            dimension,
            step,
            coarse: bytemuck::cast_slice(coarse),
            fine: bytemuck::cast_slice(fine),
            of: bytemuck::try_cast_slice(of).map_err(|_| Malformed("codes are not aligned"))?,
            codes: bytemuck::cast_slice(codes),
        })
    }

    /// Tokens that have a code.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.of.len()
    }

    /// The table by which query vectors of `dimension` numbers score the tokens.
    #[must_use]
    pub fn lookup(&self, query: &[f32]) -> Lookup {
        let dim = self.dimension;
        let count = query.len() / dim;
        let numbers = |codes: &[i8]| -> Vec<f32> {
            codes.iter().map(|c| f32::from(*c) * self.step).collect()
        };
        let panel = Panel::new(query, dim);
        let mut coarse = Vec::new();
        panel.products(&numbers(self.coarse), &mut coarse);
        let (mut fine, mut part) = (Vec::new(), Vec::new());
        for m in 0..SUBSPACES {
            let range = subspace(dim, m);
            let codewords = &self.fine[range.start * CODEWORDS..range.end * CODEWORDS];
            Panel::new(&columns(query, dim, &range), range.len())
                .products(&numbers(codewords), &mut part);
            // A subspace without dimensions has no products: they count 0.
            part.resize(CODEWORDS * panel.stride(), 0.0);
            fine.extend_from_slice(&part);
        }
        Lookup::new(&coarse, &fine, panel.stride(), count)
    }

    /// Replaces `out` by about the MaxSim of each record, a range of tokens.
    pub fn estimate(&self, lookup: &Lookup, records: &[Range<usize>], out: &mut Vec<f32>) {
        lookup.max_sim(self.of, self.codes, records, out);
    }
}
