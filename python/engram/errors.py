"""The errors of engram: one root, one class per remedy, one stable code per cause.

Owns: the exception classes and the table of codes. Invariant: `CODES` starts with the table of the
Rust core in its order (``crates/engram-core/src/error.rs``) and ends with the codes that only
Python raises; ``docs/internals/errors.md`` describes each. A code never changes its meaning.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.types import Code

__all__ = [
    "CODES",
    "Busy",
    "Closed",
    "Conflict",
    "Corrupt",
    "EngramError",
    "Incompatible",
    "Internal",
    "InvalidInput",
    "Io",
    "MissingExtra",
    "NotFound",
]


class EngramError(Exception):
    """The root of every error that engram raises on purpose.

    Attributes:
        code: Stable dotted slug, for example ``filter.syntax``. Match on this, not on the text.
        message: What happened, where, and the limit against the actual value.
        hint: The nearest remedy, or None where none is known.
        details: Named facts about the failure, all as text.
    """

    code: Code
    message: str
    hint: str | None
    details: dict[str, str]

    def __init__(
        self,
        code: Code,
        message: str,
        hint: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Make an error; the arguments are the attributes of the same names."""
        super().__init__(code, message, hint, dict(details or {}))
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})

    def __str__(self) -> str:
        """Give the one-line form: ``[code] message (hint: ...)``."""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"[{self.code}] {self.message}{hint}"

    def __repr__(self) -> str:
        """Show class, code and message."""
        return f"{type(self).__name__}({self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by value, so that errors cross process pools."""
        state = dict(vars(self))
        if isinstance(self, OSError):
            state.update(errno=self.errno, strerror=self.strerror, filename=self.filename)
        return (_restore, (type(self), self.code, self.message, self.hint, self.details, state))


class InvalidInput(EngramError, ValueError):
    """The argument is wrong; the same call will fail again."""


class NotFound(EngramError, LookupError):
    """What was asked for is not there."""


class Conflict(EngramError):
    """The call collides with the present state."""


class Busy(EngramError, TimeoutError):
    """Somebody else holds the lock, or asks us to wait; trying again may succeed."""


class Corrupt(EngramError):
    """The bytes in the file are damaged; nothing of the damage was served."""


class Incompatible(EngramError):
    """The file is no engram file, or one that this version cannot read."""


class Io(EngramError, OSError):
    """The operating system refused, or a provider of models failed.

    ``errno`` and ``filename`` are set where they are known.
    """


class Closed(EngramError):
    """The handle was closed, or belongs to the parent process."""


class MissingExtra(EngramError, ImportError):
    """An optional package is not installed; the hint is the command that installs it."""


class Internal(EngramError):
    """A fault in engram itself: please report it."""


CODES: dict[Code, type[EngramError]] = {
    "input.invalid": InvalidInput,
    "input.limit": InvalidInput,
    "input.dimension": InvalidInput,
    "input.not_finite": InvalidInput,
    "input.zero_vector": InvalidInput,
    "query.empty": InvalidInput,
    "filter.syntax": InvalidInput,
    "filter.unknown_field": InvalidInput,
    "embedder.mismatch": InvalidInput,
    "embedder.missing": InvalidInput,
    "collection.not_found": NotFound,
    "record.not_found": NotFound,
    "snapshot.not_found": NotFound,
    "history.not_retained": NotFound,
    "collection.exists": Conflict,
    "collection.mismatch": Conflict,
    "snapshot.exists": Conflict,
    "transaction.active": Conflict,
    "transaction.finished": Conflict,
    "file.exists": Conflict,
    "file.read_only": Conflict,
    "lock.timeout": Busy,
    "corrupt.superblock": Corrupt,
    "corrupt.manifest": Corrupt,
    "corrupt.log": Corrupt,
    "corrupt.segment": Corrupt,
    "corrupt.truncated": Corrupt,
    "format.not_engram": Incompatible,
    "format.too_new": Incompatible,
    "file.not_found": Io,
    "io.failed": Io,
    "io.full": Io,
    "io.poisoned": Io,
    "handle.closed": Closed,
    "handle.forked": Closed,
    "internal": Internal,
    # Raised by the Python side only.
    "embedder.invalid": InvalidInput,
    "llm.invalid": InvalidInput,
    "extra.missing": MissingExtra,
    "model.invalid": InvalidInput,
    "template.invalid": InvalidInput,
    "query_set.exists": Conflict,
    "query_set.not_found": NotFound,
    "report.not_found": NotFound,
    "reranker.invalid": InvalidInput,
    "model.not_found": NotFound,
    "model.corrupt": Corrupt,
    "provider.unknown": InvalidInput,
    "remote.key": InvalidInput,
    "remote.refused": InvalidInput,
    "remote.budget": Conflict,
    "remote.limited": Busy,
    "remote.failed": Io,
    "remote.answer": Io,
    "remote.partial": Io,
    "llm.answer": InvalidInput,
    "document.unsupported": InvalidInput,
    "document.encrypted": InvalidInput,
    "document.damaged": Corrupt,
    "snapshot.holds": Conflict,
    "sealed.password": InvalidInput,
    "sealed.damaged": Corrupt,
    "sealed.unsupported": Incompatible,
    "node.exists": Conflict,
    "node.stale": Conflict,
    "edge.exists": Conflict,
    "edge.not_found": NotFound,
    "graph.constraint": Conflict,
    "session.exists": Conflict,
    "session.ended": Conflict,
    "session.not_found": NotFound,
    "weaver.failed": Conflict,
    "weaver.timeout": Busy,
    "weaver.stopping": Conflict,
}
"""Every code with its class, the core's codes first and in its order."""


def _restore(
    kind: type[EngramError],
    code: Code,
    message: str,
    hint: str | None,
    details: dict[str, str],
    state: dict[str, object],
) -> EngramError:
    """Make the error again when it is unpickled."""
    error = kind(code, message, hint, details)
    for name, value in state.items():
        setattr(error, name, value)
    return error


def _from_native(  # noqa: PLR0913 - the native side calls it by position
    code: Code,
    class_name: str,
    message: str,
    hint: str | None,
    details: dict[str, str],
    errno: int | None,
    path: str | None,
) -> EngramError:
    """Build the exception for an error of the native module, which calls this by name."""
    kind = globals()[class_name]
    if not issubclass(kind, EngramError):
        raise TypeError(class_name)
    error: EngramError = kind(code, message, hint, details)
    if isinstance(error, OSError):
        error.errno = errno
        error.strerror = message
        error.filename = path
    return error


def _missing_extra(package: str, extra: str, purpose: str) -> MissingExtra:
    """Build the error for an optional package that is not installed."""
    return MissingExtra(
        "extra.missing",
        f"{purpose} needs the package {package}, which is not installed",
        f"pip install 'engram[{extra}]'",
        {"package": package, "extra": extra},
    )


def __getattr__(name: str) -> object:
    """Load `Code` when it is asked for."""
    if name == "Code":
        from engram.types import Code

        return Code
    raise AttributeError(name)
