"""Which retrievers a query runs, and what its report says.

Owns: the policy of `mode`. Mode ``auto`` runs what can run and says in `Report.skipped` why the
rest did not; a mode that was named runs or is an error. Invariant: nothing is dropped silently.
Opposite side: `engram._native.View.query` runs what is decided here.
"""

from __future__ import annotations

from time import perf_counter

from engram._native import LIMITS
from engram.checks import optional_str
from engram.embed.calling import embed_query
from engram.errors import InvalidInput
from engram.results import Hit, Report, Results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from engram._native import View
    from engram.types import Embedder, Missing, Mode, Vector

    Dense = tuple[str, str | None, Any]

__all__ = ["Request", "run"]

TEXT_SPACE = "text"
"""The vector space that holds what the collection's embedder made from texts."""

VECTOR_SPACE = "vector"
"""The vector space of ``vector=``."""

_MODES = ("auto", "lexical", "semantic", "hybrid")
_MS_PER_S = 1e3


class Request:
    """The arguments of one query, checked for what can be checked without the file."""

    __slots__ = ("ignore_missing", "k", "mode", "text", "vector", "vector_name", "vectors", "where")

    def __init__(  # noqa: PLR0913 - one query has this many sides
        self,
        *,
        text: str | None,
        vector: Vector | None,
        vector_name: str | None,
        where: str | None,
        k: int,
        mode: Mode,
        missing: Missing,
        vectors: bool,
    ) -> None:
        """Check and keep the arguments of `Collection.query`."""
        optional_str(text, "text")
        if mode not in _MODES:
            raise InvalidInput(
                "input.invalid", f"unknown mode {mode!r}", f"one of: {', '.join(_MODES)}"
            )
        has_text = text is not None and not text.isspace() and text != ""
        if not has_text and vector is None:
            raise InvalidInput(
                "query.empty",
                "the query has neither text nor vector",
                "pass text=... or vector=..., or use iterate(where=...) to list records",
            )
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= LIMITS["k"]:
            raise InvalidInput(
                "input.limit" if isinstance(k, int) else "input.invalid",
                f"k is {k!r}, outside 1 to {LIMITS['k']}",
                "ask for at least one hit; iterate(where=...) lists all records",
            )
        self.text = text if has_text else None
        self.vector = vector
        self.vector_name = optional_str(vector_name, "vector_name")
        self.where = optional_str(where, "where")
        self.k = k
        self.mode = mode
        self.ignore_missing = ignore_missing(missing)
        self.vectors = vectors
        self._check_mode()

    def _check_mode(self) -> None:
        """Refuse arguments that the named mode would not use, or cannot do without."""
        if self.mode in {"lexical", "hybrid"} and self.text is None:
            raise InvalidInput(
                "input.invalid", f"mode {self.mode!r} needs text", "pass text=..., or mode='auto'"
            )
        if self.mode == "lexical" and (self.vector is not None or self.vector_name is not None):
            raise InvalidInput(
                "input.invalid",
                "mode 'lexical' uses no vector",
                "drop vector= and vector_name=, or use mode='hybrid'",
            )
        if self.mode == "semantic" and self.text is not None and self.vector is not None:
            raise InvalidInput(
                "input.invalid",
                "mode 'semantic' takes text or vector, not both",
                "drop one of them, or use mode='hybrid' to match the text by its words",
            )


def ignore_missing(missing: Missing) -> bool:
    """Turn the `missing` argument into the native flag."""
    if missing not in {"error", "ignore"}:
        raise InvalidInput("input.invalid", f"unknown missing={missing!r}", "one of: error, ignore")
    return missing == "ignore"


def run(view: View, collection: str, embedder: Embedder | None, request: Request) -> Results:
    """Answer a query from one view."""
    started = perf_counter()
    described = view.describe(collection)
    skipped: dict[str, str] = {}
    if described is None:
        skipped = dict.fromkeys(("lexical", "semantic"), "the collection does not exist yet")
        counts = {"commit": view.commit}
        return Results((), _report(request, (), skipped, {}, started, counts, 0))
    spaces = [space["name"] for space in described["spaces"] if space["records"]]
    lexical = _lexical(request, skipped)
    embed_started = perf_counter()
    dense = _dense(request, spaces, described["records"], embedder, skipped)
    embedded_ms = (perf_counter() - embed_started) * _MS_PER_S
    if lexical is None and dense is None:
        counts = {"commit": view.commit, "records": described["records"]}
        counts["matched"] = view.count(collection, request.where, request.ignore_missing)
        return Results((), _report(request, (), skipped, {}, started, counts, 0))
    rows, native = view.query(
        collection,
        lexical,
        dense,
        request.where,
        request.ignore_missing,
        request.k,
        request.vectors,
    )
    hits = [Hit(row, score, _scores(scores)) for row, score, scores in rows]
    ran = tuple(
        name for name, what in (("lexical", lexical), ("semantic", dense)) if what is not None
    )
    timings = {stage: us / _MS_PER_S for stage, us in native["took_us"].items()}
    if dense is not None and request.vector is None:
        timings["embed"] = embedded_ms
    counts = {name: native[name] for name in ("commit", "records", "matched")}
    counts["lexical_records"] = native["lexical_records"] if lexical is not None else 0
    counts["semantic_records"] = native["dense_records"] if dense is not None else 0
    return Results(hits, _report(request, ran, skipped, timings, started, counts, len(hits)))


def _scores(native: dict[str, float]) -> dict[str, float]:
    """Name the retrievers as the public side does."""
    return {("semantic" if name == "dense" else name): score for name, score in native.items()}


def _lexical(request: Request, skipped: dict[str, str]) -> str | None:
    """Decide on the lexical retriever: the text it searches for, or None."""
    if request.mode == "semantic":
        skipped["lexical"] = "mode is semantic"
        return None
    if request.text is None:
        skipped["lexical"] = "the query has no text"
    return request.text


def _dense(
    request: Request,
    spaces: list[str],
    records: int,
    embedder: Embedder | None,
    skipped: dict[str, str],
) -> Dense | None:
    """Decide on the semantic retriever: space, identity and vector, or None."""
    if request.mode == "lexical":
        skipped["semantic"] = "mode is lexical"
        return None
    by_text = request.vector is None
    space = request.vector_name or (TEXT_SPACE if by_text else VECTOR_SPACE)
    auto = request.mode == "auto"
    if by_text and embedder is None:
        if not auto:
            raise InvalidInput(
                "embedder.missing",
                f"mode {request.mode!r} needs a vector for the text, and there is no embedder",
                "open the database with an embedder, pass vector=..., or use mode='lexical'",
            )
        skipped["semantic"] = "the query has no vector, and there is no embedder to make one"
        return None
    if space not in spaces:
        asked = request.vector_name is not None or not by_text
        if asked and records and spaces:
            raise InvalidInput(
                "input.invalid",
                f"no record has a vector named {space!r}",
                f"the vector spaces of this collection: {', '.join(spaces)} (vector_name=...)",
            )
        skipped["semantic"] = f"no record has a vector named {space!r}"
        return None
    if request.vector is not None:
        return (space, None, request.vector)
    assert embedder is not None and request.text is not None  # noqa: PT018 - one invariant
    vector = embed_query(embedder, request.text)
    if vector is None:
        skipped["semantic"] = "the embedder knows no word of the text"
        return None
    return (space, embedder.identity.to_json(), vector)


def _report(  # noqa: PLR0913 - one report has this many sides
    request: Request,
    ran: tuple[str, ...],
    skipped: dict[str, str],
    timings_ms: dict[str, float],
    started: float,
    counts: dict[str, int],
    hits: int,
) -> Report:
    """Write the report; `Report.complete` is defined in its class."""
    seen = max(counts.get("lexical_records", 0), counts.get("semantic_records", 0))
    return Report(
        mode=request.mode,
        retrievers=ran,
        skipped=skipped,
        complete=hits >= request.k or counts.get("matched", 0) <= seen,
        took_ms=(perf_counter() - started) * _MS_PER_S,
        timings_ms=timings_ms,
        counts=counts,
    )
