//! The hint that memory will be read soon.

/// Bytes that come into the cache together.
const LINE_BYTES: usize = 64;

/// Asks for the `bytes` bytes from `start` on; never faults, whatever the address.
#[inline(always)]
pub(super) fn prefetch(start: *const u8, bytes: usize) {
    // The first line may begin before `start`, so one more may be touched at the end.
    let offset = start.addr() % LINE_BYTES;
    for line in 0..(offset + bytes).div_ceil(LINE_BYTES) {
        prefetch_line(start.wrapping_add(line * LINE_BYTES));
    }
}

/// Asks for the line that `at` lies in.
#[inline(always)]
pub(super) fn prefetch_line(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; the instruction is part of SSE and accepts any address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a hint that accepts any address and changes nothing.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}
