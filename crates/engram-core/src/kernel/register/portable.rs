//! The register of the level that asks nothing of the processor: four floats in an array.

use super::Register;

/// Four floats; the compiler makes a vector register of them where the target has one.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Portable(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Register for Portable {
    const LANES: usize = 4;
    const MANY: bool = false;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Portable([x; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises four readable floats.
        Portable(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises four writable floats.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: the caller promises four readable numbers.
        Portable(unsafe { from.cast::<[u16; 4]>().read_unaligned() }.map(widen))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        // SAFETY: the caller promises four readable bytes.
        Portable(unsafe { from.cast::<[i8; 4]>().read_unaligned() }.map(f32::from))
    }
    #[inline(always)]
    unsafe fn load_signs(from: *const u8, at: usize) -> Self {
        // SAFETY: the caller promises the bits at..at + 4, which lie in one byte.
        let bits = unsafe { *from.add(at / 8) } >> (at % 8);
        let sign = |i| if bits >> i & 1 == 1 { -1.0 } else { 1.0 };
        Portable(std::array::from_fn(sign))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |x, y| x - y)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // Without the instruction `f32::mul_add` calls the C library for each element.
        self.zip(a.zip(b, |x, y| x * y), |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    unsafe fn if_greater(self, than: Self, x: Self, y: Self) -> Self {
        Portable(std::array::from_fn(|i| {
            if self.0[i] > than.0[i] {
                x.0[i]
            } else {
                y.0[i]
            }
        }))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
}

/// The value of a half-precision number, exact; infinities and NaN stay what they are.
///
/// The same as the conversion of the `half` crate, but without asking the processor what it has, so
/// that the compiler can make a loop over vectors of it.
#[inline(always)]
pub(super) fn widen(half: u16) -> f32 {
    let magnitude = u32::from(half & 0x7fff) << 13;
    // The exponent moves from bias 15 to bias 127; multiplying makes subnormals normal on the way.
    let finite = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000);
    // At and above 0x7c00 the exponent is all ones: infinity and NaN, whose payload is kept.
    let bits = if half & 0x7c00 == 0x7c00 {
        magnitude | 0x7f80_0000
    } else {
        finite.to_bits()
    };
    f32::from_bits(bits | u32::from(half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_is_that_of_the_half_crate() {
        for bits in 0..=u16::MAX {
            let wanted = half::f16::from_bits(bits).to_f32();
            let found = widen(bits);
            assert!(found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan());
        }
    }
}
