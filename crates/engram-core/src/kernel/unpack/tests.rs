//! Values, ones and ordinals against a packing bit by bit.

use super::*;
use proptest::prelude::*;

fn pack(values: &[u32], bits: u32) -> Vec<u8> {
    let mut out = vec![0; packed_bytes(values.len(), bits)];
    for (i, value) in values.iter().enumerate() {
        for bit in 0..bits as usize {
            let at = i * bits as usize + bit;
            out[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
        }
    }
    out
}

proptest! {
    #[test]
    fn what_is_packed_comes_back(
        bits in 0..=MAX_BITS, raw in prop::collection::vec(any::<u32>(), 0..=BLOCK),
        first in 0u32..1000, tail in 0usize..80
    ) {
        let wanted: Vec<u32> = raw.iter().map(|v| v & ((1u64 << bits) - 1) as u32).collect();
        let mut packed = pack(&wanted, bits);
        let exact = packed.len();
        packed.extend(vec![0xa5; tail]);
        let n = wanted.len();
        let mut out = [7; BLOCK];
        prop_assert!(values(&packed, bits, n, first, &mut out));
        let sums: Vec<u32> = wanted.iter().map(|v| v.wrapping_add(first)).collect();
        prop_assert_eq!(&out[..n], &sums);
        if exact > 0 {
            let short = packed.get(..exact - 1).unwrap();
            prop_assert!(!values(short, bits, n, 0, &mut out));
        }
    }

    #[test]
    fn the_ones_of_a_stream_are_found(
        gaps in prop::collection::vec(0usize..20, 0..=BLOCK), start in 0usize..70, tail in 0usize..20
    ) {
        let mut at = 0;
        let wanted: Vec<u16> = gaps.iter().map(|gap| { at += gap + 1; (at - 1) as u16 }).collect();
        let end = wanted.last().map_or(0, |last| usize::from(*last) + 1);
        let mut bytes = vec![0u8; (start + end).div_ceil(8)];
        for place in &wanted {
            let bit = start + usize::from(*place);
            bytes[bit / 8] |= 1 << (bit % 8);
        }
        let exact = bytes.clone();
        bytes.extend(vec![0xff; tail]);
        let mut places = NO_PLACES;
        let n = wanted.len();
        prop_assert_eq!(ones(&bytes, start, n, &mut places), Some(start + end));
        prop_assert_eq!(places.get(..n).unwrap(), &wanted);
        for (i, place) in (0..).zip(&wanted) {
            let before = wanted.get((i as usize).wrapping_sub(1)).map_or(0, |b| usize::from(*b) + 1);
            prop_assert_eq!(one_at(&bytes, start, i), Some((usize::from(*place) + 1, before)));
        }
        let mut lengths = [0; BLOCK];
        let longest = steps(&places, n, &mut lengths);
        let steps: Vec<u32> = gaps.iter().map(|gap| *gap as u32 + 1).collect();
        prop_assert_eq!(longest, steps.iter().copied().max().unwrap_or(0));
        prop_assert_eq!(lengths.get(..n).unwrap(), &steps);
        if n < BLOCK {
            prop_assert!(ones(&exact, start, n + 1, &mut places).is_none());
        }
    }

    #[test]
    fn ordinals_come_back_from_high_and_low_bits(
        mut raw in prop::collection::vec(0u32..100_000, 1..=BLOCK), bits in 0u32..17, first in 0u32..1000
    ) {
        raw.sort_unstable();
        raw.dedup();
        prop_assume!(raw.iter().max().unwrap() >> bits < 3000);
        let low: Vec<u32> = raw.iter().map(|v| v & ((1 << bits) - 1)).collect();
        let mut places = NO_PLACES;
        for (i, v) in raw.iter().enumerate() {
            places[i] = (v >> bits) as u16 + i as u16;
        }
        let mut out = [0; BLOCK];
        prop_assert!(ordinals(&pack(&low, bits), bits, raw.len(), first, &places, &mut out));
        let wanted: Vec<u32> = raw.iter().map(|v| v + first).collect();
        prop_assert_eq!(out.get(..raw.len()).unwrap(), &wanted);
    }
}

#[test]
fn too_much_is_refused() {
    let mut out = [0; BLOCK];
    let bytes = [0; 1000];
    assert!(!values(&bytes, MAX_BITS + 1, 1, 0, &mut out));
    assert!(!values(&bytes, 1, BLOCK + 1, 0, &mut out));
    assert!(!ordinals(&bytes, MAX_BITS + 1, 1, 0, &NO_PLACES, &mut out));
    assert!(ones(&[0xff; 64], 0, BLOCK + 1, &mut NO_PLACES.clone()).is_none());
    assert!(ones(&[0; 1000], 0, 1, &mut NO_PLACES.clone()).is_none());
}
