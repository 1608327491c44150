"""What the stores of all frameworks share.

Owns: `Holder`, which keeps a database that was handed in or opens one at its first use; `Ready`,
vectors that a framework made before, in the form of an embedder, so that the file keeps and checks
who made them; `in_thread`, for asynchronous methods.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading

from engram.database import Database
from engram.embed.identity import Identity
from engram.errors import InvalidInput
from engram.opening import open as open_database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import TypeVar

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import ParamSpec

    from engram.collection import Collection
    from engram.embed.calling import EmbedderChoice
    from engram.types import Metric

    Source = str | os.PathLike[str] | Database
    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = ["Holder", "Ready", "in_thread", "top_k"]


class Holder:
    """One collection of a database. The database is opened at its first use, and then once."""

    def __init__(
        self,
        source: Source,
        collection: str,
        *,
        metric: Metric | None = None,
        language: str | None = None,
    ) -> None:
        """Keep where the collection is and what it is made with; nothing is opened yet."""
        self._given = source if isinstance(source, Database) else None
        self.path = source.path if isinstance(source, Database) else os.fsdecode(source)
        self.name = collection
        self.metric: Metric | None = metric
        self.language = language
        self._opened: Database | None = None
        self._lock = threading.Lock()

    @property
    def database(self) -> Database:
        """The database, opened where it is not yet."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._opened is None:
                self._opened = open_database(self.path)
            return self._opened

    def collection(self, embedder: EmbedderChoice) -> Collection:
        """Give the collection, whose texts the embedder embeds."""
        return self.database.collection(
            self.name, metric=self.metric, language=self.language, embedder=embedder
        )

    def clear(self) -> None:
        """Delete every record; the collection keeps its settings."""
        self.collection(None).delete_where("EXISTS _id")

    def close(self) -> None:
        """Close the database, unless it was handed in open."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()


class Ready:
    """Vectors made beforehand, by text, as an `engram.Embedder`."""

    def __init__(self, name: str, vectors: Mapping[str, Sequence[float]]) -> None:
        """Keep the vectors; the first one tells the dimension."""
        first = next(iter(vectors.values()))
        self.identity = Identity(name, "", len(first), normalized=False)
        self._vectors = vectors

    def encode_batch(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Give the vectors of texts that were embedded before."""
        import numpy as np

        rows = [self._vectors[text] for text in texts]
        if any(len(row) != self.identity.dimension for row in rows):
            raise InvalidInput(
                "embedder.invalid",
                f"{self.identity.name} returned vectors of different lengths",
                f"all of them need {self.identity.dimension} numbers, as the first one has",
            )
        return np.array(rows, dtype=np.float32)


def top_k(asked: int, name: str) -> int:
    """Check how many hits are asked for; 0 is a question too, which nothing answers."""
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 0:
        raise InvalidInput("input.invalid", f"{name} is {asked!r}", "give a number from 0 on")
    return asked


def in_thread(method: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Give the asynchronous form of a method: the same, in a thread."""

    @functools.wraps(method)
    async def called(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(method, *args, **kwargs)

    called.__name__ = f"{method.__name__}_async"
    called.__qualname__ = f"{method.__qualname__}_async"
    return called
