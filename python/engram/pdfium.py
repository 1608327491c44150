"""PDFium, for one thread at a time.

Owns: `pdfium`. The library keeps its state for the whole process: two threads within it, even on
two files, can take the process down. So whoever reads or draws PDF files does it in this block.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from engram.errors import _missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pdfium"]

_ONE_AT_A_TIME = Lock()


@contextmanager
def pdfium(extra: str, purpose: str) -> Iterator[Any]:
    """Give the module pypdfium2, to this thread alone.

    Args:
        extra: The extra of engram that installs it.
        purpose: What it is needed for.

    Raises:
        MissingExtra: ``extra.missing`` without pypdfium2.
    """
    try:
        import pypdfium2
    except ImportError as cause:
        raise _missing_extra("pypdfium2", extra, purpose) from cause
    with _ONE_AT_A_TIME:
        yield pypdfium2
