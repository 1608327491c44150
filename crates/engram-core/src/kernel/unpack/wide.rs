//! Values with AVX-512, sixteen at a time.

use super::{BLOCK, Places};
use std::arch::x86_64::*;

/// A value and the bits before it in its first byte must fit 32 bits.
pub(super) const MAX_BITS: u32 = 25;
const WIDTHS: usize = MAX_BITS as usize + 1;

/// For each width the bytes that lane i needs, and how far to shift them.
const BYTES: [[u8; 64]; WIDTHS] = bytes();
const SHIFTS: [[u32; 16]; WIDTHS] = shifts();

const fn bytes() -> [[u8; 64]; WIDTHS] {
    let mut table = [[0; 64]; WIDTHS];
    let mut bits = 0;
    while bits < WIDTHS {
        let mut byte = 0;
        while byte < 64 {
            table[bits][byte] = ((byte / 4) * bits / 8 + byte % 4) as u8;
            byte += 1;
        }
        bits += 1;
    }
    table
}

const fn shifts() -> [[u32; 16]; WIDTHS] {
    let mut table = [[0; 16]; WIDTHS];
    let mut bits = 0;
    while bits < WIDTHS {
        let mut lane = 0;
        while lane < 16 {
            table[bits][lane] = (lane * bits % 8) as u32;
            lane += 1;
        }
        bits += 1;
    }
    table
}

struct Unpacker {
    bytes: __m512i,
    shifts: __m512i,
    mask: __m512i,
    stride: usize,
}

impl Unpacker {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn new(bits: u32) -> Unpacker {
        let width = (bits as usize).min(WIDTHS - 1);
        // SAFETY: both rows are 64 bytes.
        let (bytes, shifts) = unsafe {
            (
                _mm512_loadu_si512(BYTES[width].as_ptr().cast()),
                _mm512_loadu_si512(SHIFTS[width].as_ptr().cast()),
            )
        };
        Unpacker {
            bytes,
            shifts,
            mask: _mm512_set1_epi32((1i32 << width) - 1),
            // Sixteen values of b bits take 2 b bytes.
            stride: 2 * width,
        }
    }

    /// Values 16 j to 16 j + 15.
    ///
    /// # Safety
    /// 64 bytes from `stride * j` on must be readable.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn sixteen(&self, packed: *const u8, j: usize) -> __m512i {
        // SAFETY: the caller's promise.
        let raw = unsafe { _mm512_loadu_si512(packed.add(self.stride * j).cast()) };
        let windows = _mm512_permutexvar_epi8(self.bytes, raw);
        _mm512_and_si512(_mm512_srlv_epi32(windows, self.shifts), self.mask)
    }
}

/// # Safety
/// `packed` must hold the values and 64 bytes more; `count` must not exceed [`BLOCK`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) unsafe fn values(
    packed: &[u8],
    bits: u32,
    count: usize,
    add: u32,
    out: &mut [u32; BLOCK],
) {
    let unpacker = Unpacker::new(bits);
    let add = _mm512_set1_epi32(add as i32);
    for j in 0..count.min(BLOCK).div_ceil(16) {
        // SAFETY: sixteen values begin within the packed ones, and 64 bytes follow those.
        let found = unsafe { unpacker.sixteen(packed.as_ptr(), j) };
        // SAFETY: j is below 8, so that the store ends within `out`.
        unsafe {
            let to = out.as_mut_ptr().add(16 * j);
            _mm512_storeu_si512(to.cast(), _mm512_add_epi32(found, add));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn add_high(bits: u32, places: &Places, out: &mut [u32; BLOCK]) {
    super::add_high(bits, places, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn steps(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
    super::steps_body(places, count, out)
}
