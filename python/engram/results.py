"""What a query gives back: hits, and the report that says how they were found.

Owns: `Hit`, `Results`, `Report`. Hits and report are made when somebody looks: an answer costs no
more than what is read of it. Opposite side: `engram._native.Answer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engram.records import Frozen, Record, snippet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload

    from engram._native import Answer, Row
    from engram.faceting import Facet
    from engram.query import Query
    from engram.snippets import Snippet

__all__ = ["Hit", "Report", "Results"]

_set = object.__setattr__
_MS_PER_S = 1e3


class Hit(Record):
    """One record that a query found. Frozen.

    What `Query.include` left out cannot be read: the attribute says so.

    Attributes:
        score: Higher is better. Its scale depends on the retrievers that ran (`Report.retrievers`):
            BM25 for lexical, the collection's metric for semantic, and for several the fused score,
            from 0 to 1 in a convex sum.
        scores: The score by each retriever, by name, where the record has what it compares; and by
            each reranker (``rerank``), whose score is the hit's.
        snippets: Pieces of its text that show best what the query looks for, best first; empty
            unless the query asked for ``snippets``, or where the record has no text.
    """

    __slots__ = ("score", "scores", "snippets")

    score: float
    scores: Mapping[str, float]
    snippets: tuple[Snippet, ...]

    def __init__(
        self,
        row: Row,
        score: float,
        scores: Mapping[str, float],
        snippets: Sequence[tuple[str, int, int, list[tuple[int, int]]]] = (),
        flags: tuple[bool, bool, bool] = (True, True, True),
    ) -> None:
        """Make a hit from a native row; queries do this for you."""
        with_text, with_metadata, _ = flags
        _set(self, "id", row[0])
        if with_text:
            _set(self, "text", row[1])
        if with_metadata:
            _set(self, "metadata", row[2])
            _set(self, "created_us", row[3])
            _set(self, "updated_us", row[4])
        _set(self, "vectors", row[5])
        _set(self, "score", score)
        _set(self, "scores", scores)
        _set(self, "snippets", _snippets(snippets) if snippets else ())

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Say why a part of the record is not there."""
            if name not in Record.__slots__:
                raise AttributeError(f"a hit has no attribute {name!r}")
            part = "text" if name == "text" else "metadata"
            raise AttributeError(f"{name} was not asked for: add {part!r} to include=")

    def to_dict(self) -> dict[str, Any]:
        """Give the hit as JSON-able data, without what was not asked for."""
        plain: dict[str, Any] = {"id": self.id, "score": self.score, "scores": dict(self.scores)}
        if hasattr(self, "text"):
            plain["text"] = self.text
        if self.snippets:
            plain["snippets"] = [one.to_dict() for one in self.snippets]
        if hasattr(self, "metadata"):
            plain |= self._dated()
        if self.vectors is not None:
            plain["vectors"] = self._plain_vectors()
        return plain

    def __repr__(self) -> str:
        """Show id, score and the start of the text."""
        text = f", text={snippet(self.text)}" if hasattr(self, "text") else ""
        return f"Hit(id={self.id!r}, score={self.score:.4f}{text})"


def _snippets(
    native: Sequence[tuple[str, int, int, list[tuple[int, int]]]],
) -> tuple[Snippet, ...]:
    """Make snippets; the module is loaded by the first of them."""
    from engram.snippets import Snippet

    return tuple(Snippet(*one) for one in native)


class Report(Frozen):
    """How a query was answered. Frozen.

    Attributes:
        mode: What was asked for: ``auto``, ``lexical``, ``semantic`` or ``hybrid``.
        retrievers: What ran: ``lexical`` (BM25), ``semantic``, and the vectors by name.
        skipped: Why each retriever that did not run was left out, by its name.
        searched: How many of the matched records each retriever could compare: those with text,
            with that vector. The rest is in no list of its hits.
        weights: The share of each retriever in a convex sum, from 0 to 1.
        exact: Whether each retriever gave the true best rather than an approximation.
        complete: False where fewer than k hits came back although more may fit: because records
            match the filter that no retriever could compare, or because the candidates ended. It
            errs towards False, never towards True.
        unembedded: Matched records without the vector that semantic search looks at; 0 where it
            did not run.
        took_ms: Milliseconds for the whole query, the embedding of its text included.
        timings_ms: Milliseconds by step, in order.
        steps: ``(name, rows left after it, milliseconds)`` in order.
        notes: How each retriever went about it, by its name; and what each reranker did, under
            ``rerank``, or ``rerank 1`` and so on where there are several.
        commit: The commit that answered.
        records: Records in the collection.
        matched: Records that the filter left; all of them where there is none.
    """

    __slots__ = (
        "commit",
        "complete",
        "exact",
        "matched",
        "mode",
        "notes",
        "records",
        "retrievers",
        "searched",
        "skipped",
        "steps",
        "timings_ms",
        "took_ms",
        "unembedded",
        "weights",
    )

    mode: str
    retrievers: tuple[str, ...]
    skipped: Mapping[str, str]
    searched: Mapping[str, int]
    weights: Mapping[str, float]
    exact: bool
    complete: bool
    unembedded: int
    took_ms: float
    timings_ms: Mapping[str, float]
    steps: tuple[tuple[str, int, float], ...]
    notes: Mapping[str, Mapping[str, str]]
    commit: int
    records: int
    matched: int

    def __init__(self, **facts: Any) -> None:
        """Make a report; queries do this for you."""
        for name in self.__slots__:
            _set(self, name, facts[name])

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["retrievers"] = list(self.retrievers)
        plain["steps"] = [list(step) for step in self.steps]
        return plain

    def explain(self) -> str:
        """Write the plan: each step with its rows and time, each retriever with its facts."""
        lines = [f"{name:<12} {rows:>9,} rows {ms:>9.3f} ms" for name, rows, ms in self.steps]
        for name in self.retrievers:
            facts = [f"searched {self.searched[name]:,}", f"weight {self.weights[name]:.2f}"]
            facts += [f"{key} {value}" for key, value in self.notes[name].items()]
            lines.append(f"{name}: {', '.join(facts)}")
        for name in sorted(self.notes.keys() - set(self.retrievers)):
            facts = [f"{key} {value}" for key, value in self.notes[name].items()]
            lines.append(f"{name}: {', '.join(facts)}")
        lines += [f"skipped {name}: {why}" for name, why in self.skipped.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Show what ran, what did not and why, and how true the answer is."""
        skipped = "".join(f", skipped {name}: {why}" for name, why in self.skipped.items())
        return (
            f"Report({'+'.join(self.retrievers) or 'nothing ran'}, exact={self.exact}, "
            f"complete={self.complete}, matched={self.matched}/{self.records}, "
            f"took_ms={self.took_ms:.3f}{skipped})"
        )


class Answered:
    """A query, its native answer, and what only the Python side knows of it."""

    __slots__ = ("answer", "counted", "embed_s", "ended", "facts", "query", "skipped", "started")

    def __init__(  # noqa: PLR0913 - one answer has this many sides
        self,
        query: Query,
        answer: Answer | None,
        skipped: Mapping[str, str],
        embed_s: float,
        started: float,
        ended: float,
        facts: Mapping[str, int] | None = None,
        counted: Sequence[tuple[list[tuple[Any, int]], int]] = (),
    ) -> None:
        self.query = query
        self.answer = answer
        self.skipped = skipped
        self.embed_s = embed_s
        self.started = started
        self.ended = ended
        self.facts = facts
        self.counted = counted

    def hits(self) -> tuple[Hit, ...]:
        """Make the hits."""
        answer, flags = self.answer, self.query.flags
        if answer is None:
            return ()
        return tuple(Hit(*answer.hit(i), flags) for i in range(len(answer)))

    def facets(self) -> dict[str, Facet]:
        """Make the facets."""
        if self.query.facets is None:
            return {}
        from engram.faceting import named

        counted = self.counted if self.answer is None else self.answer.facets()
        return named(self.query.facets[0], counted)

    def report(self) -> Report:
        """Make the report."""
        native: Mapping[str, Any] = (
            self.facts if self.answer is None else self.answer.report()
        ) or {}
        ran = native.get("retrievers", ())
        searched = {one["name"]: one["records"] for one in ran}
        total = sum(one["weight"] for one in ran) or 1.0
        steps = [(name, rows, us / _MS_PER_S) for name, rows, us in native.get("steps", ())]
        timings = {name: ms for name, _, ms in steps}
        if self.embed_s:
            timings["embed"] = self.embed_s * _MS_PER_S
        hits = 0 if self.answer is None else len(self.answer)
        matched = native["matched"]
        seen = max(searched.values(), default=0)
        unembedded = matched - searched["semantic"] if "semantic" in searched else 0
        return Report(
            mode=self.query.mode,
            retrievers=tuple(searched),
            skipped=self.skipped,
            searched=searched,
            weights={one["name"]: one["weight"] / total for one in ran},
            exact=all(one["exact"] for one in ran),
            complete=hits >= self.query.k
            or (matched <= seen and not native.get("cut_short", False)),
            unembedded=unembedded,
            took_ms=(self.ended - self.started) * _MS_PER_S,
            timings_ms=timings,
            steps=tuple(steps),
            notes={one["name"]: one["notes"] for one in ran},
            commit=native["commit"] if self.answer is None else self.answer.commit,
            records=native["records"],
            matched=matched,
        )


class Results(Sequence["Hit"]):
    """The hits of one query, best first (ties by id), with the `report` of how they were found."""

    __slots__ = ("_answered", "_facets", "_hits", "_report")

    def __init__(self, answered: Answered) -> None:
        """Make results; queries do this for you."""
        self._answered: Answered | None = answered
        self._hits: tuple[Hit, ...] | None = None
        self._report: Report | None = None
        self._facets: dict[str, Facet] | None = None

    @property
    def facets(self) -> Mapping[str, Facet]:
        """The counts of values that the query asked for, by field; empty where it did not."""
        if self._facets is None:
            assert self._answered is not None
            self._facets = self._answered.facets()
        return self._facets

    @property
    def report(self) -> Report:
        """How the hits were found."""
        if self._report is None:
            assert self._answered is not None
            self._report = self._answered.report()
        return self._report

    @property
    def ids(self) -> list[str]:
        """The ids of the hits, best first."""
        answer = self._native()
        return answer.ids() if answer is not None else [hit.id for hit in self._all()]

    @property
    def scores(self) -> list[float]:
        """The scores of the hits, best first."""
        answer = self._native()
        return answer.scores() if answer is not None else [hit.score for hit in self._all()]

    @property
    def cursor(self) -> str | None:
        """Where the next page starts, for ``query(..., cursor=)``; None where this is the last."""
        answer = self._native()
        report = None if answer is None else answer.report()
        if answer is None or report is None or self._answered is None or not report["more"]:
            return None
        from engram.paging import token

        return token(self._answered.query, len(answer), report["candidates"])

    def _native(self) -> Answer | None:
        return self._answered.answer if self._answered is not None else None

    def _all(self) -> tuple[Hit, ...]:
        if self._hits is None:
            assert self._answered is not None
            self._hits = self._answered.hits()
        return self._hits

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> Hit: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        """Give the hit at a rank, or the hits of a range of ranks."""
        return self._all()[index]

    def __len__(self) -> int:
        """Count the hits."""
        answer = self._native()
        return len(answer) if answer is not None else len(self._hits or ())

    def to_dict(self) -> dict[str, Any]:
        """Give hits and report as JSON-able data."""
        plain: dict[str, Any] = {"hits": [hit.to_dict() for hit in self]}
        if self.facets:
            plain["facets"] = {name: facet.to_dict() for name, facet in self.facets.items()}
        return plain | {"report": self.report.to_dict()}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle hits and report."""
        return (_thaw_results, (self._all(), self.report, self.facets))

    def __repr__(self) -> str:
        """Show the hits and the report."""
        return f"Results({list(self)!r}, {self.report!r})"


def _thaw_results(
    hits: tuple[Hit, ...], report: Report, facets: dict[str, Facet] | None = None
) -> Results:
    """Make results again from their parts, for pickling."""
    results = Results.__new__(Results)
    results._answered, results._hits, results._report = None, hits, report
    results._facets = facets or {}
    return results
