//! Follows the file of one storage: opens it, catches up with other writers, hands out states.
//!
//! Hot path: [`Engine::latest`] costs one atomic load of the publish word at the tail of the log
//! while nothing is new. Locks, in order of taking: write gate, file write lock, `head`. Readers
//! take `head` only to catch up, and the writer never holds it while it syncs or waits.

use super::gate::Gate;
use super::head::{Head, Watch, build_state, replay, superblock};
use super::idle;
use crate::error::{Code, Error, Result};
use crate::format::frame::{CheckpointBody, Kind, Publish, publish_word};
use crate::format::superblock::Superblock;
use crate::format::{FORMAT_MINOR, PAGE_BYTES};
use crate::state::{Pins, State};
use crate::store::log::{self, Frame};
use crate::store::{ManifestAt, Place, Region, Storage, fork, read_manifest, read_superblock};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Who catches up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Takes published frames only.
    Reader,
    /// Holds the write lock: adopts what a dead writer left behind.
    Writer,
    /// Reads a file that nobody writes: takes what a dead writer left behind, without a trace.
    Onlooker,
}

/// What catching up found at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caught {
    /// The end of the log.
    Up,
    /// The file was replaced by another one at its place.
    Moved,
}

/// One open storage.
pub(super) struct Engine {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) place: Arc<dyn Place>,
    pub(super) file_id: [u8; 16],
    pub(super) read_only: bool,
    pub(super) newer_minor: bool,
    pub(super) fork_epoch: u64,
    pub(super) pins: Arc<Pins>,
    pub(super) gate: Arc<Gate>,
    pub(super) head: Mutex<Head>,
    latest: ArcSwap<State>,
    watch: ArcSwap<Watch>,
    pub(super) moved: AtomicBool,
    pub(super) name_is_durable: AtomicBool,
    pub(super) poisoned: Mutex<Option<String>>,
    pub(super) relaxed: Mutex<Relaxed>,
    /// Set by every call, cleared by `idle`.
    pub(super) used: AtomicBool,
}

/// What a relaxed writer has not synced.
#[derive(Default)]
pub(super) struct Relaxed {
    pub(super) bytes: u64,
    pub(super) since: Option<Instant>,
}

impl Engine {
    /// Opens what is at `place`.
    pub(super) fn open(place: Arc<dyn Place>, read_only: bool) -> Result<Arc<Engine>> {
        let storage = place.open(read_only)?;
        let pins = Pins::new(storage.clone());
        let (block, head, state) = load(&*storage, &pins, None)?;
        let newer_minor = block.version.1 > FORMAT_MINOR;
        let engine = Arc::new(Engine {
            watch: ArcSwap::from_pointee(Watch {
                region: None,
                offset: 0,
                words: [0; 2],
            }),
            storage,
            place,
            file_id: block.file_id,
            read_only: read_only || newer_minor,
            newer_minor,
            fork_epoch: fork::epoch(),
            pins,
            gate: Arc::default(),
            head: Mutex::new(head),
            latest: ArcSwap::new(state),
            moved: AtomicBool::new(false),
            name_is_durable: AtomicBool::new(false),
            poisoned: Mutex::new(None),
            relaxed: Mutex::default(),
            used: AtomicBool::new(true),
        });
        engine.recover()?;
        idle::watch(&engine);
        Ok(engine)
    }

    /// Reads the log of a file that was just opened.
    fn recover(&self) -> Result<()> {
        let mut head = self.head.lock();
        let locks = self.storage.locks();
        if self.read_only {
            let role = match locks.owner()? {
                None => Role::Onlooker,
                Some(_) => Role::Reader,
            };
            self.recover_as(&mut head, role)
        } else if locks.try_write()? {
            let done = self.recover_as(&mut head, Role::Writer);
            locks.release_write();
            done
        } else {
            self.recover_as(&mut head, Role::Reader)
        }
    }

    fn recover_as(&self, head: &mut Head, role: Role) -> Result<()> {
        let mut caught = self.catch_up(head, role)?;
        // A writer may have gone on meanwhile: only an end that stays the end counts.
        loop {
            let tail = head.tail;
            match log::check_end(&*self.storage, tail) {
                Ok(()) => break,
                Err(e) => {
                    caught = self.catch_up(head, role)?;
                    if head.tail == tail {
                        return Err(e);
                    }
                }
            }
        }
        if role == Role::Writer && caught == Caught::Up {
            // Every extent below the end was written before the manifest that counts it.
            let (end, len) = (head.manifest.end, self.storage.len()?);
            if end > len {
                let message = format!("the file was cut off at byte {len}, it should reach {end}");
                return Err(Error::new(Code::CorruptTruncated, message)
                    .hint("restore it from a backup, or run `engram doctor`"));
            }
            log::clear_end(&*self.storage, head.tail)?;
            self.mend_superblocks(head)?;
        }
        Ok(())
    }

    /// Writes superblocks anew that a power cut tore or left behind (F-013). Without that, the next
    /// checkpoint might overwrite the only good one.
    pub(super) fn mend_superblocks(&self, head: &Head) -> Result<()> {
        let now = head.manifest.generation;
        // The current one first: until it is good, the other may be the only one that is.
        for generation in [now, now.saturating_sub(1)] {
            let block = superblock(self.file_id, generation, head.manifest_at);
            let mut page = vec![0; PAGE_BYTES as usize];
            self.storage.read_at(block.slot_offset(), &mut page)?;
            if Superblock::decode(&page) != Ok(block) {
                self.storage
                    .write_at(block.slot_offset(), &block.encode())?;
                self.storage.sync()?;
            }
        }
        Ok(())
    }

    /// The latest published state, pinned; None where the file was replaced at its place.
    pub(super) fn latest(self: &Arc<Self>) -> Result<Option<Arc<State>>> {
        self.used.store(true, Ordering::Relaxed);
        loop {
            if self.moved.load(Ordering::Acquire) {
                return Ok(None);
            }
            let mut state = self.latest.load_full();
            if state.pin.is_none() {
                let mut head = self.head.lock();
                self.wake(&mut head)?;
                self.catch_up(&mut head, Role::Reader)?;
                idle::watch(self);
                continue;
            }
            if self.watch.load().news() {
                // Once: the news may be a move that never took place, which stays news until a
                // writer comes.
                if self.catch_up(&mut self.head.lock(), Role::Reader)? == Caught::Moved {
                    return Ok(None);
                }
                state = self.latest.load_full();
            }
            if state.pin.is_some() {
                return Ok(Some(state));
            }
        }
    }

    /// Gives up the pin that keeps the latest state's space from being used again. States that were
    /// handed out keep theirs. False where somebody is at work in this engine just now.
    pub(super) fn rest(&self) -> bool {
        let Some(_head) = self.head.try_lock() else {
            return false;
        };
        let state = self.latest.load_full();
        self.latest.store(Arc::new(State {
            pin: None,
            ..(*state).clone()
        }));
        true
    }

    /// Pins the latest state again after a rest, or reads the newest one where its space may have
    /// been used meanwhile. The log of a state without a pin must not be looked at before.
    pub(super) fn wake(&self, head: &mut Head) -> Result<()> {
        let state = self.latest.load_full();
        if state.pin.is_some() {
            return Ok(());
        }
        let pin = Some(self.pins.pin(state.generation)?);
        // As at opening: whoever used its space again published a later generation first.
        if read_superblock(&*self.storage)?.generation <= state.generation {
            self.latest.store(Arc::new(State {
                pin,
                ..(*state).clone()
            }));
            return Ok(());
        }
        let (_, fresh, state) = load(&*self.storage, &self.pins, Some(&state))?;
        *head = fresh;
        self.latest.store(state);
        Ok(())
    }

    /// The latest state this handle has seen.
    pub(super) fn seen(&self) -> Arc<State> {
        self.latest.load_full()
    }

    /// Reads every new frame.
    pub(super) fn catch_up(&self, head: &mut Head, role: Role) -> Result<Caught> {
        let storage = &*self.storage;
        while let Some(frame) = log::read(storage, head.tail)? {
            if frame.published.is_none() {
                match role {
                    Role::Reader => break,
                    Role::Writer => log::adopt(storage, head.tail, &frame)?,
                    Role::Onlooker => {}
                }
            }
            match frame.header.kind {
                Kind::Commit => {
                    let state = Arc::new(replay(&self.latest.load_full(), &frame)?);
                    head.pass(&frame, storage)?;
                    head.log_bytes += frame.header.frame_len();
                    self.latest.store(state);
                }
                Kind::Link => head.pass(&frame, storage)?,
                Kind::Checkpoint => self.hop(head, &frame)?,
                Kind::Moved => {
                    if self.place.identity()? != storage.identity()? {
                        self.moved.store(true, Ordering::Release);
                        return Ok(Caught::Moved);
                    }
                    // Not (yet) moved. The holder of the write lock knows that it never will be;
                    // anybody else does once a frame follows.
                    let next = log::after(head.tail, &frame, storage.len()?)?;
                    let followed = log::read(storage, next)?.is_some_and(|f| f.published.is_some());
                    if role == Role::Reader && !followed {
                        break;
                    }
                    head.pass(&frame, storage)?;
                }
            }
        }
        self.rewatch(head)?;
        Ok(Caught::Up)
    }

    /// Goes over to the manifest that a checkpoint frame names.
    fn hop(&self, head: &mut Head, frame: &Frame) -> Result<()> {
        let body = CheckpointBody::decode(&frame.body)
            .map_err(|why| why.into_error(Code::CorruptLog, "a checkpoint frame", frame.offset))?;
        let at = ManifestAt {
            extent: body.manifest,
            len: body.manifest_len,
            crc: body.manifest_crc,
        };
        let pin = self.pins.pin(body.generation)?;
        let seen = self.seen();
        if read_superblock(&*self.storage)?.generation > body.generation {
            // More checkpoints followed, and the space of this one may be in use again.
            let (_, fresh, state) = load(&*self.storage, &self.pins, Some(&seen))?;
            *head = fresh;
            self.latest.store(state);
            return Ok(());
        }
        let manifest = Arc::new(read_manifest(&*self.storage, at)?);
        let state = build_state(&*self.storage, &manifest, Some(&seen))?;
        *head = Head::new(manifest, at, &state);
        let state = Arc::new(State {
            pin: Some(pin),
            ..state
        });
        self.latest.store(state);
        Ok(())
    }

    /// Makes `state` the latest after this handle published it.
    pub(super) fn publish_state(&self, head: &mut Head, state: Arc<State>) -> Result<()> {
        self.latest.store(state);
        self.rewatch(head)
    }

    /// Watches the word of the next frame.
    pub(super) fn rewatch(&self, head: &mut Head) -> Result<()> {
        let extent = head.tail.extent;
        let region = match &head.watched {
            Some((watched, region)) if *watched == extent => region.clone(),
            _ => self.storage.map(extent.offset, extent.len)?,
        };
        head.watched = Some((extent, region.clone()));
        let next = head.tail.next;
        self.watch.store(Arc::new(Watch {
            region: matches!(region, Region::Mapped(_)).then_some(region),
            offset: (head.tail.at - extent.offset) as usize,
            words: [
                publish_word(next, Publish::Full),
                publish_word(next, Publish::Relaxed),
            ],
        }));
        Ok(())
    }

    /// Refuses where this handle may not write any more.
    pub(super) fn check_writable(&self) -> Result<()> {
        if self.newer_minor {
            let message = "the file was written by a newer minor version of the format";
            return Err(Error::new(Code::FileReadOnly, message)
                .hint("it can be read; install a newer engram to write it"));
        }
        if self.read_only {
            return Err(
                Error::new(Code::FileReadOnly, "the database was opened read-only")
                    .hint("open it with read_only=False"),
            );
        }
        match &*self.poisoned.lock() {
            Some(why) => {
                let message = format!("an earlier write failed, so this handle only reads: {why}");
                Err(Error::new(Code::IoPoisoned, message)
                    .hint("mend the cause (free some space, say), then close and open again"))
            }
            None => Ok(()),
        }
    }

    /// Refuses every further write after a failed one.
    pub(super) fn poison(&self, why: &Error) {
        *self.poisoned.lock() = Some(why.to_string());
    }
}

/// Reads the newest manifest, pins its generation and makes its state.
fn load(
    storage: &dyn Storage,
    pins: &Arc<Pins>,
    known: Option<&State>,
) -> Result<(Superblock, Head, Arc<State>)> {
    let (block, pin) = loop {
        let block = read_superblock(storage)?;
        let pin = pins.pin(block.generation)?;
        // Between reading and pinning, the generation may have passed and its space been used.
        if read_superblock(storage)?.generation == block.generation {
            break (block, pin);
        }
    };
    let (extent, len, crc) = (block.manifest, block.manifest_len, block.manifest_crc);
    let at = ManifestAt { extent, len, crc };
    let manifest = Arc::new(read_manifest(storage, at)?);
    let state = build_state(storage, &manifest, known)?;
    let head = Head::new(manifest, at, &state);
    Ok((
        block,
        head,
        Arc::new(State {
            pin: Some(pin),
            ..state
        }),
    ))
}
