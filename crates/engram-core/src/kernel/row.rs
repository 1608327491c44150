//! One vector of any element type as a source of registers of `f32`.
//!
//! Owns: [`Row`] and its types. Invariant: what a row loads are exactly the `f32` values that the
//! stored elements stand for; so a loop over a row gives the same bits as the same loop over the
//! decoded vector, at the same level.

use super::register::Register;
use half::f16;

/// The elements of one vector, read a register at a time.
///
/// # Safety
///
/// The loading functions need the level of `V`, and elements `at..at + n` (`n` is `LANES` in `load`) to be
/// readable; `at` is a multiple of `LANES`.
pub(super) trait Row: Copy {
    /// `LANES` elements.
    unsafe fn load<V: Register>(self, at: usize) -> V;
    /// `n < LANES` elements, and zeros.
    unsafe fn load_first<V: Register>(self, at: usize, n: usize) -> V;
    /// The row `number` rows behind this one, in a plane of `dim` elements a row.
    fn skip(self, number: usize, dim: usize) -> Self;
    /// The first byte.
    fn start(self) -> *const u8;
    /// Bytes of a row of `dim` elements.
    fn bytes(dim: usize) -> usize;
}

/// `f32` elements.
#[derive(Clone, Copy)]
pub(super) struct F32Row(pub(super) *const f32);

/// Half-precision elements.
#[derive(Clone, Copy)]
pub(super) struct F16Row(pub(super) *const f16);

/// Signed bytes that stand for themselves times the scale behind the second pointer.
#[derive(Clone, Copy)]
pub(super) struct I8Row(pub(super) *const i8, pub(super) *const f32);

/// Bits, a one for -1 and a zero for +1; a row is whole 64-bit words.
#[derive(Clone, Copy)]
pub(super) struct BitRow(pub(super) *const u8);

// SAFETY of all blocks below: what the trait asks of its caller.

impl Row for F32Row {
    #[inline(always)]
    unsafe fn load<V: Register>(self, at: usize) -> V {
        // SAFETY: see above.
        unsafe { V::load(self.0.add(at)) }
    }
    #[inline(always)]
    unsafe fn load_first<V: Register>(self, at: usize, n: usize) -> V {
        // SAFETY: see above.
        unsafe { V::load_first(self.0.add(at), n) }
    }
    #[inline(always)]
    fn skip(self, number: usize, dim: usize) -> Self {
        F32Row(self.0.wrapping_add(number * dim))
    }
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.cast()
    }
    #[inline(always)]
    fn bytes(dim: usize) -> usize {
        dim * 4
    }
}

impl Row for F16Row {
    #[inline(always)]
    unsafe fn load<V: Register>(self, at: usize) -> V {
        // SAFETY: see above.
        unsafe { V::load_f16(self.0.add(at).cast()) }
    }
    #[inline(always)]
    unsafe fn load_first<V: Register>(self, at: usize, n: usize) -> V {
        let mut block = [f16::ZERO; 16];
        // SAFETY: see above; n < LANES <= 16.
        unsafe {
            std::ptr::copy_nonoverlapping(self.0.add(at), block.as_mut_ptr(), n);
            V::load_f16(block.as_ptr().cast())
        }
    }
    #[inline(always)]
    fn skip(self, number: usize, dim: usize) -> Self {
        F16Row(self.0.wrapping_add(number * dim))
    }
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.cast()
    }
    #[inline(always)]
    fn bytes(dim: usize) -> usize {
        dim * 2
    }
}

impl Row for I8Row {
    #[inline(always)]
    unsafe fn load<V: Register>(self, at: usize) -> V {
        // SAFETY: see above.
        unsafe { V::load_i8(self.0.add(at)).mul(V::splat(*self.1)) }
    }
    #[inline(always)]
    unsafe fn load_first<V: Register>(self, at: usize, n: usize) -> V {
        let mut block = [0i8; 16];
        // SAFETY: see above; n < LANES <= 16.
        unsafe {
            std::ptr::copy_nonoverlapping(self.0.add(at), block.as_mut_ptr(), n);
            V::load_i8(block.as_ptr()).mul(V::splat(*self.1))
        }
    }
    #[inline(always)]
    fn skip(self, number: usize, dim: usize) -> Self {
        I8Row(
            self.0.wrapping_add(number * dim),
            self.1.wrapping_add(number),
        )
    }
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.cast()
    }
    #[inline(always)]
    fn bytes(dim: usize) -> usize {
        dim
    }
}

impl Row for BitRow {
    #[inline(always)]
    unsafe fn load<V: Register>(self, at: usize) -> V {
        // SAFETY: see above.
        unsafe { V::load_signs(self.0, at) }
    }
    #[inline(always)]
    unsafe fn load_first<V: Register>(self, at: usize, n: usize) -> V {
        let mut block = [0.0f32; 16];
        for (i, lane) in block.iter_mut().enumerate().take(n) {
            // SAFETY: see above.
            let byte = unsafe { *self.0.add((at + i) / 8) };
            *lane = if byte >> ((at + i) % 8) & 1 == 1 {
                -1.0
            } else {
                1.0
            };
        }
        // SAFETY: see above.
        unsafe { V::load(block.as_ptr()) }
    }
    #[inline(always)]
    fn skip(self, number: usize, dim: usize) -> Self {
        BitRow(self.0.wrapping_add(number * Self::bytes(dim)))
    }
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0
    }
    #[inline(always)]
    fn bytes(dim: usize) -> usize {
        dim.div_ceil(64) * 8
    }
}
