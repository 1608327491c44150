"""Embedding the texts of collections again with another model, while they are searched.

Owns: `Reembedding`, mixed into `Collection`, and `ReembeddingAll`, mixed into `Database`. The new
embeddings go into a space beside the old one, a batch a commit, and in one last commit take its
place. Invariants: until then every query answers with the old model; a run that was stopped goes on
where it was, since the space says whose it is. Opposite side: ``reembed_*`` of `engram._native`.
"""

from __future__ import annotations

from time import perf_counter

from engram import _native
from engram.embed.calling import embed_documents, embedder_source
from engram.errors import Conflict, InvalidInput, NotFound
from engram.planning import TEXT_SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from engram.collection import Collection
    from engram.embed.calling import EmbedderSource
    from engram.reports import ReembedReport
    from engram.spaces import Space
    from engram.transaction import Transaction
    from engram.types import Embedder

    Progress = Callable[[int, int | None], None]
    _T = TypeVar("_T")

__all__ = ["Reembedding", "ReembeddingAll"]

_BATCH = 4096
"""Texts a commit: with 1,024, moving records in the file takes longer than embedding with the
built-in model; with 16,384 it is no faster."""
_AT_A_TIME = 512
"""Texts that an embedder is handed."""
_COMMIT_S = 5.0
"""What took so long is committed: it would be lost with the process."""


class Reembedding:
    """How the texts of one collection are embedded again."""

    __slots__ = ()

    _name: str
    _embedder: EmbedderSource
    _source: Callable[[], _native.View]
    _spaces: Mapping[str, Space]

    if TYPE_CHECKING:

        def _write(self, action: Callable[[_native.Transaction], _T]) -> _T: ...
        def _joined(self) -> Transaction | None: ...

    def reembed(
        self,
        embedder: Embedder | str | os.PathLike[str],
        *,
        batch_size: int = _BATCH,
        progress: Progress | None = None,
    ) -> ReembedReport:
        """Embed every text again with another model, and switch to it in one commit.

        Until then queries of every handle answer with the old model, and others may write. What is
        embedded is what `put` would embed: records with a text and without a vector of their own.
        A call that was stopped, or killed, goes on where it was when it is made again with the same
        model; with another model it begins anew, and with the model that the collection has it
        gives up what was prepared. Afterwards this object embeds with the new model; other handles
        have to be opened with it, and get ``embedder.mismatch`` until they are. Snapshots keep the
        embeddings that they had. `Database.optimize` gives back the room of the old ones.

        Args:
            embedder: An embedder, or what `engram.embed.get_embedder` takes: the name of a model, a
                folder, ``"provider:model"``, or ``"default"``.
            batch_size: Most texts a commit, 1 or more.
            progress: Called after each batch with texts done and texts in all, as far as known.

        Returns:
            What was embedded.

        Raises:
            NotFound: ``collection.not_found``, ``model.not_found``.
            InvalidInput: ``embedder.invalid``; ``embedder.mismatch`` where the texts' space holds
                vectors of the caller's own, or somebody else began to re-embed with another model.
            Conflict: ``transaction.active`` inside a transaction, ``file.read_only``.
        """
        if batch_size < 1:
            raise InvalidInput("input.invalid", f"batch_size is {batch_size}, below 1")
        if self._joined() is not None:
            raise Conflict(
                "transaction.active",
                "reembed cannot run inside a transaction: it makes many commits",
                "leave the with block of the transaction first",
            )
        made = _resolved(embedder)
        report = _Run(self, made, batch_size, progress).run()
        self._embedder = lambda: made
        return report


class ReembeddingAll:
    """How the texts of a database are embedded again."""

    __slots__ = ()

    if TYPE_CHECKING:

        def collection(self, name: str) -> Collection: ...  # noqa: D102 - of `Database`
        def _view(self) -> _native.View: ...
        def _outside(self, action: str) -> None: ...
        def _embed_with(self, embedder: Embedder) -> None: ...

    def reembed(
        self,
        embedder: Embedder | str | os.PathLike[str],
        collections: Sequence[str] | None = None,
        *,
        batch_size: int = _BATCH,
        progress: Progress | None = None,
    ) -> dict[str, ReembedReport]:
        """Embed the texts of collections again with another model; see `Collection.reembed`.

        Each collection switches by itself, once it is whole.

        Args:
            embedder: As there.
            collections: Which ones; left out: all whose texts were embedded. This handle then
                embeds with the new model.
            batch_size: As there.
            progress: As there, over all collections.

        Returns:
            A report by name.

        Raises:
            EngramError: As `Collection.reembed`.
        """
        self._outside("reembed")
        made, view = _resolved(embedder), self._view()
        names = list(collections) if collections is not None else _embedded(view)
        before = 0
        reports = {}
        for name in names:
            told = _counted(progress, before)
            one = self.collection(name)
            reports[name] = one.reembed(made, batch_size=batch_size, progress=told)
            before += reports[name].embedded + reports[name].unembedded
        if collections is None:
            self._embed_with(made)
        return reports


def _resolved(embedder: Embedder | str | os.PathLike[str]) -> Embedder:
    """Give the embedder of a name, or check the one that was given."""
    made = embedder_source(embedder)()
    if made is None:
        raise InvalidInput("embedder.invalid", "reembed needs an embedder, not None")
    return made


def _embedded(view: _native.View) -> list[str]:
    """Name the collections whose texts were embedded."""
    names = []
    for name in view.collections():
        spaces = {
            s["name"]: s["identity"] for s in (view.describe(name) or {"spaces": ()})["spaces"]
        }
        if spaces.get(TEXT_SPACE) is not None or _native.reembed_status(view, name) is not None:
            names.append(name)
    return names


def _counted(progress: Progress | None, before: int) -> Progress | None:
    """Tell progress as that of all collections."""
    if progress is None:
        return None
    return lambda done, total: progress(before + done, None if total is None else before + total)


class _Run:
    """One collection on its way to another model."""

    def __init__(
        self, owner: Reembedding, embedder: Embedder, batch: int, progress: Progress | None
    ) -> None:
        self.owner, self.embedder, self.batch, self.progress = owner, embedder, batch, progress
        self.name = owner._name
        self.identity = embedder.identity.to_json()
        self.target = _native.NEXT_SPACE
        self.skipped: set[str] = set()
        self.done = self.set = self.total = 0

    def run(self) -> ReembedReport:
        from engram.reports import ReembedReport

        started = perf_counter()
        before = self._begin()
        view = self.owner._source()
        status = _native.reembed_status(view, self.name)
        resumed = 0 if status is None else int(status["records"])
        self.total = _native.reembed_count(view, self.name, self.target)
        while self._step(self.owner._source(), self.owner._write):
            continue
        self.owner._write(self._finish)
        return ReembedReport(
            collection=self.name,
            identity=self.identity,
            identity_before=before,
            embedded=self.set,
            resumed=resumed,
            unembedded=len(self.skipped),
            took_ms=(perf_counter() - started) * 1e3,
        )

    def _begin(self) -> str | None:
        """Declare the space to be filled; say whose embeddings the collection has."""
        before: list[str | None] = [None]

        def begin(native: _native.Transaction) -> None:
            view = native.view()
            text = self._text_space(view)
            if text is not None:
                before[0] = text["identity"]
                if text["identity"] is None and text["records"]:
                    raise InvalidInput(
                        "embedder.mismatch",
                        f"the space {TEXT_SPACE!r} of {self.name!r} holds vectors of your own",
                        "only what an embedder made of the texts can be made again",
                    )
            if text is not None and text["identity"] == self.identity:
                self.target = TEXT_SPACE
                _native.reembed_drop(native, self.name)
            else:
                _native.reembed_begin(native, self.name, *self._shape(text), self.identity)

        self.owner._write(begin)
        return before[0]

    def _text_space(self, view: _native.View) -> dict[str, Any] | None:
        described = view.describe(self.name)
        if described is None:
            raise NotFound("collection.not_found", f"there is no collection {self.name!r}")
        spaces: list[dict[str, Any]] = described["spaces"]
        return next((space for space in spaces if space["name"] == TEXT_SPACE), None)

    def _shape(self, text: dict[str, Any] | None) -> tuple[str, int, str, bool]:
        """Give kind, dimension, element and truncation of the new space.

        As the collection object declares it; else numbers are kept as in the old one.
        """
        kind: str = getattr(self.embedder, "kind", "dense")
        dimension = 0 if kind == "sparse" else self.embedder.identity.dimension
        declared = self.owner._spaces.get(TEXT_SPACE)
        if declared is not None:
            dimension = (declared.dimension or dimension) if kind != "sparse" else 0
            return (declared.kind, dimension, declared.element, declared.truncate)
        same = text is not None and text["kind"] == kind
        return (kind, dimension, text["element"] if same and text else "float32", False)

    def _step(
        self,
        view: _native.View,
        write: Callable[[Callable[[_native.Transaction], int]], int],
    ) -> bool:
        """Embed some texts and store what they got; say whether there may be more."""
        found = _native.reembed_pending(view, self.name, self.target, self.batch, self.skipped)
        until, done, made = perf_counter() + _COMMIT_S, 0, []
        while done < len(found) and (done == 0 or perf_counter() < until):
            made.append(self._embed(found[done : done + _AT_A_TIME]))
            done = min(done + _AT_A_TIME, len(found))
            if self.progress is not None:
                self.progress(self.done + done, max(self.total, self.done + done))

        def store(native: _native.Transaction) -> int:
            self._follow(native)
            into = (native, self.name, self.target, self.identity)
            return sum(_native.reembed_set(*into, *columns) for columns in made)

        self.set += write(store) if made else 0
        self.done += done
        # What a busy writer adds meanwhile is left to the end, when nobody else can write.
        return done > 0 and (done == self.batch or done < len(found) or self.done < self.total)

    def _embed(self, found: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], Any]:
        """Embed texts, and note those that have no vector."""
        ids, texts = [id_ for id_, _ in found], [text for _, text in found]
        rows, matrix = embed_documents(self.embedder, texts)
        if len(rows) < len(ids):
            kept = set(rows)
            self.skipped.update(id_ for row, id_ in enumerate(ids) if row not in kept)
            ids, texts = [ids[row] for row in rows], [texts[row] for row in rows]
        return ids, texts, matrix

    def _follow(self, native: _native.Transaction) -> None:
        """See what others did to the space that is filled here."""
        if self.target == TEXT_SPACE:
            return
        view = native.view()
        status = _native.reembed_status(view, self.name)
        if status is not None and status["identity"] == self.identity:
            return
        text = self._text_space(view)
        if text is None or text["identity"] != self.identity:
            raise InvalidInput(
                "embedder.mismatch",
                f"somebody else re-embeds collection {self.name!r} with another model",
                "let one of them finish first",
            )
        # Another run with the same model was done first.
        self.target = TEXT_SPACE

    def _finish(self, native: _native.Transaction) -> None:
        """Embed what came since, and switch, while nobody else can write."""
        self._follow(native)
        while _native.reembed_pending(native.view(), self.name, self.target, 1, self.skipped):
            self._step(native.view(), lambda action: action(native))
        if self.target != TEXT_SPACE:
            _native.reembed_switch(native, self.name)
