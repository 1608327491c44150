//! The log: append a frame, read the next one, tell a torn end from damage (F-030 to F-039).
//!
//! Invariant: a frame is published only when it is durable, so whatever another handle sees was
//! acknowledged, or will be. At most one frame of a fully durable log is unsynced at any time; a
//! frame that cannot be read is therefore the torn end of the log, unless its publish word or a
//! published frame behind it says that it was durable once: then it is damage.

use super::space::Space;
use super::storage::Storage;
use crate::error::{Code, Error, Result};
use crate::format::frame::{self, HEADER_BYTES, Header, Kind, Publish};
use crate::format::{Extent, Malformed, page_ceil};

/// Where the next frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The extent that takes it.
    pub extent: Extent,
    /// Its offset in the file.
    pub at: u64,
    /// Its number.
    pub next: u64,
}

impl Tail {
    /// The tail of a log that starts with frame `number` in `extent`.
    #[must_use]
    pub fn start(extent: Extent, number: u64) -> Tail {
        Tail {
            extent,
            at: extent.offset,
            next: number,
        }
    }

    /// Steps over a frame of `len` bytes.
    fn step(&mut self, len: u64) {
        self.at += len;
        self.next += 1;
    }
}

/// A frame read back.
#[derive(Debug)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Vec<u8>,
    /// Where it starts.
    pub offset: u64,
    /// Whether and how it was published.
    pub published: Option<Publish>,
}

/// A new frame to be appended.
pub struct NewFrame<'a> {
    /// What it does.
    pub kind: Kind,
    /// Commit number after it.
    pub commit: u64,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// Its body.
    pub body: &'a [u8],
}

/// Frames that were written and wait to be published.
#[derive(Debug)]
pub struct Written {
    /// The tail behind them.
    pub tail: Tail,
    /// Offset and number of each, in the order of publication.
    frames: Vec<(u64, u64)>,
}

fn damaged(offset: u64, why: &str) -> Error {
    Error::new(
        Code::CorruptLog,
        format!("the log frame at byte {offset} is damaged: {why}"),
    )
    .detail("offset", offset)
    .hint("run `engram doctor` on the file; it lists what it must drop")
}

/// Writes zeros over a fresh log extent from `from` on: appending to written blocks needs no
/// change of the file's metadata, so that a sync costs one write.
fn write_fresh(storage: &dyn Storage, extent: Extent, head: &[u8]) -> Result<()> {
    let mut bytes = Vec::with_capacity(extent.len as usize);
    bytes.extend_from_slice(head);
    bytes.resize(extent.len as usize, 0);
    storage.write_at(extent.offset, &bytes)
}

/// Makes an empty log in `extent`.
pub fn format_extent(storage: &dyn Storage, extent: Extent) -> Result<()> {
    write_fresh(storage, extent, &[])
}

/// Writes a frame, and a link to a new extent where the present one is full. Nothing is synced.
///
/// `extent_len` is the least length of a new extent.
pub fn write(
    storage: &dyn Storage,
    tail: Tail,
    space: &mut Space,
    extent_len: u64,
    new: &NewFrame<'_>,
) -> Result<Written> {
    let encode = |number| frame::encode(new.kind, number, new.commit, new.time_us, new.body);
    let need = frame::frame_len(new.body.len());
    let mut next = tail;
    let reserve = frame::reserve_after(new.kind);
    if tail.at + need + reserve <= tail.extent.end() {
        storage.write_at(tail.at, &encode(tail.next))?;
        next.step(need);
        return Ok(Written {
            tail: next,
            frames: vec![(tail.at, tail.next)],
        });
    }
    let extent = space.allocate(page_ceil(extent_len.max(need + reserve)));
    write_fresh(storage, extent, &encode(tail.next + 1))?;
    let commit_before = new
        .commit
        .saturating_sub(u64::from(new.kind == Kind::Commit));
    let body = frame::encode_link(extent);
    let link = frame::encode(Kind::Link, tail.next, commit_before, new.time_us, &body);
    storage.write_at(tail.at, &link)?;
    next = Tail::start(extent, tail.next + 1);
    next.step(need);
    // The frame first: whoever follows the link must find it published.
    Ok(Written {
        tail: next,
        frames: vec![(extent.offset, tail.next + 1), (tail.at, tail.next)],
    })
}

/// Publishes written frames to other handles.
pub fn publish(storage: &dyn Storage, written: &Written, how: Publish) -> Result<()> {
    for (offset, number) in &written.frames {
        storage.write_at(*offset, &frame::publish_word(*number, how).to_le_bytes())?;
    }
    Ok(())
}

/// Makes written but unpublished frames unreadable after a failure. Best effort: where this fails
/// too, the next writer may adopt the frame, which is allowed for a commit without an answer.
pub fn void(storage: &dyn Storage, tail: Tail) {
    let _ = storage.write_at(tail.at, &[0; HEADER_BYTES]);
}

/// Reads the frame at the tail; None where the log ends there.
pub fn read(storage: &dyn Storage, tail: Tail) -> Result<Option<Frame>> {
    let room = tail.extent.end().saturating_sub(tail.at);
    if room < HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut bytes = vec![0; HEADER_BYTES];
    storage.read_at(tail.at, &mut bytes)?;
    let word = frame::word(&bytes);
    let published = [Publish::Full, Publish::Relaxed]
        .into_iter()
        .find(|how| word == frame::publish_word(tail.next, *how));
    let whole = frame::decode_header(&bytes).and_then(|header| {
        if header.number != tail.next {
            return Err(Malformed("its number is out of sequence"));
        }
        if header.frame_len() > room {
            return Err(Malformed("it reaches beyond its extent"));
        }
        Ok(header)
    });
    let decoded = match whole {
        Ok(header) => {
            bytes.resize(header.frame_len() as usize, 0);
            storage.read_at(tail.at, &mut bytes)?;
            frame::decode(&bytes).map(|(header, body)| (header, body.to_vec()))
        }
        Err(why) => Err(why),
    };
    let (header, body) = match decoded {
        Ok(found) => found,
        Err(why) if published == Some(Publish::Full) => return Err(damaged(tail.at, why.0)),
        Err(_) => return Ok(None),
    };
    let frame = Frame {
        header,
        body,
        offset: tail.at,
        published,
    };
    // A link and the frame it leads to are synced together: before that, either may be lost.
    if header.kind == Kind::Link && published != Some(Publish::Full) {
        let target = after(tail, &frame, storage.len()?);
        if !target.is_ok_and(|t| is_whole(storage, t)) {
            return Ok(None);
        }
    }
    Ok(Some(frame))
}

/// Whether a frame that can be read starts at the tail.
fn is_whole(storage: &dyn Storage, tail: Tail) -> bool {
    let mut bytes = vec![0; tail.extent.len as usize];
    let read = storage.read_at(tail.at, &mut bytes).is_ok();
    read && frame::decode(&bytes).is_ok_and(|(header, _)| header.number == tail.next)
}

/// The tail behind `frame`.
pub fn after(tail: Tail, frame: &Frame, file_len: u64) -> Result<Tail> {
    let mut next = tail;
    if frame.header.kind == Kind::Link {
        let extent = frame::decode_link(&frame.body)
            .and_then(|e| e.check(file_len))
            .map_err(|why| damaged(frame.offset, why.0))?;
        return Ok(Tail::start(extent, tail.next + 1));
    }
    next.step(frame.header.frame_len());
    Ok(next)
}

/// Looks behind the end of the log for a frame that was durable once (F-038).
pub fn check_end(storage: &dyn Storage, tail: Tail) -> Result<()> {
    let mut rest = vec![0; tail.extent.end().saturating_sub(tail.at) as usize];
    storage.read_at(tail.at, &mut rest)?;
    for (at, window) in (0..rest.len()).step_by(8).map(|at| (at, &rest[at..])) {
        if let Ok(header) = frame::decode_header(window)
            && header.number > tail.next
            && frame::word(window) == frame::publish_word(header.number, Publish::Full)
            && frame::decode(window).is_ok()
        {
            let later = tail.at + at as u64;
            return Err(damaged(
                tail.at,
                &format!("a durable frame follows at byte {later}"),
            ));
        }
    }
    Ok(())
}

/// Writes zeros behind the end of a log after a power cut, for good: a frame may have survived there
/// whose predecessor was lost, and must not follow the next frame that is written (F-038).
pub fn clear_end(storage: &dyn Storage, tail: Tail) -> Result<()> {
    let mut rest = vec![0; tail.extent.end().saturating_sub(tail.at) as usize];
    storage.read_at(tail.at, &mut rest)?;
    if rest.iter().all(|b| *b == 0) {
        return Ok(());
    }
    storage.write_at(tail.at, &vec![0; rest.len()])?;
    storage.sync()
}

/// Makes a frame durable and published that its writer left behind unpublished.
pub fn adopt(storage: &dyn Storage, tail: Tail, frame: &Frame) -> Result<()> {
    let h = &frame.header;
    let bytes = frame::encode(h.kind, h.number, h.commit, h.time_us, &frame.body);
    // Written again, since a failed sync may have marked the pages clean without writing them.
    storage.write_at(tail.at, &bytes)?;
    storage.sync()?;
    let word = frame::publish_word(h.number, Publish::Full);
    storage.write_at(tail.at, &word.to_le_bytes())
}
