//! A database at a place: opens engines, follows a replaced file and a fork, hands out states.

use super::engine::Engine;
use super::gate::WriteGuard;
use super::rewrite::{RewriteReport, Seed, new_file_id, write_file};
use super::stats::Stats;
use super::transaction::Transaction;
use super::verify::VerifyReport;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::manifest::SnapshotMeta;

use crate::state::{Collection, State};
use crate::store::locks::Owner;
use crate::store::memory::MemoryStorage;
use crate::store::place::{FilePlace, MemoryPlace};
use crate::store::{Place, Storage, fork};
use arc_swap::ArcSwapOption;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// Refuse writes.
    pub read_only: bool,
    /// Create the file where there is none.
    pub create: bool,
    /// Longest wait for the write lock.
    pub lock_timeout: Duration,
    /// Leave commits unsynced for up to a second.
    pub relaxed: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            read_only: false,
            create: true,
            lock_timeout: Duration::from_secs(5),
            relaxed: false,
        }
    }
}

/// An open database.
pub struct Database {
    place: Arc<dyn Place>,
    options: OpenOptions,
    engine: ArcSwapOption<Engine>,
}

impl Database {
    /// Opens the file at `path`, or creates it.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Database> {
        // Kept absolute, so that a later change of the working folder does not lead elsewhere.
        let path = std::path::absolute(path).map_err(|e| Error::io("cannot use the path", &e))?;
        Self::open_place(Arc::new(FilePlace::new(&path)), options).map_err(|e| {
            if e.path().is_none() {
                e.at_path(path)
            } else {
                e
            }
        })
    }

    /// A database in memory.
    pub fn memory(options: OpenOptions) -> Result<Database> {
        Self::open_place(
            Arc::new(MemoryPlace::default()),
            OpenOptions {
                create: true,
                ..options
            },
        )
    }

    /// Opens what is at any kind of place.
    pub fn open_place(place: Arc<dyn Place>, options: OpenOptions) -> Result<Database> {
        if options.create && !options.read_only && !place.exists()? {
            match create(&*place) {
                // Somebody else was faster: theirs is as good.
                Err(e) if e.code() == Code::FileExists => {}
                done => done?,
            }
        }
        let engine =
            Engine::open(place.clone(), options.read_only).map_err(|e| match e.code() {
                Code::FileNotFound => e.hint("check the path, or open with create=True"),
                _ => e,
            })?;
        Ok(Database {
            place,
            options,
            engine: ArcSwapOption::from(Some(engine)),
        })
    }

    /// The path, for a file.
    pub fn path(&self) -> Option<&Path> {
        self.place.path()
    }

    /// How it was opened.
    pub fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.engine.load().is_none()
    }

    /// Closes it. States that were handed out stay readable.
    pub fn close(&self) -> Result<()> {
        match self.engine.swap(None) {
            Some(engine) if engine.fork_epoch == fork::epoch() => engine.settle_relaxed(),
            // Belongs to the parent process: its locks must not be touched, its memory is a copy.
            Some(engine) => {
                std::mem::forget(engine);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The engine, opened anew in a forked child.
    fn engine(&self) -> Result<Arc<Engine>> {
        let Some(engine) = self.engine.load_full() else {
            return Err(
                Error::new(Code::HandleClosed, "the database is closed").hint("open it again")
            );
        };
        if engine.fork_epoch == fork::epoch() {
            return Ok(engine);
        }
        if self.place.path().is_none() {
            return Err(Error::new(
                Code::HandleForked,
                "an in-memory database stays in its process",
            )
            .hint("open a file to share it with a forked child"));
        }
        let fresh = self.reopen(&engine);
        // Dropping it here would give back locks and descriptors that are the parent's.
        std::mem::forget(engine);
        fresh
    }

    /// Replaces `stale` by what is at the place now.
    fn reopen(&self, stale: &Arc<Engine>) -> Result<Arc<Engine>> {
        let fresh = Engine::open(self.place.clone(), self.options.read_only)?;
        let before = self
            .engine
            .compare_and_swap(&Some(stale.clone()), Some(fresh.clone()));
        match (*before).as_ref() {
            Some(found) if Arc::ptr_eq(found, stale) => {
                if stale.fork_epoch != fork::epoch() {
                    std::mem::forget(stale.clone());
                }
                Ok(fresh)
            }
            // Another thread was faster, or closed it.
            Some(found) => Ok(found.clone()),
            None => Err(Error::new(Code::HandleClosed, "the database is closed")),
        }
    }

    /// The latest commit of any process.
    pub fn latest(&self) -> Result<Arc<State>> {
        Ok(self.current()?.1)
    }

    fn current(&self) -> Result<(Arc<Engine>, Arc<State>)> {
        loop {
            let engine = self.engine()?;
            match engine.latest()? {
                Some(state) => return Ok((engine, state)),
                None => self.reopen(&engine)?,
            };
        }
    }

    /// The state of a named snapshot.
    pub fn at_snapshot(&self, name: &str) -> Result<Arc<State>> {
        let (engine, latest) = self.current()?;
        Ok(Arc::new(engine.at_snapshot(&latest, name)?))
    }

    /// The state after a commit that is still retained.
    pub fn at_commit(&self, commit: u64) -> Result<Arc<State>> {
        let (engine, latest) = self.current()?;
        Ok(Arc::new(engine.at_commit(&latest, commit)?))
    }

    /// The state at a moment that is still retained.
    pub fn at_time(&self, time_us: i64) -> Result<Arc<State>> {
        let (engine, latest) = self.current()?;
        Ok(Arc::new(engine.at_time(&latest, time_us)?))
    }

    /// Takes the write lock of the file as it is now.
    fn lock(&self) -> Result<WriteGuard> {
        loop {
            let engine = self.engine()?;
            match engine.lock(self.options.lock_timeout)? {
                Some(guard) => return Ok(guard),
                None => self.reopen(&engine)?,
            };
        }
    }

    /// Starts a transaction.
    pub fn begin(&self) -> Result<Transaction> {
        Ok(Transaction::new(self.lock()?, self.options.relaxed))
    }

    /// Keeps the latest commit under a name.
    pub fn create_snapshot(&self, name: &str) -> Result<SnapshotMeta> {
        checks::name(
            "snapshot name",
            name,
            crate::format::limits::MAX_SNAPSHOT_NAME_BYTES,
        )?;
        let guard = self.lock()?;
        let state = guard.engine.seen();
        if state.snapshots.iter().any(|s| s.name == name) {
            let message = format!("a snapshot {name:?} exists already");
            return Err(Error::new(Code::SnapshotExists, message)
                .hint("delete it first, or take another name"));
        }
        let state = guard.checkpoint((*state).clone(), Some(name))?;
        let made = state.snapshots.iter().find(|s| s.name == name).cloned();
        made.ok_or_else(|| Error::internal("a snapshot vanished"))
    }

    /// Makes the state of a snapshot the latest commit again.
    pub fn restore_snapshot(&self, name: &str) -> Result<SnapshotMeta> {
        let guard = self.lock()?;
        let engine = guard.engine.clone();
        let latest = engine.seen();
        let then = engine.at_snapshot(&latest, name)?;
        let meta = latest.snapshots.iter().find(|s| s.name == name).cloned();
        let state = State {
            commit: latest.commit + 1,
            time_us: crate::store::locks::now_us().max(latest.time_us),
            ..then
        };
        guard.checkpoint(state, None)?;
        meta.ok_or_else(|| Error::internal("a snapshot vanished"))
    }

    /// Removes a snapshot, and tells whether there was one.
    pub fn delete_snapshot(&self, name: &str) -> Result<bool> {
        let guard = self.lock()?;
        let mut state = (*guard.engine.seen()).clone();
        let rest: Vec<SnapshotMeta> = state
            .snapshots
            .iter()
            .filter(|s| s.name != name)
            .cloned()
            .collect();
        if rest.len() == state.snapshots.len() {
            return Ok(false);
        }
        state.snapshots = Arc::new(rest);
        guard.checkpoint(state, None)?;
        Ok(true)
    }

    /// Named snapshots, by name.
    pub fn list_snapshots(&self) -> Result<Vec<SnapshotMeta>> {
        Ok((*self.latest()?.snapshots).clone())
    }

    /// Figures of the latest commit.
    pub fn stats(&self) -> Result<Stats> {
        let (engine, state) = self.current()?;
        engine.stats(&state)
    }

    /// Looks for damage.
    pub fn verify(&self, deep: bool) -> Result<VerifyReport> {
        let (engine, state) = self.current()?;
        engine.verify(&state, deep)
    }

    /// Rewrites the file without dead bytes and swaps it in. Other handles follow at their next
    /// call; states that were handed out stay readable.
    pub fn optimize(&self) -> Result<RewriteReport> {
        self.replace(false)
    }

    /// As [`Database::optimize`], every segment built anew from its records.
    pub fn rebuild(&self) -> Result<RewriteReport> {
        self.replace(true)
    }

    fn replace(&self, rebuild: bool) -> Result<RewriteReport> {
        let guard = self.lock()?;
        let stale = guard.engine.clone();
        let report = guard.replace_file(&stale.seen(), rebuild)?;
        drop(guard);
        self.reopen(&stale)?;
        Ok(report)
    }

    /// Makes a checkpoint now.
    pub fn checkpoint(&self) -> Result<()> {
        let guard = self.lock()?;
        let state = guard.engine.seen();
        guard.checkpoint((*state).clone(), None).map(|_| ())
    }

    /// Writes a copy of the latest commit to `path`, which must not exist, and returns its number.
    pub fn backup(&self, path: &Path) -> Result<(RewriteReport, u64)> {
        let (engine, state) = self.current()?;
        Ok((engine.backup(&state, &FilePlace::new(path))?, state.commit))
    }

    /// Who holds the write lock: another process, this handle itself, or None.
    pub fn lock_owner(&self) -> Result<Option<Owner>> {
        self.engine()?.lock_owner()
    }

    /// Gives up, until the next call, the pin on the space of the latest commit; false, with nothing
    /// given up, while another call is at work. A handle unused for a second does this by itself.
    pub fn rest(&self) -> Result<bool> {
        Ok(self.engine()?.rest())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A failure here has nobody to hear it; `close` is the call that reports.
        let _ = self.close();
    }
}

fn create(place: &dyn Place) -> Result<()> {
    let seed = Seed {
        file_id: new_file_id(),
        generation: 1,
        first_frame: 1,
        next_segment: 1,
        rebuild: false,
    };
    let empty = empty_state();
    let nothing = MemoryStorage::default();
    place
        .create(&mut |target: &dyn Storage| write_file(target, &empty, &nothing, &seed).map(|_| ()))
}

/// A database without collections.
pub(super) fn empty_state() -> State {
    State {
        commit: 0,
        time_us: crate::store::locks::now_us(),
        collections: imbl::OrdMap::<Arc<str>, Arc<Collection>>::new(),
        snapshots: Arc::default(),
        next_collection: 1,
        generation: 1,
        pin: None,
    }
}
