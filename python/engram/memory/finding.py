"""Finding passages in a memory.

Owns: `Finding`: `find`, what its modes mean, and how its conditions become one filter. Invariant:
nothing that was asked for is dropped: what cannot run is an error, or in mode ``auto`` is named
with its reason in `Finds.skipped`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engram.embed.calling import embed_query
from engram.errors import InvalidInput
from engram.filtering import filter_text, list_text, quoted
from engram.memory.base import Base
from engram.memory.conditions import conditions, joined
from engram.memory.cutoffs import adaptive_of, cut
from engram.memory.finds import Finds, found_of
from engram.memory.inputs import as_identity
from engram.memory.layout import DOC_ID, RESERVED
from engram.memory.seeing import IMAGE, IMAGE_SPACE, has_images, image_query
from engram.memory.when import found_in, span_in_words
from engram.paging import resume
from engram.planning import TEXT_SPACE
from engram.query import Query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from engram.access import AccessContext
    from engram.embed.identity import Identity
    from engram.memory.cutoffs import Strategy
    from engram.memory.moments import Moment
    from engram.memory.when import Span
    from engram.results import Hit, Results
    from engram.types import Embedder, Missing, Reranker, Vector, Where

__all__ = ["Finding", "Mode"]

Mode = Literal["auto", "lex", "sem", "lexical", "semantic", "hybrid"]
"""How to search: by words (``lex``, ``lexical``), by meaning (``sem``, ``semantic``), by both
(``hybrid``), or by whatever is there (``auto``)."""

_MODES: dict[str, Literal["auto", "lexical", "semantic", "hybrid"]] = {
    "auto": "auto",
    "lex": "lexical",
    "lexical": "lexical",
    "sem": "semantic",
    "semantic": "semantic",
    "hybrid": "hybrid",
}
SNIPPET_CHARS = 480
"""Characters of a snippet unless told otherwise."""


class Finding(Base):
    """The verbs that search."""

    def find(  # noqa: PLR0913 - a search has this many sides
        self,
        query: str | None = None,
        *,
        k: int | None = None,
        mode: Mode = "auto",
        scope: str | None = None,
        where: Where | None = None,
        missing: Missing = "error",
        tags: Sequence[str] = (),
        since: Moment | None = None,
        until: Moment | None = None,
        when: str | bool | None = None,
        as_of: str | int | datetime | None = None,
        cursor: str | None = None,
        snippet_chars: int = SNIPPET_CHARS,
        snippets: int = 1,
        per_document: int | None = None,
        adaptive: bool = False,
        min_relevancy: float | None = None,
        max_k: int | None = None,
        adaptive_strategy: Strategy | None = None,
        rerank: Reranker | Sequence[Reranker] | None = None,
        rerank_depth: int | Sequence[int] | None = None,
        query_embedding: Vector | None = None,
        query_embedding_identity: Identity | Mapping[str, Any] | str | None = None,
        embedder: Embedder | None = None,
        image: Any = None,
        kind: str | None = None,
        access: AccessContext | None = None,
    ) -> Finds:
        """Find the passages that answer a question best.

        Args:
            query: What to look for, in words; left out where `image` is given.
            k: Most passages, 1 or more; 10 unless given.
            mode: ``"auto"`` searches by words and by meaning where both can be, and says in
                `Finds.mode` what ran; ``"lex"`` by words; ``"sem"`` by meaning; ``"hybrid"`` by
                both, or fails.
            scope: Only documents whose uri starts so.
            where: A filter over the documents' metadata, and over ``doc.title``, ``doc.kind`` and
                the like (`engram.memory.layout.DOCUMENT_KEYS`).
            missing: ``"error"`` refuses a filter on a field that nothing has; ``"ignore"`` lets it
                match nothing.
            tags: Only documents that have all of these.
            since: Only documents from that moment on: an aware datetime, a date, ISO 8601 text, or
                seconds since 1970.
            until: Only documents from before that moment.
            when: Only documents from then, in words such as ``"last week"`` or ``"in March 2024"``;
                True looks for such words in the query and takes them out of it (`Finds.when`).
            as_of: Search the memory as it was: a commit number, a moment or a snapshot's name.
            cursor: `Finds.cursor` of the page before.
            snippet_chars: Characters of a snippet; 0 for no snippets.
            snippets: How many snippets of each passage, 1 or more.
            per_document: Most passages of one document.
            adaptive: Whether the scores decide how many passages there are, up to `max_k`.
            min_relevancy: What a passage's score must have, by the strategy: a share of the best
                score (``relative``, ``combined``) or of the one before it (``cliff``), or so much
                (``absolute``). 0.7 unless given.
            max_k: Most passages of an adaptive list; 100 unless given.
            adaptive_strategy: ``"relative"``, ``"absolute"``, ``"cliff"``, ``"elbow"`` (where the
                scores bend), or ``"combined"``, the default: relative, and no fall in one step to
                below 0.75 of the score before. `Finds.cut` says what ended the list.
            rerank: What looks at the first hits again; see `engram.rerank`.
            rerank_depth: How many hits it looks at.
            query_embedding: A vector to look for in the place of the one that would be made.
            query_embedding_identity: Which model made it; another one than made the passages'
                vectors is refused.
            embedder: What embeds the query, for this search alone.
            image: Look for images like this: a path, the bytes of an image file, or a PIL image.
            kind: Only documents of that kind; ``"image"`` looks for images that show what the query
                says (see `Memory.put_images`).
            access: Who asks; only what they may see is searched, and with ``mode="audit"`` what
                they may not is named in `Finds.hidden`. A filter on a field that nothing visible
                has matches nothing: an error would tell that something hidden has it.

        Raises:
            InvalidInput: ``embedder.missing`` where `mode` needs a vector and nothing can make it,
                ``embedder.mismatch``, ``input.dimension``, ``query.empty``, ``input.invalid``,
                ``filter.syntax``, ``filter.unknown_field``.
            NotFound: ``history.not_retained``, ``snapshot.not_found``.
        """
        if mode not in _MODES:
            raise InvalidInput(
                "input.invalid", f"unknown mode {mode!r}", f"one of: {', '.join(_MODES)}"
            )
        engine_mode = _MODES[mode]
        how = adaptive_of(adaptive, min_relevancy, max_k, adaptive_strategy)
        if how is not None and (k is not None or cursor is not None):
            raise InvalidInput(
                "input.invalid",
                f"{'cursor' if k is None else 'k'} with adaptive: the scores end the list",
                "max_k says how many there are at most",
            )
        looks = image is not None or kind == IMAGE
        if looks and (engine_mode not in {"auto", "semantic"} or query_embedding is not None):
            raise InvalidInput(
                "input.invalid", "images are found by their own vectors", "leave out mode"
            )
        query, span = _in_query(query or "", when)
        own = conditions(scope, tags, since, until, span)
        if kind is not None and kind != IMAGE:
            own.append(f"{RESERVED}.kind = {quoted(kind)}")
        own += self._access_filters(access, as_of)
        asked_for = self._filter(where, as_of)
        space = IMAGE_SPACE if looks else TEXT_SPACE
        engine_mode = "semantic" if looks else engine_mode
        vector, by, skipped = (
            (image_query(self, query, image), None, dict[str, str]())
            if looks
            else self._query_vector(
                query, engine_mode, query_embedding, query_embedding_identity, embedder, as_of
            )
        )
        asked = Query(
            None if engine_mode == "semantic" and vector is not None else query,
            vector=vector,
            vector_name=None if engine_mode == "lexical" else space,
            where=joined([asked_for, *own]),
            k=how.most if how is not None else 10 if k is None else k,
            mode="auto" if vector is None and engine_mode == "semantic" else engine_mode,
            rerank=rerank,
            rerank_depth=rerank_depth,
            group_by=None if per_document is None else f"{RESERVED}.id",
            group_size=per_document or 1,
            snippets={"length": snippet_chars, "count": snippets + 1} if snippet_chars else False,
            missing="ignore" if access is not None and access.enforced else missing,
        )
        if looks and not has_images(self, as_of):
            return self._no_images(as_of)
        asked.mode, asked.text = engine_mode, query
        if cursor is not None:
            asked.offset, asked.candidates = resume(cursor, asked)
        results = self._ask(asked, where, by, as_of)
        kept, why = (len(results), None) if how is None else cut(results.scores, how)
        hits = list(results[:kept])
        whole = self._whole(hits, as_of)
        found = [found_of(hit, snippets, whole.get(hit.id)) for hit in hits]
        finds = Finds(found, results, skipped=skipped, access=access, cut=why)
        finds.when = span
        if how is not None:
            finds.cursor = None
        return finds

    def _no_images(self, as_of: Any) -> Finds:
        """Give what a search among no images finds."""
        nothing = Query(IMAGE, where=f"{RESERVED}.image EXISTS", mode="lexical", missing="ignore")
        finds = Finds([], self._ask(nothing, None, None, as_of))
        finds.mode, finds.when, finds.skipped = "none", None, {IMAGE: "there is none"}
        return finds

    def _filter(self, where: Where | None, as_of: Any) -> str | None:
        """Give a filter as text that stands for itself, so that it can be joined with others.

        A text such as ``a = 1) OR (b = 2`` would otherwise leave its parentheses, and turn off
        what it is joined with.

        Raises:
            InvalidInput: ``filter.syntax``.
        """
        text = filter_text(where)
        if text is not None and ")" in text:
            self._at(self.layout.passages, as_of).count(text, missing="ignore")
        return text

    def _access_filters(self, access: AccessContext | None, as_of: Any) -> list[str]:
        """Write what somebody may see as filters: by the lists of then, and by those of now."""
        if access is None or not access.enforced:
            return []
        filters = [access.where()]
        if as_of is not None:
            hidden = self._documents.iterate(f"NOT {access.where()}", missing="ignore")
            ids = [record.id for record in hidden]
            filters += [f"NOT {DOC_ID} IN {list_text(ids, 'ids')}"] if ids else []
        return filters

    def _whole(self, results: Sequence[Hit], as_of: Any) -> dict[str, str]:
        """Give the texts of documents that were found by a text of their own, by passage id."""
        hits = [hit for hit in results if hit.metadata[RESERVED]["context"] == len(hit.text or "")]
        if not hits:
            return {}
        ids = [hit.metadata[RESERVED]["id"] for hit in hits]
        records = self._at(self.layout.documents, as_of).get_many(ids)
        # A document that was deleted between the two readings is in neither any more.
        pairs = zip(hits, records, strict=True)
        return {hit.id: "" if one is None else one.text or "" for hit, one in pairs}

    def _ask(self, asked: Query, where: Where | None, by: Embedder | None, as_of: Any) -> Results:
        """Run a query. A field of ours that no document has yet matches nothing."""
        source = self.db if as_of is None else self.db.at(as_of)
        passages = source.collection(self.layout.passages, embedder=by)
        try:
            return passages.query(asked)
        except InvalidInput as error:
            ours = error.details.get("field", "").startswith(f"{RESERVED}.")
            if error.code != "filter.unknown_field" or not ours:
                raise
            if where is not None:
                passages.count(where)
        asked.ignore_missing = True
        return passages.query(asked)

    def _query_vector(
        self,
        query: str,
        mode: str,
        given: Vector | None,
        identity: Identity | Mapping[str, Any] | str | None,
        embedder: Embedder | None,
        as_of: Any,
    ) -> tuple[Any, Embedder | None, dict[str, str]]:
        """Decide what the query's vector is: the one given, or who makes it, or why there is none.

        Returns:
            A vector or None, an embedder for the engine to call or None, and reasons.
        """
        if mode == "lexical":
            if given is not None or embedder is not None:
                raise InvalidInput(
                    "input.invalid",
                    "mode 'lex' uses no vector",
                    "leave query_embedding and embedder out, or use mode='hybrid'",
                )
            return None, None, {}
        space = self._space(as_of)
        if identity is not None and given is None:
            raise InvalidInput("input.invalid", "query_embedding_identity without query_embedding")
        if given is not None:
            if embedder is not None:
                raise InvalidInput(
                    "input.invalid", "query_embedding and embedder are two ways to one vector"
                )
            self._check_identity(identity, as_of)
            return given, None, {}
        try:
            by = self._embedder_at(as_of) if embedder is None else embedder
        except InvalidInput as error:
            if mode != "auto" or error.code != "embedder.missing":
                raise
            return None, None, {"semantic": error.message}
        if by is None or space is None or space.identity is not None:
            return None, by, {}
        return self._by_dimension(
            query, mode, by if self._said or embedder is not None else None, space.dimension
        )

    def _by_dimension(
        self, query: str, mode: str, by: Embedder | None, dimension: int
    ) -> tuple[Any, None, dict[str, str]]:
        """Embed a query for vectors of which nobody said who made them.

        An embedder that was chosen for them, and makes vectors of their dimension, is taken to be
        the one; any other could only be guessed.
        """
        if by is not None and by.identity.dimension == dimension:
            return embed_query(by, query), None, {}
        why = (
            f"the vectors of {self.name!r} have {dimension} dimensions, and nobody said what made"
            f" them; {'no embedder was chosen' if by is None else _makes(by)}"
        )
        if mode == "auto":
            return None, None, {"semantic": why}
        raise InvalidInput(
            "embedder.missing",
            why,
            "pass query_embedding=..., or embedder=... that made them",
        )

    def _check_identity(
        self, identity: Identity | Mapping[str, Any] | str | None, as_of: Any
    ) -> None:
        """Compare who made a query's vector with who made the passages'."""
        stored = self._stored_identity(as_of)
        if identity is None or stored is None:
            return
        given = as_identity(identity)
        if given != stored:
            raise InvalidInput(
                "embedder.mismatch",
                f"the vectors of {self.name!r} were made by {stored.name} ({stored.revision}),"
                f" the query's by {given.name} ({given.revision})",
                "embed the query with the same model",
            )


def _in_query(query: str, when: str | bool | None) -> tuple[str, Span | None]:  # noqa: FBT001 - as it was given
    """Give the query and the span of time that is asked for."""
    if when is None or when is False:
        return query, None
    if when is True:
        return found_in(query)
    return query, span_in_words(when)


def _makes(embedder: Embedder) -> str:
    """Say what an embedder makes."""
    return f"{embedder.identity.name} makes {embedder.identity.dimension}"
