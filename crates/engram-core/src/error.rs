//! Errors of the engine: one struct, one table of stable codes.
//!
//! Owns: the code table that Rust, Python, the command line and the docs share. A code never
//! changes its meaning once released. The class of a code says what a caller can do about it; the
//! boundary crate maps each class to one Python exception.
//!
//! Invariant: `message` is lower case, names what, where and limit against actual, and never holds
//! a debug dump; `hint` is the nearest remedy.

use std::fmt;
use std::path::PathBuf;

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The argument is wrong; the same call will fail again.
    InvalidInput,
    /// What was asked for is not there.
    NotFound,
    /// The call collides with the present state.
    Conflict,
    /// Somebody else holds the lock; trying again may succeed.
    Busy,
    /// The bytes in the file are damaged.
    Corrupt,
    /// The file is no engram file, or one this build cannot read.
    Incompatible,
    /// The operating system refused.
    Io,
    /// The handle was closed, or belongs to another process.
    Closed,
    /// A fault in engram itself.
    Internal,
}

macro_rules! codes {
    ($($name:ident = $slug:literal, $class:ident;)*) => {
        /// Stable error codes. The slug is what users match on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $slug] $name,)* }
        impl Code {
            /// Every code, in table order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];
            /// The stable slug, for example `filter.syntax`.
            pub fn slug(self) -> &'static str { match self { $(Code::$name => $slug,)* } }
            /// The class that decides the exception type.
            pub fn class(self) -> Class { match self { $(Code::$name => Class::$class,)* } }
        }
    };
}

codes! {
    InputInvalid = "input.invalid", InvalidInput;
    InputLimit = "input.limit", InvalidInput;
    InputDimension = "input.dimension", InvalidInput;
    InputNotFinite = "input.not_finite", InvalidInput;
    InputZeroVector = "input.zero_vector", InvalidInput;
    QueryEmpty = "query.empty", InvalidInput;
    FilterSyntax = "filter.syntax", InvalidInput;
    FilterUnknownField = "filter.unknown_field", InvalidInput;
    EmbedderMismatch = "embedder.mismatch", InvalidInput;
    EmbedderMissing = "embedder.missing", InvalidInput;
    CollectionNotFound = "collection.not_found", NotFound;
    RecordNotFound = "record.not_found", NotFound;
    SnapshotNotFound = "snapshot.not_found", NotFound;
    HistoryNotRetained = "history.not_retained", NotFound;
    CollectionExists = "collection.exists", Conflict;
    CollectionMismatch = "collection.mismatch", Conflict;
    SnapshotExists = "snapshot.exists", Conflict;
    TransactionActive = "transaction.active", Conflict;
    TransactionFinished = "transaction.finished", Conflict;
    FileExists = "file.exists", Conflict;
    FileReadOnly = "file.read_only", Conflict;
    LockTimeout = "lock.timeout", Busy;
    CorruptSuperblock = "corrupt.superblock", Corrupt;
    CorruptManifest = "corrupt.manifest", Corrupt;
    CorruptLog = "corrupt.log", Corrupt;
    CorruptSegment = "corrupt.segment", Corrupt;
    CorruptTruncated = "corrupt.truncated", Corrupt;
    FormatNotEngram = "format.not_engram", Incompatible;
    FormatTooNew = "format.too_new", Incompatible;
    FileNotFound = "file.not_found", Io;
    IoFailed = "io.failed", Io;
    IoFull = "io.full", Io;
    IoPoisoned = "io.poisoned", Io;
    HandleClosed = "handle.closed", Closed;
    HandleForked = "handle.forked", Closed;
    Internal = "internal", Internal;
}

struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    details: Vec<(&'static str, String)>,
    errno: Option<i32>,
    path: Option<PathBuf>,
}

/// An engram error: a stable code, what happened, and what to do about it.
pub struct Error(Box<Inner>);

/// Result with an engram [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A new error; `message` in lower case, without a final stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            code,
            message: message.into(),
            hint: None,
            details: Vec::new(),
            errno: None,
            path: None,
        }))
    }

    /// Maps an operating system error, telling a full disk from the rest.
    pub fn io(action: &str, err: &std::io::Error) -> Self {
        let code = match err.kind() {
            std::io::ErrorKind::NotFound => Code::FileNotFound,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::IoFull,
            _ => Code::IoFailed,
        };
        let mut e = Error::new(code, format!("{action}: {err}"));
        e.0.errno = err.raw_os_error();
        e
    }

    /// A fault in engram itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(Code::Internal, message).hint("this is a bug in engram: please report it")
    }

    /// Adds the nearest remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds one named detail.
    #[must_use]
    pub fn detail(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.details.push((key, value.to_string()));
        self
    }

    /// Names the file concerned.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }
    /// What happened, without code and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The nearest remedy, if one is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
    /// Named details, in the order they were added.
    pub fn details(&self) -> &[(&'static str, String)] {
        &self.0.details
    }
    /// The operating system's error number, for `Io` errors.
    pub fn errno(&self) -> Option<i32> {
        self.0.errno
    }
    /// The file concerned, if known.
    pub fn path(&self) -> Option<&std::path::Path> {
        self.0.path.as_deref()
    }
    /// Whether the bytes of the file are to blame.
    pub fn is_corruption(&self) -> bool {
        self.0.code.class() == Class::Corrupt
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(path) = &self.0.path {
            write!(f, " ({})", path.display())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.0.code.slug())?;
        if let Some(hint) = &self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
