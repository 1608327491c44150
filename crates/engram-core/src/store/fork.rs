//! What becomes of handles in a forked child.
//!
//! A child inherits the descriptors of its parent, and with them a share in its locks: a write lock
//! would outlive the parent that died. So a fork handler closes every engram descriptor in the
//! child, before any other code runs there, and counts forks; a handle that finds another count than
//! at its opening knows that it was inherited, and opens the file anew.

use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// Descriptors that the handler can see. A table, since a fork handler must not take locks.
const SLOTS: usize = 4096;
static TABLE: [AtomicI32; SLOTS] = [const { AtomicI32::new(-1) }; SLOTS];
static FORKS: AtomicU64 = AtomicU64::new(0);
static INSTALL: Once = Once::new();

/// How many forks lie between this process and the one that loaded the library.
pub fn epoch() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    for slot in &TABLE {
        let fd = slot.swap(-1, Ordering::Relaxed);
        if fd >= 0 {
            // SAFETY: `close` is async-signal-safe, and the number was registered by its owner, who
            // will not close it again because it is no longer in the table.
            unsafe { libc::close(fd) };
        }
    }
}

/// Has `fd` closed in forked children.
pub(crate) fn register(fd: i32) {
    INSTALL.call_once(|| {
        // SAFETY: the handler only touches atomics and calls `close`.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    for slot in &TABLE {
        if slot
            .compare_exchange(-1, fd, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            return;
        }
    }
}

/// Takes `fd` out of the table; false where a fork handler has closed it already.
pub(crate) fn unregister(fd: i32) -> bool {
    TABLE.iter().any(|s| {
        s.compare_exchange(fd, -1, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    })
}
