//! Products of bytes and distances of bits.

use super::*;
use crate::kernel::bits::{hamming_at, hamming_each_at};
use crate::kernel::int8::{dot_i8_at, dot_i8_each_at};

#[test]
fn integer_kernels_are_exact_at_every_length_and_level() {
    for n in lengths() {
        let (a, b) = (bytes(n, 1), bytes(n * 5, 2));
        let extremes = vec![-128i8; n];
        for level in Level::available() {
            let (mut products, mut distances) = (vec![1], vec![1]);
            let (x, y) = (signed(&a), signed(&b));
            dot_i8_each_at(level, &x, &y, n, &mut products);
            hamming_each_at(level, &a, &b, n, &mut distances);
            assert_eq!(
                (products.len(), distances.len()),
                if n == 0 { (0, 0) } else { (5, 5) }
            );
            for i in 0..products.len() {
                let (row, bits) = (&y[i * n..][..n], &b[i * n..][..n]);
                let wanted = reference::dot_i8(&x, row) as i32;
                assert_eq!((products[i], dot_i8_at(level, &x, row)), (wanted, wanted));
                let wanted = reference::hamming(&a, bits);
                assert_eq!(
                    (distances[i], hamming_at(level, &a, bits)),
                    (wanted, wanted)
                );
            }
            assert_eq!(dot_i8_at(level, &extremes, &extremes), 128 * 128 * n as i32);
        }
    }
}

#[test]
fn integer_kernels_read_a_short_query_against_the_front_of_each_row() {
    let (query, rows) = (bytes(70, 1), bytes(300, 2));
    for level in Level::available() {
        let (mut products, mut distances) = (Vec::new(), Vec::new());
        dot_i8_each_at(level, &signed(&query), &signed(&rows), 100, &mut products);
        hamming_each_at(level, &query, &rows, 100, &mut distances);
        for i in 0..3 {
            let row = &rows[i * 100..][..70];
            assert_eq!(
                i64::from(products[i]),
                reference::dot_i8(&signed(&query), &signed(row))
            );
            assert_eq!(distances[i], reference::hamming(&query, row));
        }
        assert_eq!(
            hamming_at(level, &query, &rows[..3]),
            reference::hamming(&query[..3], &rows)
        );
        assert_eq!(dot_i8_at(level, &[3], &[]), 0);
    }
}
