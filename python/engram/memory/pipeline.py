"""What happens to many documents on their way into a memory.

Owns: `Run`, the pipeline: documents that are there just so are left out before they are read, the
rest is read by processes of its own, embedded and committed in batches. Invariants: whatever ends
it, a document is in the file whole or not at all, and doing it again completes it; one bad document
keeps no other out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from engram.errors import EngramError, InvalidInput
from engram.memory.inputs import Item, item_of
from engram.memory.layout import RESERVED, content_hash, document_id
from engram.memory.outcomes import Failed, Put, PutMany
from engram.memory.reading import source_bytes
from engram.memory.workers import read_all
from engram.memory.writing import Writer, make_ready, put_of
from engram.processors import processors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from engram.embed.identity import Identity
    from engram.memory.putting import Putting
    from engram.memory.reading import Request
    from engram.memory.writing import Ready
    from engram.types import Embedder

__all__ = ["How", "Progress", "Run"]

Progress: TypeAlias = Callable[[int, "int | None", str], None]
"""Is told how many documents are done, how many there are, and which one it was."""

BATCH_DOCUMENTS = 256
BATCH_PASSAGES = 4_096
BATCH_CHARS = 16_000_000
"""A commit ends at the first of these three."""

_WORTH = 48
"""Files from which on other processes read: starting one takes as long as reading some 20."""

_MOST_PROCESSES = 8
_WINDOW = 256
"""Documents whose presence is looked up at once."""


@dataclass(frozen=True, slots=True)
class How:
    """How all documents of a run are put."""

    enable: bool | None
    keep: bool
    near: float | None


@dataclass(frozen=True, slots=True)
class _Work:
    """A document between its steps."""

    index: int
    item: Item
    digest: str

    @property
    def name(self) -> str:
        return named(self.item, self.index)


@dataclass(slots=True)
class Run:
    """One call that puts many documents."""

    memory: Putting
    how: How
    total: int | None
    progress: Progress | None
    puts: dict[int, Put] = field(default_factory=dict)
    failed: dict[int, Failed] = field(default_factory=dict)
    extract_s: float = 0.0

    def items(
        self,
        documents: Iterable[str | Mapping[str, Any]],
        embeddings: Any,
        identity: Identity | Mapping[str, Any] | str | None,
    ) -> Iterator[tuple[int, Item]]:
        """Make items of documents, with the vectors that stand beside them."""
        for index, given in enumerate(documents):
            try:
                item = item_of(given, index)
            except InvalidInput as error:
                self._fail(index, str(index), error)
                continue
            if embeddings is not None and embeddings[index] is not None:
                item.embedding, item.embedding_identity = embeddings[index], identity
            yield index, item

    def done(
        self, items: Iterable[tuple[int, Item]], workers: int | None, *, embed: bool = True
    ) -> PutMany:
        """Put everything."""
        started = perf_counter()
        embedder = self.memory._put_embedder(enable=self.how.enable) if embed else None
        writer = Writer(self.memory, embedder, near=self.how.near)
        work, processes = _shared_out(self._to_read(items, embedder), workers)
        batch: list[tuple[_Work, Ready]] = []
        # Closed whatever happens: the processes that read end with it.
        with closing(read_all(work, processes)) as answers:
            for one, read, seconds in answers:
                self.extract_s += seconds
                if isinstance(read, EngramError):
                    self._fail(one.index, one.name, read)
                    continue
                ready = make_ready(
                    one.item,
                    read,
                    digest=one.digest,
                    must_embed=self.how.enable is True,
                    keep=self.how.keep,
                )
                if self._ends(batch, ready):
                    self._write(batch, writer)
                    batch = []
                batch.append((one, ready))
        self._write(batch, writer)
        spent = {"extract": self.extract_s, **writer.seconds, "total": perf_counter() - started}
        return PutMany(
            documents=tuple(self.puts[index] for index in sorted(self.puts)),
            failed=tuple(self.failed[index] for index in sorted(self.failed)),
            seconds=spent,
        )

    def _to_read(
        self, items: Iterable[tuple[int, Item]], embedder: Embedder | None
    ) -> Iterator[tuple[_Work, Request]]:
        """Give the documents that are to be read: those that are not there just so."""
        remaining = iter(items)
        while window := list(islice(remaining, _WINDOW)):
            works = [work for work in (self._checked(*one, embedder) for one in window) if work]
            ids = [self._id(work.item) for work in works]
            known = self.memory._documents.get_many(one for one in ids if one is not None)
            there = {one.id: one.metadata[RESERVED] for one in known if one is not None}
            for work, one in zip(works, ids, strict=True):
                request = self.memory._request(work.item)
                about = None if one is None else there.get(one)
                if about is None or not self._unchanged(work, request, about):
                    yield work, request

    def _checked(self, index: int, item: Item, embedder: Embedder | None) -> _Work | None:
        """Check what was said about a document; None where it makes no sense."""
        try:
            item.check()
            return _Work(index, item, self.memory._digest(item, embedder))
        except InvalidInput as error:
            self._fail(index, named(item, index), error)
            return None

    def _id(self, item: Item) -> str | None:
        """Give the id that a document has or will have; None where it will be a new one."""
        if item.uri is not None:
            return document_id(uri=item.uri, content="")
        if self.how.keep:
            return None
        raw = item.file if isinstance(item.file, bytes) else (item.text or "").encode()
        return document_id(uri=None, content=content_hash(raw))

    def _unchanged(self, work: _Work, request: Request, about: Mapping[str, Any]) -> bool:
        """Say whether a document is there just so; that is then what became of it."""
        if about["digest"] != work.digest:
            return False
        try:
            same = bool(content_hash(source_bytes(request)) == about["hash"])
        except EngramError:
            # Reading it again says why.
            return False
        if same:
            self._put(work, put_of(about, "unchanged"))
        return same

    def _ends(self, batch: Sequence[tuple[_Work, Ready]], ready: Ready) -> bool:
        """Say whether a batch is to be written before a document goes into the next one."""
        if not batch:
            return False
        others = [other for _, other in batch]
        return (
            self.how.near is not None
            or len(batch) >= BATCH_DOCUMENTS
            or sum(len(one.passages) for one in others) + len(ready.passages) > BATCH_PASSAGES
            or sum(one.chars for one in others) + ready.chars > BATCH_CHARS
            or any(one.id == ready.id for one in others)
            or (not ready.keep and any(one.hash == ready.hash for one in others))
        )

    def _write(self, batch: Sequence[tuple[_Work, Ready]], writer: Writer) -> None:
        """Commit a batch; where a document spoils it, each by itself."""
        if not batch:
            return
        try:
            puts = writer.write([ready for _, ready in batch])
        except InvalidInput as error:
            if self.memory.db._active() is not None:
                raise
            if len(batch) > 1:
                for one in batch:
                    self._write([one], writer)
            else:
                self._fail(batch[0][0].index, batch[0][0].name, error)
            return
        for (work, _), put in zip(batch, puts, strict=True):
            self._put(work, put)

    def _put(self, work: _Work, put: Put) -> None:
        self.puts[work.index] = put
        self._tell(work.name)

    def _fail(self, index: int, name: str, error: EngramError) -> None:
        self.failed[index] = Failed(name=name, error=error)
        self._tell(name)

    def _tell(self, name: str) -> None:
        if self.progress is not None:
            self.progress(len(self.puts) + len(self.failed), self.total, name)


def named(item: Item, index: int) -> str:
    """Give what a document is called where it has to be named."""
    if item.uri:
        return item.uri
    path = item.file if isinstance(item.file, (str, os.PathLike)) else item.filename
    return str(index) if path is None else os.fspath(path)


def _shared_out(
    work: Iterator[tuple[_Work, Request]], workers: int | None
) -> tuple[Iterator[tuple[_Work, Request]], int]:
    """Decide how many processes read, by what there is to read first."""
    if workers is not None:
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
            raise InvalidInput("input.invalid", f"workers is {workers!r}, not 0 or more")
        return work, workers
    first = list(islice(work, _WORTH))
    files = sum(request.text is None for _, request in first)
    alone = files < _WORTH or not sys.executable or getattr(sys, "frozen", False)
    return chain(first, work), 0 if alone else min(processors(), _MOST_PROCESSES)
