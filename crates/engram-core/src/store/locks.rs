//! Locks among handles and processes, on the file itself.
//!
//! Owns: the write lock, the name of its holder, and the generations that readers pin. All three are
//! byte-range locks beyond any real offset, held by the open file description (Linux OFD locks), so
//! that the kernel drops them when their holder dies and no byte of the file is spent on them:
//!
//! - `WRITE`: one byte, exclusive: the writer.
//! - `OWNER + pid * 2^33`, length = seconds since 1970: shared; tells who holds `WRITE`, since when.
//! - `PIN + generation`: shared: a reader may still look at that generation.

use crate::error::{Code, Error, Result};
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Who holds the write lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Name of the machine; locks reach no further than one machine.
    pub host: String,
    /// When the lock was taken, microseconds since 1970, to the second.
    pub since_us: i64,
}

/// What one handle can lock.
pub trait Locks: Send + Sync {
    /// Takes the write lock at once, or tells that another handle has it.
    fn try_write(&self) -> Result<bool>;
    /// Gives the write lock back.
    fn release_write(&self);
    /// Who holds the write lock; None where nobody but this handle does.
    fn owner(&self) -> Result<Option<Owner>>;
    /// Pins a generation.
    fn pin(&self, generation: u64) -> Result<()>;
    /// Gives a pin back.
    fn unpin(&self, generation: u64);
    /// Whether another handle pins a generation within `range`.
    fn pinned(&self, range: Range<u64>) -> Result<bool>;
}

/// Locks of a storage that has one handle only.
pub struct NoLocks;

impl Locks for NoLocks {
    fn try_write(&self) -> Result<bool> {
        Ok(true)
    }
    fn release_write(&self) {}
    fn owner(&self) -> Result<Option<Owner>> {
        Ok(None)
    }
    fn pin(&self, _generation: u64) -> Result<()> {
        Ok(())
    }
    fn unpin(&self, _generation: u64) {}
    fn pinned(&self, _range: Range<u64>) -> Result<bool> {
        Ok(false)
    }
}

/// Waits for the write lock until `timeout` after `start`.
///
/// The kernel can block on such a lock but not for a bounded time, so this polls, with pauses that
/// grow from 20 us to 2 ms.
pub fn wait_for_write(locks: &dyn Locks, start: Instant, timeout: Duration) -> Result<()> {
    let mut pause = Duration::from_micros(20);
    loop {
        if locks.try_write()? {
            return Ok(());
        }
        if start.elapsed() >= timeout {
            return Err(busy(locks, timeout));
        }
        std::thread::sleep(pause.min(timeout.saturating_sub(start.elapsed())));
        pause = (pause * 2).min(Duration::from_millis(2));
    }
}

/// The error of a wait that took too long; names the holder.
pub(crate) fn busy(locks: &dyn Locks, timeout: Duration) -> Error {
    let waited = timeout.as_millis();
    let error = match locks.owner() {
        Ok(Some(o)) => {
            let now = now_us();
            let held = now.saturating_sub(o.since_us) / 1_000_000;
            let message = format!(
                "process {} on {} holds the write lock, for {held} s; waited {waited} ms",
                o.pid, o.host
            );
            Error::new(Code::LockTimeout, message)
                .detail("pid", o.pid)
                .detail("host", o.host)
                .detail("since_us", o.since_us)
        }
        _ => Error::new(
            Code::LockTimeout,
            format!("another writer of this process holds the write lock; waited {waited} ms"),
        )
        .detail("pid", std::process::id()),
    };
    error
        .detail("waited_ms", waited)
        .hint("try again, or open with a larger lock_timeout_ms")
}

/// Microseconds since 1970 by the system clock.
pub fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_micros() as i64)
}

/// Name of this machine.
pub(crate) fn host() -> String {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is writable and its true length is given.
    let rc = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    let len = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    if rc == 0 {
        String::from_utf8_lossy(&name[..len]).into_owned()
    } else {
        String::new()
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(crate) mod ofd {
    //! Locks of the open file description, as Linux and macOS have them.
    use super::{Locks, Owner, host, now_us};
    use crate::error::{Error, Result};
    use std::ops::Range;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::sync::atomic::{AtomicI64, Ordering};

    const WRITE: i64 = 1 << 61;
    const OWNER: i64 = 1 << 59;
    const OWNER_SHIFT: u32 = 33;
    const PIN: i64 = 1 << 62;

    // The constants are of different types on different systems.
    #[allow(clippy::unnecessary_cast)]
    const EXCLUSIVE: i32 = libc::F_WRLCK as i32;
    #[allow(clippy::unnecessary_cast)]
    const SHARED: i32 = libc::F_RDLCK as i32;
    #[allow(clippy::unnecessary_cast)]
    const NONE: i32 = libc::F_UNLCK as i32;

    /// Locks held through one open file description.
    pub(crate) struct OfdLocks {
        fd: std::mem::ManuallyDrop<OwnedFd>,
        writable: bool,
        since_s: AtomicI64,
    }

    fn flock(kind: i32, start: i64, len: i64) -> libc::flock {
        // SAFETY: `flock` is plain old data; all zeros is a valid value.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = kind as libc::c_short;
        lock.l_whence = libc::SEEK_SET as libc::c_short;
        lock.l_start = start;
        lock.l_len = len;
        lock
    }

    impl OfdLocks {
        pub(crate) fn new(fd: OwnedFd, writable: bool) -> Self {
            super::super::fork::register(fd.as_raw_fd());
            OfdLocks {
                fd: std::mem::ManuallyDrop::new(fd),
                writable,
                since_s: AtomicI64::new(0),
            }
        }

        /// Sets a lock; false where another holder is in the way.
        fn set(&self, kind: i32, start: i64, len: i64) -> Result<bool> {
            let lock = flock(kind, start, len);
            // SAFETY: the descriptor is open while `self` lives, and `lock` is a valid argument.
            let rc =
                unsafe { libc::fcntl(self.fd.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
            if rc == 0 {
                return Ok(true);
            }
            let err = std::io::Error::last_os_error();
            match err.raw_os_error() {
                Some(libc::EAGAIN | libc::EACCES) => Ok(false),
                _ => Err(Error::io("cannot lock the file", &err)),
            }
        }

        /// The first lock of another holder that is in the way of an exclusive one on the range.
        fn conflict(&self, start: i64, len: i64) -> Result<Option<libc::flock>> {
            let mut lock = flock(EXCLUSIVE, start, len);
            // SAFETY: as in `set`; the kernel writes its answer into `lock`.
            let rc = unsafe { libc::fcntl(self.fd.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
            if rc != 0 {
                let err = std::io::Error::last_os_error();
                return Err(Error::io("cannot ask for the locks of the file", &err));
            }
            Ok((i32::from(lock.l_type) != NONE).then_some(lock))
        }

        fn owner_range(since_s: i64) -> (i64, i64) {
            (
                OWNER + (i64::from(std::process::id()) << OWNER_SHIFT),
                since_s,
            )
        }
    }

    impl Drop for OfdLocks {
        fn drop(&mut self) {
            // In a forked child the descriptor was closed by the fork handler: its number may by now
            // belong to somebody else.
            if super::super::fork::unregister(self.fd.as_raw_fd()) {
                // SAFETY: dropped once, here, and not used afterwards.
                unsafe { std::mem::ManuallyDrop::drop(&mut self.fd) }
            }
        }
    }

    impl Locks for OfdLocks {
        fn try_write(&self) -> Result<bool> {
            if !self.set(EXCLUSIVE, WRITE, 1)? {
                return Ok(false);
            }
            let since_s = (now_us() / 1_000_000).clamp(1, (1 << OWNER_SHIFT) - 1);
            let (start, len) = Self::owner_range(since_s);
            self.since_s.store(since_s, Ordering::Relaxed);
            // Only tells who waits for whom: a lock that cannot be set costs the name, not safety.
            let _ = self.set(SHARED, start, len);
            Ok(true)
        }

        fn release_write(&self) {
            let (start, len) = Self::owner_range(self.since_s.load(Ordering::Relaxed));
            // Unlocking an own lock fails only for a closed descriptor, which holds none any more.
            let _ = self.set(NONE, start, len);
            let _ = self.set(NONE, WRITE, 1);
        }

        fn owner(&self) -> Result<Option<Owner>> {
            if self.conflict(WRITE, 1)?.is_none() {
                return Ok(None);
            }
            let found = self.conflict(OWNER, WRITE - OWNER)?;
            let (pid, since_s) = found.map_or((0, 0), |l| {
                (((l.l_start - OWNER) >> OWNER_SHIFT) as u32, l.l_len)
            });
            Ok(Some(Owner {
                pid,
                host: host(),
                since_us: since_s * 1_000_000,
            }))
        }

        fn pin(&self, generation: u64) -> Result<()> {
            match self.set(SHARED, PIN + generation as i64, 1)? {
                true => Ok(()),
                false => Err(Error::internal("a shared lock was refused")),
            }
        }

        fn unpin(&self, generation: u64) {
            let _ = self.set(NONE, PIN + generation as i64, 1);
        }

        fn pinned(&self, range: Range<u64>) -> Result<bool> {
            if range.is_empty() || !self.writable {
                return Ok(false);
            }
            let (start, len) = (PIN + range.start as i64, (range.end - range.start) as i64);
            Ok(self.conflict(start, len)?.is_some())
        }
    }
}
