//! Earlier commits: named snapshots, and what the log still holds.
//!
//! Retained are the commits since the last checkpoint and those that a snapshot names. Everything
//! else is gone, and asking for it says so: keeping more would keep deleted bytes.

use super::engine::Engine;
use super::head::{Head, replay};
use crate::error::{Code, Error, Result};
use crate::format::frame::Kind;
use crate::segment::{EdgeSegment, ListSegment, Segment};
use crate::state::{Collection, State};
use crate::store::log::{self, Frame, Tail};
use std::sync::Arc;

impl Engine {
    /// The state that a named snapshot shows.
    pub(super) fn at_snapshot(&self, latest: &State, name: &str) -> Result<State> {
        let Some(meta) = latest.snapshots.iter().find(|s| s.name == name) else {
            let known: Vec<&str> = latest.snapshots.iter().map(|s| s.name.as_str()).collect();
            let error = Error::new(Code::SnapshotNotFound, format!("no snapshot {name:?}"));
            return Err(match known.is_empty() {
                true => error.hint("the database has no snapshots"),
                false => error.hint(format!("there are: {}", known.join(", "))),
            });
        };
        let mut collections = imbl::OrdMap::new();
        for meta in &meta.collections {
            let open = |at: &_| Ok(Arc::new(Segment::open(&*self.storage, at)?));
            let open_edges = |at: &_| Ok(Arc::new(EdgeSegment::open(&*self.storage, at)?));
            let open_lists = |at: &_| Ok(Arc::new(ListSegment::open(&*self.storage, at)?));
            let collection = Collection::from_meta(meta, open, open_edges, open_lists)?;
            collections.insert(collection.name.clone(), Arc::new(collection));
        }
        Ok(State {
            commit: meta.commit,
            time_us: meta.time_us,
            collections,
            ..latest.clone()
        })
    }

    /// The state after commit `commit`.
    pub(super) fn at_commit(&self, latest: &State, commit: u64) -> Result<State> {
        if let Some(s) = latest.snapshots.iter().find(|s| s.commit == commit) {
            return self.at_snapshot(latest, &s.name);
        }
        let found = self.rewind(latest, |state_commit, _| state_commit <= commit)?;
        match found {
            Some(state) if state.commit == commit => Ok(state),
            _ => Err(self.not_retained(latest, &format!("commit {commit}"))),
        }
    }

    /// The state at a moment: that of the last commit not after it.
    pub(super) fn at_time(&self, latest: &State, time_us: i64) -> Result<State> {
        if let Some(state) = self.rewind(latest, |_, at| at <= time_us)? {
            return Ok(state);
        }
        // Before the checkpoint only a snapshot can tell, and only if nothing was committed between
        // it and the moment asked for, which nobody knows any more unless they are the same moment.
        match latest.snapshots.iter().find(|s| s.time_us == time_us) {
            Some(s) => self.at_snapshot(latest, &s.name),
            None => Err(self.not_retained(latest, "the state at that time")),
        }
    }

    /// Replays the log from the checkpoint while `wanted(commit, time)` holds. The pin of `latest`
    /// keeps what is read in place.
    fn rewind(&self, latest: &State, wanted: impl Fn(u64, i64) -> bool) -> Result<Option<State>> {
        let (base, start, end) = {
            let head = self.head.lock();
            (head.base.clone(), log_start(&head), head.tail)
        };
        if !wanted(base.commit, base.time_us) {
            return Ok(None);
        }
        let mut state = State {
            pin: latest.pin.clone(),
            ..base
        };
        self.each_frame(start, end, |frame| {
            if frame.header.kind == Kind::Commit {
                if !wanted(frame.header.commit, frame.header.time_us) {
                    return Ok(false);
                }
                state = replay(&state, frame)?;
            }
            Ok(true)
        })?;
        Ok(Some(state))
    }

    /// Runs `f` on the frames between two tails until it returns false.
    pub(super) fn each_frame(
        &self,
        start: Tail,
        end: Tail,
        mut f: impl FnMut(&Frame) -> Result<bool>,
    ) -> Result<()> {
        let mut tail = start;
        while tail.next < end.next {
            let Some(frame) = log::read(&*self.storage, tail)? else {
                let message = format!("the log frame at byte {} is damaged", tail.at);
                return Err(
                    Error::new(Code::CorruptLog, message).hint("run `engram doctor` on the file")
                );
            };
            if !f(&frame)? {
                return Ok(());
            }
            tail = log::after(tail, &frame, self.storage.len()?)?;
        }
        Ok(())
    }

    fn not_retained(&self, latest: &State, what: &str) -> Error {
        let base = self.head.lock().base.commit;
        let snapshots: Vec<String> = latest
            .snapshots
            .iter()
            .map(|s| format!("{} ({:?})", s.commit, s.name))
            .collect();
        let kept = match snapshots.is_empty() {
            true => format!("commits {base} to {}", latest.commit),
            false => format!(
                "commits {base} to {}, and {}",
                latest.commit,
                snapshots.join(", ")
            ),
        };
        Error::new(
            Code::HistoryNotRetained,
            format!("{what} is not retained; retained are {kept}"),
        )
        .detail("first", base)
        .detail("last", latest.commit)
        .hint("create a snapshot to keep a commit for good")
    }
}

/// The tail of the log as the checkpoint left it.
pub(super) fn log_start(head: &Head) -> Tail {
    Tail::start(head.manifest.log, head.manifest.first_frame)
}
