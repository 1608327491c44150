//! The scan with NEON: 16 rows of a unit at a time.

use super::*;
use std::arch::aarch64::*;

fn load(bytes: &[u8]) -> uint8x16_t {
    let bytes: &[u8; 16] = bytes.as_chunks().0.first().unwrap_or(&[0; 16]);
    // SAFETY: the array has the 16 bytes that are read; NEON is part of the target.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline(always)]
fn sums(codes: &[u8], tables: &[u8], out: &mut [u16; ROWS]) {
    let units = codes.as_chunks::<UNIT_BYTES>().0;
    // SAFETY: NEON is part of the target, and only registers and whole arrays are touched.
    unsafe {
        let mut wide = [vdupq_n_u16(0); 4];
        for (codes, tables) in units.iter().zip(tables.as_chunks::<TABLE_BYTES>().0) {
            let table = |at: usize| load(&tables[at..]);
            let (t0, t1, t2, t3) = (table(0), table(64), table(32), table(96));
            for rows in 0..2 {
                let (x, y) = (load(&codes[rows * 16..]), load(&codes[32 + rows * 16..]));
                let nibble = vdupq_n_u8(15);
                let a = vqtbl1q_u8(t0, vandq_u8(x, nibble));
                let b = vqtbl1q_u8(t1, vshrq_n_u8::<4>(x));
                let c = vqtbl1q_u8(t2, vandq_u8(y, nibble));
                let d = vqtbl1q_u8(t3, vshrq_n_u8::<4>(y));
                // Four entries of at most 63 fit a byte.
                let bytes = vaddq_u8(vaddq_u8(a, b), vaddq_u8(c, d));
                wide[rows * 2] = vaddw_u8(wide[rows * 2], vget_low_u8(bytes));
                wide[rows * 2 + 1] = vaddw_high_u8(wide[rows * 2 + 1], bytes);
            }
        }
        for (part, sums) in out.as_chunks_mut::<8>().0.iter_mut().zip(wide) {
            vst1q_u16(part.as_mut_ptr(), sums);
        }
    }
}

scan_with!(sums, largest);
