//! The index over the blocks of the dictionary: a static search tree of their first eight bytes.
//!
//! Owns: both directions. The lowest level has the key of every block; each level above has every 16th of
//! the one below, up to one of 16 at most. A search looks at 16 neighbours a level, which come into the
//! cache together, where a binary search would wait for each probe.

use super::layout::KEY_BYTES;

/// Keys that are looked at together.
const FAN: usize = 16;

/// Keys at each level, the highest first.
fn levels(blocks: usize) -> impl Iterator<Item = usize> {
    let mut counts = [0; 16];
    let mut depth = 0;
    let mut count = blocks;
    for to in &mut counts {
        (*to, depth) = (count, depth + 1);
        if count <= FAN {
            break;
        }
        count = count.div_ceil(FAN);
    }
    (0..depth)
        .rev()
        .map(move |level| counts.get(level).copied().unwrap_or(0))
}

/// Keys of all levels over so many blocks.
pub(super) fn total(blocks: u32) -> u64 {
    levels(blocks as usize).map(|count| count as u64).sum()
}

/// Appends the tree over `keys`, which ascend.
pub(super) fn encode(keys: &[u64], out: &mut Vec<u8>) {
    let counts: Vec<usize> = levels(keys.len()).collect();
    for level in (0..counts.len()).rev() {
        let step = FAN.pow(level as u32);
        out.extend(keys.iter().step_by(step).flat_map(|key| key.to_le_bytes()));
    }
}

/// The first of the lowest keys that is not below `wanted`.
pub(super) fn first_not_below(tree: &[[u8; KEY_BYTES]], blocks: u32, wanted: u64) -> usize {
    let mut rest = tree;
    let mut found = 0;
    for (depth, count) in levels(blocks as usize).enumerate() {
        let (level, below) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = below;
        // The last key below `wanted` is among those under the last such key of the level above.
        let start = match depth {
            0 => 0,
            _ if found == 0 => return 0,
            _ => (found - 1) * FAN,
        };
        let end = level.len().min(start + FAN);
        let near = level.get(start..end).unwrap_or_default();
        let is_below = |key: &[u8; KEY_BYTES]| usize::from(u64::from_le_bytes(*key) < wanted);
        found = start + near.iter().map(is_below).sum::<usize>();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_tree_finds_what_a_binary_search_does(
            mut keys in prop::collection::vec(0u64..3000, 0..900), wanted in 0u64..3010
        ) {
            keys.sort_unstable();
            let mut bytes = Vec::new();
            encode(&keys, &mut bytes);
            let blocks = keys.len() as u32;
            prop_assert_eq!(bytes.len() as u64, total(blocks) * 8);
            let found = first_not_below(bytes.as_chunks().0, blocks, wanted);
            prop_assert_eq!(found, keys.partition_point(|&key| key < wanted));
        }
    }
}
