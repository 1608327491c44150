//! The write lock: one writer of this process at a time, then one of all processes.

use super::engine::{Caught, Engine, Role};
use super::idle;
use crate::error::Result;
use crate::store::fork;
use crate::store::locks::{Owner, busy, host, now_us, wait_for_write};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Lets one writer of this process in at a time; its guard may move between threads.
#[derive(Default)]
pub(super) struct Gate {
    /// When the writer that is in came, microseconds since 1970; None where nobody is.
    since_us: Mutex<Option<i64>>,
    free: Condvar,
}

/// Permission to write, given back when dropped.
pub(super) struct GateGuard(Arc<Gate>);

impl Gate {
    /// Waits until `deadline`.
    pub(super) fn enter(self: &Arc<Self>, deadline: Instant) -> Option<GateGuard> {
        let mut since_us = self.since_us.lock();
        while since_us.is_some() {
            if self.free.wait_until(&mut since_us, deadline).timed_out() && since_us.is_some() {
                return None;
            }
        }
        *since_us = Some(now_us());
        Some(GateGuard(self.clone()))
    }
}

impl Drop for GateGuard {
    fn drop(&mut self) {
        *self.0.since_us.lock() = None;
        self.0.free.notify_one();
    }
}

impl Engine {
    /// Takes the write lock and catches up; None where the file was replaced.
    pub(super) fn lock(self: &Arc<Self>, timeout: Duration) -> Result<Option<WriteGuard>> {
        self.check_writable()?;
        let start = Instant::now();
        let locks = self.storage.locks();
        let Some(gate) = self.gate.enter(start + timeout) else {
            return Err(busy(locks, timeout));
        };
        wait_for_write(locks, start, timeout)?;
        let guard = WriteGuard {
            engine: self.clone(),
            _gate: gate,
        };
        self.check_writable()?;
        // A repaired file does not announce itself in a log that may be damaged, and a file that
        // was removed must not swallow writes.
        if self.place.identity()? != self.storage.identity()? {
            self.moved.store(true, Ordering::Release);
            return Ok(None);
        }
        // Another process may have created or replaced the file and not yet synced its name: a power
        // cut would take what is committed here with it.
        if !self.name_is_durable.load(Ordering::Acquire) {
            self.place.sync_name()?;
            self.name_is_durable.store(true, Ordering::Release);
        }
        let mut head = self.head.lock();
        self.wake(&mut head)?;
        let caught = self.catch_up(&mut head, Role::Writer)?;
        drop(head);
        Ok((caught == Caught::Up).then_some(guard))
    }

    /// Who holds the write lock: another process, this handle itself, or nobody.
    pub(super) fn lock_owner(&self) -> Result<Option<Owner>> {
        if let Some(owner) = self.storage.locks().owner()? {
            return Ok(Some(owner));
        }
        let own = |since_us| Owner {
            pid: std::process::id(),
            host: host(),
            since_us,
        };
        Ok(self.gate.since_us.lock().map(own))
    }
}

/// The write lock of the file, held.
pub(super) struct WriteGuard {
    pub(super) engine: Arc<Engine>,
    _gate: GateGuard,
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        if self.engine.fork_epoch == fork::epoch() {
            self.engine.storage.locks().release_write();
            // What was committed is pinned, in a handle that may have been at rest before.
            self.engine.used.store(true, Ordering::Relaxed);
            idle::watch(&self.engine);
        }
    }
}
