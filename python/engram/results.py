"""What reading gives back: records, hits, and the report that says how they were found.

Owns: `Record`, `Hit`, `Results`, `Report`. All are frozen and slotted. They are written out rather
than made by `dataclasses`, whose import alone would cost a third of the time that opening a file
and answering a query may take. Opposite side: rows come from `engram._native.View`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, NoReturn, overload

    import numpy as np
    from numpy.typing import NDArray

    from engram._native import Row

    Vectors = Mapping[str, NDArray[np.float32]]

__all__ = ["Hit", "Record", "Report", "Results"]

_set = object.__setattr__
_SNIPPET_CHARS = 60


class _Frozen:
    """A value object: attributes are set once, by the constructor."""

    __slots__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name!r}")

    def __copy__(self) -> object:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        values = tuple(getattr(self, name) for name in self.__slots__)
        return (_thaw, (type(self), self.__slots__, values))


def _thaw(kind: type[_Frozen], names: Sequence[str], values: Sequence[object]) -> _Frozen:
    """Make a frozen value again from its slots, for pickling."""
    made = kind.__new__(kind)
    for name, value in zip(names, values, strict=True):
        _set(made, name, value)
    return made


def _utc(time_us: int) -> datetime:
    """Turn microseconds since 1970 into an aware datetime."""
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=time_us)


def _iso(time_us: int) -> str:
    """Turn microseconds since 1970 into ISO 8601 text that keeps them exactly."""
    return _utc(time_us).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _snippet(text: str | None) -> str:
    """Shorten a text for a repr."""
    if text is None or len(text) <= _SNIPPET_CHARS:
        return repr(text)
    return repr(text[: _SNIPPET_CHARS - 3] + "...")


def _plain_vectors(vectors: Vectors | None) -> dict[str, list[float]] | None:
    return None if vectors is None else {name: v.tolist() for name, v in vectors.items()}


def _same_vectors(a: Vectors | None, b: Vectors | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.keys() == b.keys() and all(v.tobytes() == b[name].tobytes() for name, v in a.items())


class Record(_Frozen):
    """One record as it was at the commit that answered.

    Attributes:
        id: The record's name within its collection.
        text: Its text, or None.
        metadata: Its metadata; a copy, so changing it changes nothing in the file.
        created_us: Time of the first put, microseconds since 1970-01-01 UTC.
        updated_us: Time of the last put or update, the same unit.
        vectors: float32 ``(dimension,)`` arrays by space name, or None where they were not asked
            for.
    """

    __slots__ = ("created_us", "id", "metadata", "text", "updated_us", "vectors")

    id: str
    text: str | None
    metadata: dict[str, Any]
    created_us: int
    updated_us: int
    vectors: Vectors | None

    def __init__(
        self,
        id: str,
        text: str | None,
        metadata: dict[str, Any],
        created_us: int,
        updated_us: int,
        vectors: Vectors | None,
    ) -> None:
        """Make a record; readers do this for you."""
        _set(self, "id", id)
        _set(self, "text", text)
        _set(self, "metadata", metadata)
        _set(self, "created_us", created_us)
        _set(self, "updated_us", updated_us)
        _set(self, "vectors", vectors)

    @property
    def created(self) -> datetime:
        """Time of the first put, aware, UTC."""
        return _utc(self.created_us)

    @property
    def updated(self) -> datetime:
        """Time of the last put or update, aware, UTC."""
        return _utc(self.updated_us)

    def to_dict(self) -> dict[str, Any]:
        """Give the record as JSON-able data; vectors only where they were asked for."""
        plain: dict[str, Any] = {
            "id": self.id,
            "text": self.text,
            "metadata": self.metadata,
            "created": _iso(self.created_us),
            "updated": _iso(self.updated_us),
        }
        if self.vectors is not None:
            plain["vectors"] = _plain_vectors(self.vectors)
        return plain

    def __eq__(self, other: object) -> bool:
        """Compare every field, vectors bit by bit."""
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Record)
        return all(
            getattr(self, name) == getattr(other, name)
            for name in {*Record.__slots__, *type(self).__slots__}
            if name != "vectors"
        ) and _same_vectors(self.vectors, other.vectors)

    def __hash__(self) -> int:
        """Hash by id and time of update."""
        return hash((self.id, self.updated_us))

    def __repr__(self) -> str:
        """Show id, the start of the text, and metadata."""
        return f"Record(id={self.id!r}, text={_snippet(self.text)}, metadata={self.metadata!r})"


class Hit(Record):
    """One record that a query found. Frozen.

    Attributes:
        score: Higher is better. Its scale depends on the retrievers that ran (`Report.retrievers`):
            BM25 for lexical, the collection's metric for semantic, reciprocal rank for both.
        scores: The score of each retriever that found the record, by retriever name.
    """

    __slots__ = ("score", "scores")

    score: float
    scores: Mapping[str, float]

    def __init__(self, row: Row, score: float, scores: Mapping[str, float]) -> None:
        """Make a hit from a native row; queries do this for you."""
        super().__init__(*row)
        _set(self, "score", score)
        _set(self, "scores", scores)

    def to_dict(self) -> dict[str, Any]:
        """Give the hit as JSON-able data; vectors only where they were asked for."""
        record = super().to_dict()
        scored = {"id": record.pop("id"), "score": self.score, "scores": dict(self.scores)}
        return scored | record

    def __repr__(self) -> str:
        """Show id, score and the start of the text."""
        return f"Hit(id={self.id!r}, score={self.score:.4f}, text={_snippet(self.text)})"


class Report(_Frozen):
    """How a query was answered. Frozen.

    Attributes:
        mode: What was asked for: ``auto``, ``lexical``, ``semantic`` or ``hybrid``.
        retrievers: What ran, of ``lexical`` (BM25) and ``semantic`` (vectors).
        skipped: Why each retriever that did not run was left out, by its name.
        exact: Whether each hit list is the true one rather than an approximation.
        complete: False where fewer than k hits came back although more records match the filter
            than any single retriever that ran could see (records without text for lexical, without
            that vector for semantic). It errs towards False, never towards True.
        took_ms: Milliseconds for the whole query, the embedding of its text included.
        timings_ms: Milliseconds by stage.
        commit: The commit that answered.
        records: Records in the collection.
        matched: Records that the filter left; all of them where there is none.
        lexical_records: Records with text among those.
        semantic_records: Records with the vector that was searched among those.
    """

    __slots__ = (
        "commit",
        "complete",
        "exact",
        "lexical_records",
        "matched",
        "mode",
        "records",
        "retrievers",
        "semantic_records",
        "skipped",
        "timings_ms",
        "took_ms",
    )

    mode: str
    retrievers: tuple[str, ...]
    skipped: Mapping[str, str]
    exact: bool
    complete: bool
    took_ms: float
    timings_ms: Mapping[str, float]
    commit: int
    records: int
    matched: int
    lexical_records: int
    semantic_records: int

    def __init__(  # noqa: PLR0913 - one report has this many sides
        self,
        *,
        mode: str,
        retrievers: tuple[str, ...],
        skipped: Mapping[str, str],
        complete: bool,
        took_ms: float,
        timings_ms: Mapping[str, float],
        counts: Mapping[str, int],
    ) -> None:
        """Make a report; queries do this for you."""
        _set(self, "mode", mode)
        _set(self, "retrievers", retrievers)
        _set(self, "skipped", skipped)
        _set(self, "exact", True)
        _set(self, "complete", complete)
        _set(self, "took_ms", took_ms)
        _set(self, "timings_ms", timings_ms)
        for name in ("commit", "records", "matched", "lexical_records", "semantic_records"):
            _set(self, name, counts.get(name, 0))

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["retrievers"] = list(self.retrievers)
        return plain

    def __repr__(self) -> str:
        """Show what ran, what did not and why, and how true the answer is."""
        skipped = "".join(f", skipped {name}: {why}" for name, why in self.skipped.items())
        return (
            f"Report({'+'.join(self.retrievers) or 'nothing ran'}, exact={self.exact}, "
            f"complete={self.complete}, matched={self.matched}/{self.records}, "
            f"took_ms={self.took_ms:.3f}{skipped})"
        )


class Results(Sequence["Hit"]):
    """The hits of one query, best first (ties by id), with the `report` of how they were found."""

    __slots__ = ("_hits", "report")

    report: Report

    def __init__(self, hits: Sequence[Hit], report: Report) -> None:
        """Make results; queries do this for you."""
        self._hits = tuple(hits)
        self.report = report

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> Hit: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        """Give the hit at a rank, or the hits of a range of ranks."""
        return self._hits[index]

    def __len__(self) -> int:
        """Count the hits."""
        return len(self._hits)

    @property
    def ids(self) -> list[str]:
        """The ids of the hits, best first."""
        return [hit.id for hit in self._hits]

    def to_dict(self) -> dict[str, Any]:
        """Give hits and report as JSON-able data."""
        return {"hits": [hit.to_dict() for hit in self._hits], "report": self.report.to_dict()}

    def __repr__(self) -> str:
        """Show the hits and the report."""
        return f"Results({list(self._hits)!r}, {self.report!r})"
