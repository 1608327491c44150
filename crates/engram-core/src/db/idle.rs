//! Lets handles that nobody uses give up their pins.
//!
//! A handle pins the generation it read last, so that the next call finds it in place. One that is
//! not used, in a worker that waits, say, would keep every byte that the others replace. So a thread
//! looks at the handles of this process twice a second while any of them is awake, and sends those
//! to rest that no call has used since the last look. Their next call wakes them.

use super::engine::Engine;
use crate::store::fork;
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Between two looks.
const TICK: Duration = Duration::from_millis(500);

/// The handles of one process that are awake.
struct Watched {
    fork_epoch: u64,
    engines: Mutex<Vec<Weak<Engine>>>,
}

/// Those of this process; a forked child starts with none.
static CURRENT: ArcSwapOption<Watched> = ArcSwapOption::const_empty();

/// Watches an engine that was opened or woken.
pub(super) fn watch(engine: &Arc<Engine>) {
    if engine.place.path().is_none() {
        return;
    }
    let watched = current();
    let mut engines = watched.engines.lock();
    if engines
        .iter()
        .any(|e| std::ptr::eq(e.as_ptr(), Arc::as_ptr(engine)))
    {
        return;
    }
    engines.push(Arc::downgrade(engine));
    if engines.len() == 1 {
        let watched = watched.clone();
        // Without the thread, pins last longer: a cost in space, not a fault.
        let _ = std::thread::Builder::new()
            .name("engram-idle".to_owned())
            .spawn(move || run(&watched));
    }
}

fn current() -> Arc<Watched> {
    let fork_epoch = fork::epoch();
    loop {
        let found = CURRENT.load_full();
        match &found {
            Some(watched) if watched.fork_epoch == fork_epoch => return watched.clone(),
            _ => {
                let fresh = Arc::new(Watched {
                    fork_epoch,
                    engines: Mutex::default(),
                });
                CURRENT.compare_and_swap(&found, Some(fresh));
            }
        }
    }
}

/// Looks until no handle is awake.
fn run(watched: &Watched) {
    loop {
        std::thread::sleep(TICK);
        let mut engines = watched.engines.lock();
        // Kept until the lock is free: dropping the last reference closes the file.
        let seen: Vec<Option<Arc<Engine>>> = engines.iter().map(Weak::upgrade).collect();
        let mut states = seen.iter();
        engines.retain(|_| {
            states
                .next()
                .is_some_and(|e| e.as_ref().is_some_and(|e| stays(e)))
        });
        let done = engines.is_empty();
        drop(engines);
        drop(seen);
        if done {
            return;
        }
    }
}

/// Whether an engine is still in use; one that is not goes to rest.
fn stays(engine: &Engine) -> bool {
    engine.used.swap(false, Ordering::Relaxed) || !engine.rest()
}
