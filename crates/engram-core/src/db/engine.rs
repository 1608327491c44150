//! Follows the file of one storage: opens it, catches up with other writers, hands out states.
//!
//! Hot path: [`Engine::latest`] costs one atomic load of the publish word at the tail of the log
//! while nothing is new. Locks, in order of taking: write gate, file write lock, `head`. Readers
//! take `head` only to catch up, and the writer never holds it while it syncs or waits.

use super::checkpoint::superblock;
use crate::error::{Code, Error, Result};
use crate::format::frame::{self, CheckpointBody, Kind, Publish, publish_word};
use crate::format::manifest::Manifest;
use crate::format::ops::decode_all;
use crate::format::superblock::Superblock;
use crate::format::{Extent, FORMAT_MINOR, PAGE_BYTES};
use crate::segment::Segment;
use crate::state::{Collection, Pins, State};
use crate::store::log::{self, Frame, Tail};
use crate::store::space::Space;
use crate::store::{ManifestAt, Place, Region, Storage, fork, read_manifest, read_superblock};
use arc_swap::ArcSwap;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Lets one writer of this process in at a time; its guard may move between threads.
#[derive(Default)]
pub(super) struct Gate {
    busy: Mutex<bool>,
    free: Condvar,
}

/// Permission to write, given back when dropped.
pub(super) struct GateGuard(Arc<Gate>);

impl Gate {
    /// Waits until `deadline`.
    pub(super) fn enter(self: &Arc<Self>, deadline: Instant) -> Option<GateGuard> {
        let mut busy = self.busy.lock();
        while *busy {
            if self.free.wait_until(&mut busy, deadline).timed_out() && *busy {
                return None;
            }
        }
        *busy = true;
        Some(GateGuard(self.clone()))
    }
}

impl Drop for GateGuard {
    fn drop(&mut self) {
        *self.0.busy.lock() = false;
        self.0.free.notify_one();
    }
}

/// The word that tells whether anything is new.
struct Watch {
    region: Option<Region>,
    offset: usize,
    words: [u64; 2],
}

impl Watch {
    fn news(&self) -> bool {
        let word = self.region.as_ref().and_then(|r| r.load_word(self.offset));
        word.is_some_and(|w| self.words.contains(&w))
    }
}

/// Where this handle stands in the file.
pub(super) struct Head {
    pub(super) tail: Tail,
    pub(super) space: Space,
    pub(super) manifest: Arc<Manifest>,
    pub(super) manifest_at: ManifestAt,
    pub(super) log: Vec<Extent>,
    pub(super) log_bytes: u64,
    /// The state of the manifest, before the log.
    pub(super) base: Arc<State>,
    watched: Option<(Extent, Region)>,
}

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
    moved: AtomicBool,
    name_is_durable: AtomicBool,
    pub(super) poisoned: Mutex<Option<String>>,
    pub(super) relaxed: Mutex<Relaxed>,
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
        let (block, pin) = loop {
            let block = read_superblock(&*storage)?;
            let pin = pins.pin(block.generation)?;
            // Between reading and pinning, the generation may have passed and its space been used.
            if read_superblock(&*storage)?.generation == block.generation {
                break (block, pin);
            }
        };
        let at = ManifestAt {
            extent: block.manifest,
            len: block.manifest_len,
            crc: block.manifest_crc,
        };
        let manifest = Arc::new(read_manifest(&*storage, at)?);
        let state = build_state(&*storage, &manifest, None)?;
        let state = Arc::new(State {
            pin: Some(pin),
            ..state
        });
        let head = Head::new(manifest, at, state.clone());
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
        });
        engine.recover()?;
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
        for generation in [now.saturating_sub(1), now] {
            let block = superblock(self.file_id, generation, head.manifest_at);
            let mut page = vec![0; PAGE_BYTES as usize];
            self.storage.read_at(block.slot_offset(), &mut page)?;
            let good = Superblock::decode(&page)
                .is_ok_and(|found| generation != now || found.generation == now);
            if !good {
                self.storage
                    .write_at(block.slot_offset(), &block.encode())?;
                self.storage.sync()?;
            }
        }
        Ok(())
    }

    /// The latest published state; None where the file was replaced at its place.
    pub(super) fn latest(&self) -> Result<Option<Arc<State>>> {
        if self.moved.load(Ordering::Acquire) {
            return Ok(None);
        }
        if self.watch.load().news() {
            let mut head = self.head.lock();
            if self.catch_up(&mut head, Role::Reader)? == Caught::Moved {
                return Ok(None);
            }
        }
        Ok(Some(self.latest.load_full()))
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
        // The old generation is still pinned by the latest state, so the new one cannot vanish.
        let pin = self.pins.pin(body.generation)?;
        let manifest = Arc::new(read_manifest(&*self.storage, at)?);
        let state = build_state(&*self.storage, &manifest, Some(&self.seen()))?;
        let state = Arc::new(State {
            pin: Some(pin),
            ..state
        });
        *head = Head::new(manifest, at, state.clone());
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

    /// Takes the write lock and catches up; None where the file was replaced.
    pub(super) fn lock(self: &Arc<Self>, timeout: Duration) -> Result<Option<WriteGuard>> {
        self.check_writable()?;
        let start = Instant::now();
        let locks = self.storage.locks();
        let Some(gate) = self.gate.enter(start + timeout) else {
            return Err(crate::store::locks::busy(locks, timeout));
        };
        crate::store::locks::wait_for_write(locks, start, timeout)?;
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
        let caught = self.catch_up(&mut head, Role::Writer)?;
        drop(head);
        Ok((caught == Caught::Up).then_some(guard))
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
        }
    }
}

impl Head {
    pub(super) fn new(manifest: Arc<Manifest>, manifest_at: ManifestAt, base: Arc<State>) -> Head {
        Head {
            tail: Tail::start(manifest.log, manifest.first_frame),
            space: Space::new(&manifest.free, &manifest.pending, manifest.end),
            log: vec![manifest.log],
            log_bytes: 0,
            manifest,
            manifest_at,
            base,
            watched: None,
        }
    }

    /// Steps over a frame.
    fn pass(&mut self, frame: &Frame, storage: &dyn Storage) -> Result<()> {
        self.advance(log::after(self.tail, frame, storage.len()?)?);
        Ok(())
    }

    /// Moves to a later tail of the same log.
    pub(super) fn advance(&mut self, tail: Tail) {
        if tail.extent != self.tail.extent {
            self.space.take(tail.extent);
            self.log.push(tail.extent);
        }
        self.tail = tail;
    }
}

/// The state after a commit frame.
pub(super) fn replay(before: &State, frame: &Frame) -> Result<State> {
    let ops = decode_all(&frame.body)
        .map_err(|why| why.into_error(Code::CorruptLog, "a log frame", frame.offset))?;
    let mut state = before.clone();
    for op in ops {
        state.apply(op).map_err(|e| match e.is_corruption() {
            true => e,
            // What a caller may be blamed for was refused before it came into the log.
            false => Error::new(Code::CorruptLog, format!("a log frame is wrong: {e}"))
                .detail("offset", frame.offset),
        })?;
    }
    state.commit = frame.header.commit;
    state.time_us = frame.header.time_us;
    Ok(state)
}

/// The state of a manifest; segments that `known` has open are taken from there.
pub(super) fn build_state(
    storage: &dyn Storage,
    manifest: &Manifest,
    known: Option<&State>,
) -> Result<State> {
    let views = known
        .iter()
        .flat_map(|s| s.collections.values())
        .flat_map(|c| &c.segments);
    let open: HashMap<u64, Arc<Segment>> = views.map(|v| (v.at.id, v.segment.clone())).collect();
    let mut collections = imbl::OrdMap::new();
    for meta in &manifest.collections {
        let collection = Collection::from_meta(meta, |at| match open.get(&at.id) {
            Some(segment) => Ok(segment.clone()),
            None => Ok(Arc::new(Segment::open(storage, at)?)),
        })?;
        collections.insert(collection.name.clone(), Arc::new(collection));
    }
    Ok(State {
        commit: manifest.commit,
        time_us: manifest.time_us,
        collections,
        snapshots: Arc::new(manifest.snapshots.clone()),
        next_collection: manifest.next_collection,
        generation: manifest.generation,
        pin: None,
    })
}

/// Length of a fresh log extent for a database of `live_bytes`.
pub(super) fn log_extent_len(live_bytes: u64) -> u64 {
    crate::format::page_ceil((live_bytes / 64).clamp(16 << 10, 1 << 20))
}

/// Log bytes that call for a checkpoint.
pub(super) fn checkpoint_at(live_bytes: u64) -> u64 {
    (live_bytes / 32).clamp(256 << 10, 8 << 20)
}

/// Bytes of a frame that holds `body_len` bytes of operations.
pub(super) fn commit_frame_len(body_len: usize) -> u64 {
    frame::frame_len(body_len)
}
