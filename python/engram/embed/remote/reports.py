"""What embedding many texts gives when some of them fail.

Owns: `Encoded`, `Failure`, and the error made of them.
"""

from __future__ import annotations

from engram.errors import Io
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.errors import EngramError
    from engram.remote.budget import Usage

__all__ = ["Encoded", "Failure"]

_LISTED = 20


class Failure(Frozen):
    """One text that could not be embedded. Frozen.

    Attributes:
        index: Its place in what was given.
        error: Why; the same object for texts that failed together.
    """

    __slots__ = ("error", "index")

    index: int
    error: EngramError

    def __init__(self, index: int, error: EngramError) -> None:
        """Make a failure."""
        _set(self, "index", index)
        _set(self, "error", error)

    def __repr__(self) -> str:
        """Show place and code."""
        return f"Failure(index={self.index}, code={self.error.code!r})"


class Encoded(Frozen):
    """What became of many texts. Frozen.

    Attributes:
        vectors: float32 ``(n, dimension)``, C-order, rows of unit length; zeros for a text that
            failed, or is blank.
        failures: The texts that failed, by index.
        cached: How many texts the cache answered for.
        requests: How many batches were sent, those of a bisected batch one by one; retries not
            counted.
        usage: Tokens, as the provider counted them; estimated where it does not say.
    """

    __slots__ = ("cached", "failures", "requests", "usage", "vectors")

    vectors: NDArray[np.float32]
    failures: tuple[Failure, ...]
    cached: int
    requests: int
    usage: Usage

    def __init__(
        self,
        vectors: NDArray[np.float32],
        failures: Sequence[Failure],
        cached: int,
        requests: int,
        usage: Usage,
    ) -> None:
        """Make a report."""
        _set(self, "vectors", vectors)
        _set(self, "failures", tuple(failures))
        _set(self, "cached", cached)
        _set(self, "requests", requests)
        _set(self, "usage", usage)

    def __repr__(self) -> str:
        """Show the counts."""
        return (
            f"Encoded(texts={len(self.vectors)}, failures={len(self.failures)}, "
            f"cached={self.cached}, requests={self.requests}, usage={self.usage})"
        )


def raised(encoded: Encoded) -> EngramError:
    """Make the error for a call that gives vectors or nothing."""
    first = encoded.failures[0]
    failed, count = len(encoded.failures), len(encoded.vectors)
    if failed == count:
        return first.error
    indices = ", ".join(str(failure.index) for failure in encoded.failures[:_LISTED])
    error = Io(
        "remote.partial",
        f"{failed} of {count} texts could not be embedded, first text {first.index}: "
        f"{first.error.message}",
        "encode_report gives the vectors of the others, and why each failed",
        {
            "failed": str(failed),
            "indices": indices + (", ..." if failed > _LISTED else ""),
            "code": first.error.code,
        },
    )
    error.__cause__ = first.error
    return error
