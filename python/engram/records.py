"""Records as reading gives them back.

Owns: `Record`, and the base of frozen values. They are slotted and written out rather than made by
`dataclasses`, whose import alone would cost a third of the time that opening a file and answering a
query may take. Opposite side: rows come from `engram._native.View`.
"""

from __future__ import annotations

from engram.json_values import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any, NoReturn

    Vectors = Mapping[str, Any]

__all__ = ["Record"]

_set = object.__setattr__
_SNIPPET_CHARS = 60


class Frozen:
    """A value object: attributes are set once, by the constructor."""

    __slots__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name!r}")

    def __copy__(self) -> object:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        names = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        names = [name for name in names if hasattr(self, name)]
        values = tuple(getattr(self, name) for name in names)
        return (_thaw, (type(self), names, values))


def _thaw(kind: type[Frozen], names: Sequence[str], values: Sequence[object]) -> Frozen:
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


def snippet(text: str | None) -> str:
    """Shorten a text for a repr."""
    if text is None or len(text) <= _SNIPPET_CHARS:
        return repr(text)
    return repr(text[: _SNIPPET_CHARS - 3] + "...")


def plain(vector: Any) -> Any:
    """Give an embedding as JSON-able data."""
    return vector if isinstance(vector, dict) else vector.tolist()


def _same_vectors(a: Vectors | None, b: Vectors | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.keys() == b.keys() and all(_bits(v) == _bits(b[name]) for name, v in a.items())


def _bits(vector: Any) -> object:
    return vector if isinstance(vector, dict) else (vector.shape, vector.tobytes())


class Record(Frozen):
    """One record as it was at the commit that answered.

    Attributes:
        id: The record's name within its collection.
        text: Its text, or None.
        metadata: Its metadata; a copy, so changing it changes nothing in the file.
        created_us: Time of the first put, microseconds since 1970-01-01 UTC.
        updated_us: Time of the last put or update, the same unit.
        vectors: By space name: a float32 array ``(dimension,)``, ``(tokens, dimension)`` for a
            multi-vector, a dict of weights for a sparse one; None where they were not asked for.
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
        """Give the record as JSON-able data; vectors only where they were asked for.

        Bytes in the metadata become ``{"$bytes": "<base64>"}``.
        """
        plain: dict[str, Any] = {"id": self.id, "text": self.text, **self._dated()}
        if self.vectors is not None:
            plain["vectors"] = self._plain_vectors()
        return plain

    def _dated(self) -> dict[str, Any]:
        return {
            "metadata": to_json(self.metadata),
            "created": _iso(self.created_us),
            "updated": _iso(self.updated_us),
        }

    def _plain_vectors(self) -> dict[str, Any] | None:
        """Give the vectors as lists and dicts."""
        vectors = self.vectors
        return None if vectors is None else {name: plain(v) for name, v in vectors.items()}

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
        return f"Record(id={self.id!r}, text={snippet(self.text)}, metadata={self.metadata!r})"
