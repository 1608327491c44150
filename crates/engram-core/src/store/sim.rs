//! A disk that can be stopped at any write or sync, and a place on it. For tests.
//!
//! Owns the crash model (F-100): after a power cut a file holds what was synced last, and of the
//! writes since any subset, any of them torn at a 512-byte sector; a swap of files is atomic and
//! durable at its own step. Every write, sync, cut and swap is one step; at the step it was told, the
//! disk stops and every later call fails.

use super::locks::{Locks, Owner};
use super::memory::{copy_region, read_slice, unique_id, write_vec};
use super::place::{Fill, Place};
use super::storage::{Region, Storage};
use crate::error::{Code, Error, Result};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What to do at the step that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes: nothing works from here on.
    Stop,
    /// This step fails, later ones work.
    Fail,
    /// This step finds the disk full, later ones work.
    Full,
}

/// The plan of one run, shared by all files of a disk.
pub struct Plan {
    state: Mutex<PlanState>,
}

struct PlanState {
    step: u64,
    fault: Option<(u64, Fault)>,
    stopped: bool,
    written_bytes: u64,
}

impl Plan {
    /// A disk that meets `fault` at the given step, the first being 0.
    #[must_use]
    pub fn new(fault: Option<(u64, Fault)>) -> Arc<Plan> {
        Arc::new(Plan {
            state: Mutex::new(PlanState {
                step: 0,
                fault,
                stopped: false,
                written_bytes: 0,
            }),
        })
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state.lock().step
    }

    /// Bytes written so far, to all files.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.state.lock().written_bytes
    }

    /// Whether the power is gone.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// Counts one step. An error where it fails; `Some(Stop)` at the step at which the power goes.
    fn step(&self) -> Result<Option<Fault>> {
        let mut s = self.state.lock();
        if s.stopped {
            return Err(off());
        }
        let now = s.step;
        s.step += 1;
        match s.fault {
            Some((at, Fault::Stop)) if at == now => {
                s.stopped = true;
                Ok(Some(Fault::Stop))
            }
            Some((at, Fault::Fail)) if at == now => {
                Err(Error::new(Code::IoFailed, "the simulated disk failed"))
            }
            Some((at, Fault::Full)) if at == now => {
                Err(Error::new(Code::IoFull, "the simulated disk is full"))
            }
            _ => Ok(None),
        }
    }
}

fn off() -> Error {
    Error::new(Code::IoFailed, "the simulated disk has no power")
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

struct Disk {
    durable: Vec<u8>,
    live: Vec<u8>,
    unsynced: Vec<Change>,
}

/// One file on the simulated disk.
pub struct SimStorage {
    disk: Mutex<Disk>,
    plan: Arc<Plan>,
    locks: SimLocks,
    id: u64,
}

/// Locks among the handles of one simulated file.
#[derive(Default)]
struct SimLocks {
    writing: AtomicBool,
    pins: Mutex<BTreeMap<u64, usize>>,
}

impl Locks for SimLocks {
    fn try_write(&self) -> Result<bool> {
        Ok(!self.writing.swap(true, Ordering::AcqRel))
    }
    fn release_write(&self) {
        self.writing.store(false, Ordering::Release);
    }
    fn owner(&self) -> Result<Option<Owner>> {
        Ok(None)
    }
    fn pin(&self, generation: u64) -> Result<()> {
        *self.pins.lock().entry(generation).or_insert(0) += 1;
        Ok(())
    }
    fn unpin(&self, generation: u64) {
        let mut pins = self.pins.lock();
        let left = pins.get_mut(&generation).map(|n| {
            *n -= 1;
            *n
        });
        if left == Some(0) {
            pins.remove(&generation);
        }
    }
    fn pinned(&self, range: Range<u64>) -> Result<bool> {
        Ok(self.pins.lock().range(range).next().is_some())
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => write_vec(bytes, *offset, data),
        Change::SetLen(len) => bytes.resize(*len as usize, 0),
    }
}

/// A small deterministic generator (xorshift64*), so that a failing point can be named.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % n.max(1)
    }
}

/// What survives of unsynced writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// None of them.
    Lost,
    /// All of them.
    Kept,
    /// All but the last, of which the first sectors.
    Torn,
    /// A random subset by sectors, from this seed.
    Reordered(u64),
}

impl SimStorage {
    fn new(plan: Arc<Plan>, bytes: Vec<u8>) -> SimStorage {
        let disk = Disk {
            durable: bytes.clone(),
            live: bytes,
            unsynced: Vec::new(),
        };
        SimStorage {
            disk: Mutex::new(disk),
            plan,
            locks: SimLocks::default(),
            id: unique_id(),
        }
    }

    /// The file as it is found after a power cut.
    #[must_use]
    pub fn after_crash(&self, survival: Survival) -> Vec<u8> {
        let disk = self.disk.lock();
        let mut out = disk.durable.clone();
        let last = disk.unsynced.len().saturating_sub(1);
        let mut dice = Dice(match survival {
            Survival::Reordered(seed) => seed | 1,
            _ => 1,
        });
        for (i, change) in disk.unsynced.iter().enumerate() {
            match (survival, change) {
                (Survival::Lost, _) => {}
                (Survival::Kept, _) => apply(&mut out, change),
                (Survival::Torn, Change::Write(offset, data)) if i == last => {
                    let keep = (data.len() / 2).next_multiple_of(SECTOR).min(data.len());
                    let sectors_end = keep - ((*offset as usize + keep) % SECTOR).min(keep);
                    write_vec(&mut out, *offset, &data[..sectors_end]);
                }
                (Survival::Torn, _) => apply(&mut out, change),
                (Survival::Reordered(_), Change::Write(offset, data)) => {
                    keep_some(&mut out, *offset, data, &mut dice);
                }
                (Survival::Reordered(_), Change::SetLen(_)) => {
                    if dice.roll(2) == 0 {
                        apply(&mut out, change);
                    }
                }
            }
        }
        out
    }
}

/// Writes each sector of a write or not, at random; sometimes all, sometimes none.
fn keep_some(out: &mut Vec<u8>, offset: u64, data: &[u8], dice: &mut Dice) {
    let style = dice.roll(4);
    let mut at = 0;
    while at < data.len() {
        let in_sector = (offset as usize + at) % SECTOR;
        let end = (at + SECTOR - in_sector).min(data.len());
        if style == 0 || (style > 1 && dice.roll(2) == 0) {
            write_vec(out, offset + at as u64, &data[at..end]);
        }
        at = end;
    }
}

impl Storage for SimStorage {
    fn len(&self) -> Result<u64> {
        Ok(self.disk.lock().live.len() as u64)
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        read_slice(&self.disk.lock().live, offset, buf)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let fault = self.plan.step()?;
        self.plan.state.lock().written_bytes += data.len() as u64;
        let change = Change::Write(offset, data.to_vec());
        let mut disk = self.disk.lock();
        apply(&mut disk.live, &change);
        disk.unsynced.push(change);
        fault.map_or(Ok(()), |_| Err(off()))
    }
    fn sync(&self) -> Result<()> {
        if self.plan.step()?.is_some() {
            return Err(off());
        }
        let disk = &mut *self.disk.lock();
        for change in disk.unsynced.drain(..) {
            apply(&mut disk.durable, &change);
        }
        Ok(())
    }
    fn set_len(&self, len: u64) -> Result<()> {
        let fault = self.plan.step()?;
        let mut disk = self.disk.lock();
        disk.live.resize(len as usize, 0);
        disk.unsynced.push(Change::SetLen(len));
        fault.map_or(Ok(()), |_| Err(off()))
    }
    fn map(&self, offset: u64, len: u64) -> Result<Region> {
        copy_region(self, offset, len)
    }
    fn identity(&self) -> Result<(u64, u64)> {
        Ok((0, self.id))
    }
    fn locks(&self) -> &dyn Locks {
        &self.locks
    }
}

/// A name on the simulated disk.
pub struct SimPlace {
    plan: Arc<Plan>,
    current: Mutex<Option<Arc<SimStorage>>>,
}

impl SimPlace {
    /// An empty name, or one that holds `bytes`.
    #[must_use]
    pub fn new(plan: Arc<Plan>, bytes: Option<Vec<u8>>) -> Arc<SimPlace> {
        let storage = bytes.map(|b| Arc::new(SimStorage::new(plan.clone(), b)));
        Arc::new(SimPlace {
            plan,
            current: Mutex::new(storage),
        })
    }

    /// What is found under the name after a power cut; None where nothing is.
    #[must_use]
    pub fn after_crash(&self, survival: Survival) -> Option<Vec<u8>> {
        self.current
            .lock()
            .as_ref()
            .map(|s| s.after_crash(survival))
    }

    /// Every byte under the name now.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.current
            .lock()
            .as_ref()
            .map_or_else(Vec::new, |s| s.disk.lock().live.clone())
    }
}

impl Place for SimPlace {
    fn path(&self) -> Option<&Path> {
        None
    }
    fn exists(&self) -> Result<bool> {
        Ok(self.current.lock().is_some())
    }
    fn open(&self, _read_only: bool) -> Result<Arc<dyn Storage>> {
        match &*self.current.lock() {
            Some(storage) => Ok(storage.clone()),
            None => Err(Error::new(Code::FileNotFound, "nothing is there")),
        }
    }
    fn create(&self, fill: Fill<'_>) -> Result<()> {
        self.replace(fill, &mut || Ok(()))
    }
    fn replace(&self, fill: Fill<'_>, before_swap: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let fresh = Arc::new(SimStorage::new(self.plan.clone(), Vec::new()));
        fill(&*fresh)?;
        before_swap()?;
        // Stopped at the swap, either file may be the one that is found; it takes place here, since
        // the step before covers the other case.
        let fault = self.plan.step()?;
        *self.current.lock() = Some(fresh);
        fault.map_or(Ok(()), |_| Err(off()))
    }
    fn identity(&self) -> Result<(u64, u64)> {
        self.open(false)?.identity()
    }
}
