//! Registers of `f32`: what the loops are written over.
//!
//! Owns: [`Register`], and one type for each level. A loop is written once over the trait, and
//! `at_each_level` compiles it for each type with the features that the type needs.
//!
//! Invariants: every function is `#[inline(always)]`, so that it becomes part of a body compiled
//! with its features. `Register::sum` adds in halves, the same tree for all.

#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
pub(super) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

/// [`Register::LANES`] floats that are worked on together.
///
/// # Safety
///
/// Every function needs the instruction set of its level. The loading ones read `LANES` elements
/// from their pointer on, of any alignment, and `store` writes as many.
pub(super) trait Register: Copy {
    /// Floats in it: 4, 8 or 16.
    const LANES: usize;
    /// Whether there are 32 registers, so that a tile of 24 accumulators fits.
    const MANY: bool;

    /// All lanes `x`.
    unsafe fn splat(x: f32) -> Self;
    /// `LANES` floats.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes `LANES` floats.
    unsafe fn store(self, to: *mut f32);
    /// `LANES` half-precision numbers, widened.
    unsafe fn load_f16(from: *const u16) -> Self;
    /// `LANES` signed bytes, as numbers.
    unsafe fn load_i8(from: *const i8) -> Self;
    /// -1 for each one and +1 for each zero among bits `at..at + LANES` of the bytes from `from` on,
    /// the lowest bit of a byte first; `at` is a multiple of `LANES`.
    unsafe fn load_signs(from: *const u8, at: usize) -> Self;
    /// Lane by lane.
    unsafe fn add(self, other: Self) -> Self;
    /// Lane by lane.
    unsafe fn sub(self, other: Self) -> Self;
    /// Lane by lane.
    unsafe fn mul(self, other: Self) -> Self;
    /// `self + a * b`, in one rounding where the hardware has the instruction.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
    /// Lane by lane; where one is NaN, either.
    unsafe fn max(self, other: Self) -> Self;
    /// Lane by lane `x` where `self > than`, else `y`.
    unsafe fn if_greater(self, than: Self, x: Self, y: Self) -> Self;
    /// The sum of all lanes.
    unsafe fn sum(self) -> f32;

    /// The first `n < LANES` floats, and zeros.
    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        debug_assert!(n < Self::LANES);
        let mut block = [0.0f32; 16];
        // SAFETY: the caller promises n readable floats, and n < LANES <= 16.
        unsafe {
            std::ptr::copy_nonoverlapping(from, block.as_mut_ptr(), n);
            Self::load(block.as_ptr())
        }
    }
}
