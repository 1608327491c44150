//! Maps and sets keyed by node number.
//!
//! A walk touches dozens of nodes of a graph of millions, so what it keeps is sized by what it
//! touches. Node numbers are given out by the engine, one after the other: a multiplication spreads
//! them well enough, and nobody can choose them to collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Spreads node numbers by one multiplication (Knuth, TAOCP 3, 6.4, with the 64-bit golden ratio).
#[derive(Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u32(u32::from(*b)));
    }
    fn write_u32(&mut self, n: u32) {
        let mixed = (self.0 ^ u64::from(n)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The table takes its place from the low bits and its tag from the high ones.
        self.0 = mixed ^ mixed.rotate_left(32);
    }
}

/// Values by node.
pub type NodeMap<V> = HashMap<u32, V, BuildHasherDefault<NumberHasher>>;
/// A set of nodes.
pub type NodeSet = HashSet<u32, BuildHasherDefault<NumberHasher>>;
