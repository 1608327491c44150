"""What a search of a memory gives back.

Owns: `Found`, `About` and `Finds`, and how they are read from the engine's hits. Invariant: offsets
are into the document's text: ``memory.get(found.document.id).text[found.start:found.end]`` is
`Found.text`, and so are those of snippets and marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from engram.memory.layout import RESERVED
from engram.results import Report
from engram.snippets import Snippet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from engram.access import AccessContext
    from engram.memory.when import Span
    from engram.results import Hit, Results

__all__ = ["About", "Finds", "Found", "found_of"]

_PLACE = (
    "page",
    "slide",
    "sheet",
    "rows",
    "section",
    "attachment",
    "path",
    "table",
    "row",
    "image",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which document something is from. Frozen; the attributes are those of `Stored`."""

    id: str
    uri: str | None = None
    title: str | None = None
    label: str | None = None
    kind: str | None = None
    track: str | None = None
    tags: tuple[str, ...] = ()
    timestamp: str | None = None

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> About:
        """Read what is under the reserved key."""
        names = [name for name in cls.__slots__ if name != "tags" and name in about]
        return cls(tags=tuple(about.get("tags", ())), **{name: about[name] for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data, without what is not known."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["tags"] = list(self.tags)
        return {name: value for name, value in plain.items() if value not in (None, [])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage that a search found. Frozen.

    Attributes:
        id: The id of the passage.
        score: Higher is better; see `engram.Hit.score`.
        scores: The score by each retriever, by name.
        text: The passage, exactly.
        document: Which document it is from.
        start: Where it starts in the document's text, in characters.
        end: Where it ends.
        position: Which passage of the document it is, from 0.
        page: Its page, from 1, where the document has pages.
        place: Where it is in the file: those of ``page``, ``slide``, ``sheet``, ``rows``,
            ``section``, ``attachment`` and ``path`` (headings) that are known; for a row of a table
            (`Memory.put_tables`) ``table`` and ``row``, and it has no range of the document's text.
        snippets: Pieces of it that show best what was looked for, best first, with the words
            marked; offsets are into the document's text.
        metadata: The metadata that the document was put with.
    """

    id: str
    score: float
    scores: Mapping[str, float] = field(repr=False)
    text: str
    document: About
    start: int
    end: int
    position: int
    page: int | None
    place: Mapping[str, Any] = field(repr=False)
    snippets: tuple[Snippet, ...] = field(repr=False)
    metadata: Mapping[str, Any] = field(repr=False)

    @property
    def uri(self) -> str | None:
        """The uri of its document."""
        return self.document.uri

    @property
    def title(self) -> str | None:
        """The title of its document."""
        return self.document.title

    @property
    def snippet(self) -> Snippet | None:
        """The piece of it that shows best what was looked for."""
        return self.snippets[0] if self.snippets else None

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {
            "id": self.id,
            "score": self.score,
            "scores": dict(self.scores),
            "text": self.text,
            "document": self.document.to_dict(),
            "start": self.start,
            "end": self.end,
            "position": self.position,
            **self.place,
            "snippets": [one.to_dict() for one in self.snippets],
            "metadata": dict(self.metadata),
        }


def found_of(hit: Hit, snippets: int, whole: str | None = None) -> Found:
    """Read a hit.

    Args:
        hit: The hit.
        snippets: Most snippets.
        whole: The document's text, where what is searched (``search_text``) is no part of it.
    """
    about: Mapping[str, Any] = hit.metadata[RESERVED]
    context, start, end = about["context"], about["start"], about["end"]
    text = (hit.text or "")[context:] if whole is None else whole[start:end]
    pieces = [_moved(one, context, start) for one in hit.snippets]
    if whole is not None and hit.snippets:
        length = max(piece.end - piece.start for piece in hit.snippets)
        pieces = [Snippet(text[:length], start, start + len(text[:length]), [])]
    return Found(
        id=hit.id,
        score=hit.score,
        scores=hit.scores,
        text=text,
        document=About.of(about),
        start=start,
        end=end,
        position=about["position"],
        page=about.get("page"),
        place={name: about[name] for name in _PLACE if name in about},
        snippets=tuple(one for one in pieces if one is not None)[:snippets],
        metadata={key: value for key, value in hit.metadata.items() if key != RESERVED},
    )


def _moved(piece: Snippet, context: int, start: int) -> Snippet | None:
    """Move a piece of a record's text into the document's; None where it is no part of that."""
    cut = max(context - piece.start, 0)
    text = piece.text[cut:]
    if not text.strip():
        return None
    shift = start - context
    marks = [(a + shift, b + shift) for a, b in piece.marks if a >= context]
    return Snippet(text, piece.start + cut + shift, piece.end + shift, marks)


class Finds(Sequence[Found]):
    """What a search found, best first, with how it was found.

    Attributes:
        mode: What ran: ``"lexical"``, ``"semantic"`` or ``"hybrid"`` (both); ``"none"`` where
            there was nothing to search.
        skipped: Why each retriever that did not run was left out, by its name.
        report: How the engine answered.
        cursor: Where the next page starts, for ``find(..., cursor=)``; None where this is the last.
        when: The span of time that `when` asked for, and the words that say it; else None.
        cut: Why the list ends where it ends, where it was cut adaptively; else None.
        hidden: Ids of the passages in the list that who asks may not see, where `AccessContext`
            only audits; None without one.
    """

    __slots__ = ("_found", "cursor", "cut", "hidden", "mode", "report", "skipped", "when")

    mode: str
    skipped: dict[str, str]
    report: Report
    cursor: str | None
    cut: str | None
    when: Span | None
    hidden: tuple[str, ...] | None

    def __init__(
        self,
        found: Sequence[Found],
        results: Results,
        *,
        skipped: Mapping[str, str] | None = None,
        cut: str | None = None,
        access: AccessContext | None = None,
    ) -> None:
        """Make it; `Memory.find` does this for you."""
        self._found = tuple(found)
        self.report = results.report
        self.hidden = None
        if access is not None and access.enforced:
            self.report = of_the_visible(results.report)
        elif access is not None:
            lists = ((hit.id, hit.metadata[RESERVED].get("access")) for hit in results)
            self.hidden = tuple(name for name, listed in lists if not access.allows(listed))
        self.cursor = results.cursor
        self.skipped = {**self.report.skipped, **(skipped or {})}
        self.mode = mode_of(self.report.retrievers)
        self.cut = cut
        self.when = None

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Found]: ...
    def __getitem__(self, index: int | slice) -> Found | Sequence[Found]:
        """Give what was found at a rank, or at a range of ranks."""
        return self._found[index]

    def __len__(self) -> int:
        """Count what was found."""
        return len(self._found)

    @property
    def ids(self) -> list[str]:
        """The ids of the passages, best first."""
        return [found.id for found in self._found]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {
            "hits": [found.to_dict() for found in self._found],
            "mode": self.mode,
            "skipped": dict(self.skipped),
            "cursor": self.cursor,
            "cut": self.cut,
            "when": None if self.when is None else self.when.to_dict(),
            "hidden": None if self.hidden is None else list(self.hidden),
            "report": self.report.to_dict(),
        }

    def __repr__(self) -> str:
        """Show what was found, and how."""
        return f"Finds({self.mode}, {list(self._found)!r})"


def of_the_visible(report: Report) -> Report:
    """Give a report that counts nothing but what the filter left."""
    facts = {name: getattr(report, name) for name in report.__slots__}
    return Report(**facts | {"records": report.matched, "notes": {}})


def mode_of(retrievers: Sequence[str]) -> str:
    """Name what ran."""
    lexical = "lexical" in retrievers
    if len(retrievers) > lexical:
        return "hybrid" if lexical else "semantic"
    return "lexical" if lexical else "none"
