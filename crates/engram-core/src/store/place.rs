//! Where a database lives: what opens its storage, and what swaps in a rewritten one.

use super::file::{FileStorage, Of, facts_of, parent, sync_dir};
use super::memory::MemoryStorage;
use super::storage::Storage;
use crate::error::{Code, Error, Result};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes a whole new file into the storage it is given.
pub type Fill<'a> = &'a mut dyn FnMut(&dyn Storage) -> Result<()>;

/// A name under which storage is found.
pub trait Place: Send + Sync {
    /// The path, for a file.
    fn path(&self) -> Option<&Path>;
    /// Whether something is there.
    fn exists(&self) -> Result<bool>;
    /// Opens what is there.
    fn open(&self, read_only: bool) -> Result<Arc<dyn Storage>>;
    /// Creates it, whole or not at all; an error where something is there already.
    fn create(&self, fill: Fill<'_>) -> Result<()>;
    /// Replaces it, whole or not at all. `before_swap` runs when the new one is durable.
    fn replace(&self, fill: Fill<'_>, before_swap: &mut dyn FnMut() -> Result<()>) -> Result<()>;
    /// [`Storage::identity`] of what is found here now.
    fn identity(&self) -> Result<(u64, u64)>;
    /// Makes it durable that this file has this name, whoever gave it.
    fn sync_name(&self) -> Result<()> {
        Ok(())
    }
}

/// A path in the file system.
pub struct FilePlace {
    path: PathBuf,
}

impl FilePlace {
    /// The place of `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        FilePlace {
            path: path.to_owned(),
        }
    }

    /// The temporary neighbour that `replace` writes.
    fn neighbour(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".optimizing");
        self.path.with_file_name(name)
    }
}

impl Place for FilePlace {
    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn exists(&self) -> Result<bool> {
        self.path
            .try_exists()
            .map_err(|e| Error::io("cannot look at the path", &e).at_path(&self.path))
    }

    fn open(&self, read_only: bool) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(FileStorage::open(&self.path, read_only)?))
    }

    fn create(&self, fill: Fill<'_>) -> Result<()> {
        FileStorage::create_new(&self.path, fill)
    }

    fn replace(&self, fill: Fill<'_>, before_swap: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let path = self
            .path
            .canonicalize()
            .map_err(|e| Error::io("cannot find the file", &e))?;
        let temp = FilePlace::new(&path).neighbour();
        // What an earlier run left behind when it died; the caller holds the write lock.
        if let Err(e) = std::fs::remove_file(&temp)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            return Err(Error::io("cannot remove an old temporary file", &e).at_path(&temp));
        }
        let swap = FileStorage::create_new(&temp, fill).and_then(|()| {
            let mode = std::fs::metadata(&path).map(|m| m.permissions());
            mode.and_then(|m| std::fs::set_permissions(&temp, m))
                .map_err(|e| Error::io("cannot keep the permissions", &e).at_path(&temp))?;
            before_swap()?;
            std::fs::rename(&temp, &path)
                .map_err(|e| Error::io("cannot replace the file", &e).at_path(&path))
        });
        if swap.is_err() {
            // Best effort: the next `replace` removes what is left.
            let _ = std::fs::remove_file(&temp);
        }
        swap?;
        sync_dir(&parent(&path))
    }

    fn identity(&self) -> Result<(u64, u64)> {
        let facts = facts_of(Of::Path(&self.path));
        let facts = facts.map_err(|e| Error::io("cannot find the file", &e).at_path(&self.path))?;
        Ok(facts.identity)
    }

    fn sync_name(&self) -> Result<()> {
        let path = self
            .path
            .canonicalize()
            .map_err(|e| Error::io("cannot find the file", &e).at_path(&self.path))?;
        sync_dir(&parent(&path)).or_else(|e| match e.errno() {
            // A folder that this process may not look into, it did not put the file into either.
            Some(libc::EACCES | libc::EPERM) => Ok(()),
            _ => Err(e),
        })
    }
}

/// A database that lives as long as its handle.
#[derive(Default)]
pub struct MemoryPlace {
    current: Mutex<Option<Arc<MemoryStorage>>>,
}

impl Place for MemoryPlace {
    fn path(&self) -> Option<&Path> {
        None
    }
    fn exists(&self) -> Result<bool> {
        Ok(self.current.lock().is_some())
    }
    fn open(&self, _read_only: bool) -> Result<Arc<dyn Storage>> {
        match &*self.current.lock() {
            Some(storage) => Ok(storage.clone()),
            None => Err(Error::new(Code::FileNotFound, "the database is not there")),
        }
    }
    fn create(&self, fill: Fill<'_>) -> Result<()> {
        self.replace(fill, &mut || Ok(()))
    }
    fn replace(&self, fill: Fill<'_>, before_swap: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let fresh = Arc::new(MemoryStorage::default());
        fill(&*fresh)?;
        before_swap()?;
        *self.current.lock() = Some(fresh);
        Ok(())
    }
    fn identity(&self) -> Result<(u64, u64)> {
        self.open(false)?.identity()
    }
}
