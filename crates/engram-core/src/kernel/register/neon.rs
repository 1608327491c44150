//! The register of NEON.

use super::Register;
use super::portable::widen;
use std::arch::aarch64::*;

/// Four floats. Needs NEON, which every aarch64 processor has.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Neon(float32x4_t);

// SAFETY of all blocks below: the caller of a `Register` function promises the instruction set, and
// as many readable or writable elements as the register has lanes.

impl Register for Neon {
    const LANES: usize = 4;
    const MANY: bool = true;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vdupq_n_f32(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vld1q_f32(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see above.
        unsafe { vst1q_f32(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // The conversion instruction is not in stable Rust; the compiler makes vectors of this.
        // SAFETY: see above.
        unsafe {
            let four = from.cast::<[u16; 4]>().read_unaligned().map(widen);
            Self::load(four.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self {
        // SAFETY: see above; four bytes are read.
        unsafe {
            let four = from.cast::<u32>().read_unaligned();
            let wide = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)));
            Neon(vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))))
        }
    }
    #[inline(always)]
    unsafe fn load_signs(from: *const u8, at: usize) -> Self {
        // SAFETY: see above; the four bits lie in one byte.
        unsafe {
            let bits = vdupq_n_u32(u32::from(*from.add(at / 8) >> (at % 8)));
            let each = vld1q_u32([1u32, 2, 4, 8].as_ptr());
            let ones = vtstq_u32(bits, each);
            Neon(vbslq_f32(ones, vdupq_n_f32(-1.0), vdupq_n_f32(1.0)))
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vsubq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vmulq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vfmaq_f32(self.0, a.0, b.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vmaxq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn if_greater(self, than: Self, x: Self, y: Self) -> Self {
        // SAFETY: see above.
        Neon(unsafe { vbslq_f32(vcgtq_f32(self.0, than.0), x.0, y.0) })
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: see above.
        unsafe {
            let two = vadd_f32(vget_low_f32(self.0), vget_high_f32(self.0));
            vget_lane_f32::<0>(vpadd_f32(two, two))
        }
    }
}
