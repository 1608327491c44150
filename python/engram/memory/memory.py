"""The memory: documents in one file, put, found and looked after.

Owns: `Memory`, which is its groups of verbs put together; each group has a file of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engram.errors import InvalidInput
from engram.memory.facts import Facts
from engram.memory.forgetting import Forgetting
from engram.memory.images import Images
from engram.memory.ingesting import Ingesting
from engram.memory.layout import DEFAULT_NAME
from engram.memory.recording import Recording
from engram.memory.tables import Tables
from engram.memory.upkeep import Upkeep

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from typing_extensions import Self

    from engram.embed.calling import EmbedderChoice
    from engram.embed.vision import Vision
    from engram.rag.splitters import TextSplitter
    from engram.types import Durability

__all__ = ["Memory"]


class Memory(Ingesting, Recording, Tables, Images, Facts, Forgetting, Upkeep):
    """Documents in a database: put in, found by words and meaning, and given back.

    ``db.memory`` is the one of the name ``"memory"``; a database can have several. Safe to share by
    threads. Calls within ``with db.transaction():`` join it.

    Example:
        >>> import engram
        >>> with engram.Memory.open(":memory:") as memory:
        ...     put = memory.put("Tents keep you dry.", title="Camping", tags=["outdoor"])
        ...     memory.find("how to stay dry", k=1)[0].title
        'Camping'
    """

    @classmethod
    def open(  # noqa: PLR0913 - each is a setting of its own
        cls,
        path: str | os.PathLike[str],
        *,
        name: str = DEFAULT_NAME,
        embedder: EmbedderChoice = "default",
        splitter: TextSplitter | None = None,
        originals: bool = True,
        language: str | None = None,
        vision: Vision | str | None = None,
        read_only: bool = False,
        create: bool = True,
        lock_timeout_ms: int | None = None,
        durability: Durability = "full",
        force: Literal["stale_only"] | None = None,
        force_writable: bool = False,
    ) -> Self:
        """Open a file, or make it, and its memory; closing the memory closes the file.

        Args:
            path: The file, or ``":memory:"``.
            name: Which of its memories.
            embedder: What embeds texts and questions, as in `Memory`.
            splitter: What cuts documents into passages, as in `Memory`.
            originals: Whether the bytes that documents were put as are kept, as in `Memory`.
            language: What words are stemmed for, as in `Memory`.
            vision: What embeds images, as in `Memory`.
            read_only: Refuse to write. The file must exist.
            create: Make the file where there is none.
            lock_timeout_ms: How long a write waits for another process or thread; 5,000 unless
                given.
            durability: As in `engram.open`.
            force: ``"stale_only"`` asks that a lock which a dead process left behind does not keep
                this one out. That always holds: a process frees its lock by dying, and no lock of
                a living one is ever taken away.
            force_writable: Take the write lock once while opening, so that a file which cannot be
                written to is an error now rather than at the first put.

        Raises:
            EngramError: As `engram.open`.
        """
        from engram.opening import LOCK_TIMEOUT_MS
        from engram.opening import open as open_database

        if force not in {None, "stale_only"}:
            raise InvalidInput(
                "input.invalid",
                f"unknown force={force!r}",
                'force="stale_only"; no lock of a living process can be taken away',
            )
        if force_writable and read_only:
            raise InvalidInput("input.invalid", "force_writable with read_only", "drop one of them")
        db = open_database(
            path,
            read_only=read_only,
            create=create,
            lock_timeout_ms=LOCK_TIMEOUT_MS if lock_timeout_ms is None else lock_timeout_ms,
            durability=durability,
        )
        try:
            if force_writable:
                with db.transaction():
                    pass
            return cls(
                db,
                name,
                embedder=embedder,
                splitter=splitter,
                originals=originals,
                language=language,
                vision=vision,
            )
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        """Close the database; everything committed is in the file."""
        self.db.close()

    def __enter__(self) -> Self:
        """Use the memory in a with statement that closes its database."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the database."""
        self.close()

    def __repr__(self) -> str:
        """Show the file and the name."""
        return f"Memory({self.db.path!r}, {self.name!r})"
