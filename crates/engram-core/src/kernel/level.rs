//! Instruction sets, and the choice among them at run time.
//!
//! Owns: [`Level`], its detection, the level that tests force, and the macro that builds one body
//! for each level. Invariant: a level reaches a `match` only after [`Level::is_available`] held for
//! it on this processor, which is what makes the calls in [`at_each_level`] sound.

use super::register::{self, Register};
use std::sync::atomic::{AtomicU8, Ordering};

/// Instruction sets that a build of each kernel exists for, the slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// What the target promises without a check (SSE2 on x86-64).
    Portable = 1,
    /// NEON, which every aarch64 processor has.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// AVX2 with fused multiply-add and half-precision conversion: Haswell, Zen and later.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with BW, DQ, VL, VNNI, VPOPCNTDQ, VBMI and BITALG: Ice Lake, Zen 4 and later. The
    /// processors that have a part of these run [`Level::Avx2`].
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The level in use as its number, 0 before the first question.
static CURRENT: AtomicU8 = AtomicU8::new(0);

impl Level {
    /// Every level of this architecture, the slowest first.
    pub const ALL: &'static [Level] = &[
        Level::Portable,
        #[cfg(target_arch = "aarch64")]
        Level::Neon,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512,
    ];

    /// Whether this processor can run the level.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => has_avx2() && has_avx512(),
        }
    }

    /// Floats in a register of the level.
    pub(super) fn lanes(self) -> usize {
        match self {
            Level::Portable => register::Portable::LANES,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => register::Neon::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => register::Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => register::Avx512::LANES,
        }
    }

    /// The levels that this processor can run, the slowest first.
    pub fn available() -> impl Iterator<Item = Level> {
        Level::ALL
            .iter()
            .copied()
            .filter(|level| level.is_available())
    }

    /// The level that kernels run at: the fastest one here, or the one that a test forces.
    ///
    /// Detected once; then a load and a comparison.
    #[must_use]
    #[inline]
    pub fn best() -> Level {
        let current = CURRENT.load(Ordering::Relaxed);
        match Level::ALL.iter().find(|level| **level as u8 == current) {
            Some(level) => *level,
            None => Level::detect(),
        }
    }

    #[cold]
    fn detect() -> Level {
        let best = Level::available().last().unwrap_or(Level::Portable);
        // Whoever forced a level meanwhile is not overruled.
        let _ = CURRENT.compare_exchange(0, best as u8, Ordering::Relaxed, Ordering::Relaxed);
        best
    }
}

/// Makes every kernel of the process run at `level`, or with `None` at the best one again.
///
/// Returns whether the processor can run it; nothing changes where it cannot. Levels give slightly
/// different bits, so a test that compares bits must not share its process with one that forces.
#[cfg(any(test, feature = "testing"))]
pub fn force_level(level: Option<Level>) -> bool {
    let can = level.is_none_or(Level::is_available);
    if can {
        // 0 makes the next question detect again.
        CURRENT.store(level.map_or(0, |l| l as u8), Ordering::Relaxed);
    }
    can
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512bitalg")
}

/// Builds `fn $name(level, arguments)`, which runs `$body::<V>(arguments)` compiled for the level,
/// where `V` is its [`Register`](super::register::Register).
///
/// `$body` is an `#[inline(always)] unsafe fn`, so that it takes on the features of the copy that
/// calls it. What its safety needs beyond the features, the caller of `$name` promises: `$name` is
/// an unsafe function.
macro_rules! at_each_level {
    ($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $body:ident) => {
        $(#[$meta])*
        pub(super) unsafe fn $name(level: $crate::kernel::Level, $($argument: $type),*) $(-> $result)? {
            use $crate::kernel::Level;
            use $crate::kernel::register;
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,popcnt")]
            unsafe fn avx2($($argument: $type),*) $(-> $result)? {
                // SAFETY: the caller's promise is handed on.
                unsafe { $body::<register::Avx2>($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq,avx512vbmi,avx512bitalg")]
            unsafe fn avx512($($argument: $type),*) $(-> $result)? {
                // SAFETY: the caller's promise is handed on.
                unsafe { $body::<register::Avx512>($($argument),*) }
            }
            match level {
                // SAFETY: the caller's promise is handed on; this level asks nothing of the processor.
                Level::Portable => unsafe { $body::<register::Portable>($($argument),*) },
                // SAFETY: as above, and every aarch64 processor has NEON.
                #[cfg(target_arch = "aarch64")]
                Level::Neon => unsafe { $body::<register::Neon>($($argument),*) },
                // SAFETY: as above, and levels are handed on only where they are available.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { avx512($($argument),*) },
            }
        }
    };
}
pub(super) use at_each_level;

/// Whether the best level is [`Level::Avx512`].
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn is_avx512() -> bool {
    Level::best() == Level::Avx512
}
