//! Storage on a real file.
//!
//! One descriptor carries reads, writes and locks; mappings are made through a second, short-lived
//! one, so that a forked child that still maps the file does not keep the locks alive.

use super::locks::Locks;
use super::locks::ofd::OfdLocks;
use super::memory::past_end;
use super::storage::{Region, Storage};
use crate::error::{Code, Error, Result};
use std::fs::{File, OpenOptions};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are written at a time. The page cache keeps what is written at once in pages of about that
/// size, and maps a page whole into a process that reads one byte of it: after a megabyte a
/// time, the first query of a process had three times as much of the file resident.
const PIECE: usize = 64 << 10;

/// An open file.
pub struct FileStorage {
    file: std::mem::ManuallyDrop<File>,
    locks: OfdLocks,
    path: PathBuf,
    identity: (u64, u64),
}

/// What the store asks about a file.
pub(crate) struct Facts {
    /// Device and inode number.
    pub(crate) identity: (u64, u64),
    len: u64,
}

/// Which file.
pub(crate) enum Of<'a> {
    /// An open one.
    Descriptor(i32),
    /// The one at a path, links followed.
    Path(&'a Path),
}

/// Asks for length and identity only. A plain `stat` asks for the times too, and a file whose times
/// were read gets exact ones at its next write, which then have to be synced: measured with Linux
/// 6.18 and ext4, half as much again on top of a commit.
#[cfg(target_os = "linux")]
pub(crate) fn facts_of(file: Of<'_>) -> std::io::Result<Facts> {
    let (fd, path, flags) = match file {
        Of::Descriptor(fd) => (fd, c"".to_owned(), libc::AT_EMPTY_PATH),
        Of::Path(path) => (libc::AT_FDCWD, c_path(path)?, 0),
    };
    // SAFETY: `statx` is plain old data; all zeros is a valid value.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    let mask = libc::STATX_SIZE | libc::STATX_INO;
    // SAFETY: the path is a valid C string and `found` is writable, both for the whole call.
    let rc = unsafe { libc::statx(fd, path.as_ptr(), flags, mask, &raw mut found) };
    if rc != 0 {
        return Err(std::io::Error::last_os_error());
    }
    let device = (u64::from(found.stx_dev_major) << 32) | u64::from(found.stx_dev_minor);
    Ok(Facts {
        identity: (device, found.stx_ino),
        len: found.stx_size,
    })
}

/// Asks for length and identity.
#[cfg(not(target_os = "linux"))]
pub(crate) fn facts_of(file: Of<'_>) -> std::io::Result<Facts> {
    // SAFETY: `stat` is plain old data; all zeros is a valid value.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    let rc = match file {
        // SAFETY: `found` is writable for the whole call.
        Of::Descriptor(fd) => unsafe { libc::fstat(fd, &raw mut found) },
        Of::Path(path) => {
            let path = c_path(path)?;
            // SAFETY: the path is a valid C string, and `found` is writable, for the whole call.
            unsafe { libc::stat(path.as_ptr(), &raw mut found) }
        }
    };
    if rc != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(Facts {
        identity: (found.st_dev as u64, found.st_ino as u64),
        len: found.st_size as u64,
    })
}

impl FileStorage {
    /// Opens an existing file.
    pub fn open(path: &Path, read_only: bool) -> Result<FileStorage> {
        let file = OpenOptions::new()
            .read(true)
            .write(!read_only)
            .open(path)
            .map_err(|e| Error::io("cannot open the file", &e).at_path(path))?;
        Self::from_file(file, path, !read_only)
    }

    fn from_file(file: File, path: &Path, writable: bool) -> Result<FileStorage> {
        let meta = file
            .metadata()
            .map_err(|e| Error::io("cannot look at the file", &e))?;
        if !meta.is_file() {
            return Err(
                Error::new(Code::FormatNotEngram, "the path is not a regular file")
                    .at_path(path)
                    .hint("give the path of a file, not of a folder or device"),
            );
        }
        let fd = file.as_raw_fd();
        let facts = facts_of(Of::Descriptor(fd));
        let identity = facts
            .map_err(|e| Error::io("cannot look at the file", &e).at_path(path))?
            .identity;
        // SAFETY: the number is owned by `file`, which is wrapped in ManuallyDrop below, so that the
        // lock object alone closes it.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(FileStorage {
            file: std::mem::ManuallyDrop::new(file),
            locks: OfdLocks::new(owned, writable),
            path: path.to_owned(),
            identity,
        })
    }

    /// Writes `bytes` to a file without a name beside `path`, syncs it, and gives it the name;
    /// fails where the name is taken. A crash leaves either nothing or the whole file.
    pub fn create_new(path: &Path, write: impl FnOnce(&dyn Storage) -> Result<()>) -> Result<()> {
        let dir = parent(path);
        let fail = |what: &str, e: std::io::Error| {
            if e.kind() == std::io::ErrorKind::AlreadyExists {
                return Error::new(Code::FileExists, "the file exists already").at_path(path);
            }
            Error::io(what, &e).at_path(path)
        };
        let (temp, name) = nameless(&dir).map_err(|e| fail("cannot create a file", e))?;
        let storage = FileStorage::from_file(temp, path, true)?;
        let done = write(&storage)
            .and_then(|()| storage.sync())
            .and_then(|()| {
                storage
                    .link_to(path, name.as_deref())
                    .map_err(|e| fail("cannot name the file", e))
            });
        if let Some(name) = &name {
            // The link gave the file its real name; the first one goes whether that worked or not.
            let _ = std::fs::remove_file(name);
        }
        done?;
        sync_dir(&dir)
    }

    fn link_to(&self, path: &Path, name: Option<&Path>) -> std::io::Result<()> {
        match name {
            Some(name) => std::fs::hard_link(name, path),
            None => {
                let from = c_path(Path::new(&format!(
                    "/proc/self/fd/{}",
                    self.file.as_raw_fd()
                )))?;
                let to = c_path(path)?;
                // SAFETY: both arguments are valid C strings that outlive the call.
                let rc = unsafe {
                    libc::linkat(
                        libc::AT_FDCWD,
                        from.as_ptr(),
                        libc::AT_FDCWD,
                        to.as_ptr(),
                        libc::AT_SYMLINK_FOLLOW,
                    )
                };
                if rc == 0 {
                    Ok(())
                } else {
                    Err(std::io::Error::last_os_error())
                }
            }
        }
    }

    fn fail(&self, what: &str, e: &std::io::Error) -> Error {
        Error::io(what, e).at_path(&self.path)
    }
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn c_path(path: &Path) -> std::io::Result<std::ffi::CString> {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::CString::new(path.as_os_str().as_bytes()).map_err(std::io::Error::other)
}

/// A file in `dir` without a name, or with a passing one where the file system has no such thing.
#[cfg(target_os = "linux")]
fn nameless(dir: &Path) -> std::io::Result<(File, Option<PathBuf>)> {
    use std::os::unix::fs::OpenOptionsExt;
    let unnamed = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .mode(0o644)
        .open(dir);
    match unnamed {
        Ok(file) => Ok((file, None)),
        Err(e)
            if matches!(
                e.raw_os_error(),
                Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL)
            ) =>
        {
            passing(dir)
        }
        Err(e) => Err(e),
    }
}

/// A file in `dir` with a passing name: only Linux has files without one.
#[cfg(not(target_os = "linux"))]
fn nameless(dir: &Path) -> std::io::Result<(File, Option<PathBuf>)> {
    passing(dir)
}

fn passing(dir: &Path) -> std::io::Result<(File, Option<PathBuf>)> {
    let unique = format!(".engram-{}-{}", std::process::id(), super::locks::now_us());
    let name = dir.join(unique);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&name)?;
    Ok((file, Some(name)))
}

/// The file anew, under a descriptor of its own: a mapping keeps its descriptor's locks on Linux.
#[cfg(target_os = "linux")]
fn to_map(file: &File) -> std::io::Result<File> {
    File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The same file: on other systems a mapping holds the file itself, and no descriptor.
#[cfg(not(target_os = "linux"))]
fn to_map(file: &File) -> std::io::Result<File> {
    file.try_clone()
}

/// Makes a new or changed name in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir)
        .and_then(|d| d.sync_all())
        .map_err(|e| Error::io("cannot sync the folder", &e).at_path(dir))
}

impl Storage for FileStorage {
    fn len(&self) -> Result<u64> {
        let facts = facts_of(Of::Descriptor(self.file.as_raw_fd()));
        Ok(facts
            .map_err(|e| self.fail("cannot look at the file", &e))?
            .len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.file
            .read_exact_at(buf, offset)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    past_end(offset, buf.len(), self.len().unwrap_or(0)).at_path(&self.path)
                }
                _ => self.fail("cannot read the file", &e),
            })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        for (piece, at) in data.chunks(PIECE).zip((offset..).step_by(PIECE)) {
            self.file
                .write_all_at(piece, at)
                .map_err(|e| self.fail("cannot write the file", &e))?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.file
            .sync_data()
            .map_err(|e| self.fail("cannot sync the file", &e))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .map_err(|e| self.fail("cannot cut the file", &e))
    }

    fn map(&self, offset: u64, len: u64) -> Result<Region> {
        let have = self.len()?;
        if offset.checked_add(len).is_none_or(|end| end > have) {
            return Err(past_end(offset, len as usize, have).at_path(&self.path));
        }
        let file = to_map(&self.file).map_err(|e| self.fail("cannot map the file", &e))?;
        // SAFETY: extents are never changed while a handle pins their generation, except for publish
        // words, which are read atomically; the range was just checked against the file's length.
        let map = unsafe {
            memmap2::MmapOptions::new()
                .offset(offset)
                .len(len as usize)
                .map(&file)
        };
        Ok(Region::Mapped(Arc::new(
            map.map_err(|e| self.fail("cannot map the file", &e))?,
        )))
    }

    fn identity(&self) -> Result<(u64, u64)> {
        Ok(self.identity)
    }

    fn locks(&self) -> &dyn Locks {
        &self.locks
    }
}
