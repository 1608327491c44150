"""The memory of memvid-sdk over `engram.Memory`.

Owns: `Memvid`: putting, finding and asking. Invariant: what is asked for and cannot be done is a
`MemvidError`; vectors are stored where they were asked for, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.compat.memvid.access import context_of
from engram.compat.memvid.cards import BOOST
from engram.compat.memvid.documents import document_of, model_of, options_of
from engram.compat.memvid.embeddings import embedder_of
from engram.compat.memvid.errors import LexIndexDisabledError, VecIndexDisabledError, mapped
from engram.compat.memvid.records import Records
from engram.compat.memvid.shapes import answer_of, finds_of, hit_of
from engram.errors import InvalidInput
from engram.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.types import Embedder

__all__ = ["Memvid"]

_MODES = {"lex": "lex", "sem": "sem", "vec": "sem", "auto": "auto"}
_HOW = {
    "query_embedding",
    "query_embedding_model",
    "embedder",
    "adaptive",
    "min_relevancy",
    "max_k",
    "adaptive_strategy",
    "acl_context",
    "acl_enforcement_mode",
}


class Memvid(Records):
    """Documents in one file. Made by `create` and `use`; closed by `close`, `seal` or ``with``."""

    def put(  # noqa: PLR0913 - as memvid-sdk has it
        self,
        title: str | None = None,
        label: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        text: str | None = None,
        file: str | None = None,
        uri: str | None = None,
        tags: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        kind: str | None = None,
        track: str | None = None,
        search_text: str | None = None,
        timestamp: int | str | None = None,
        enable_embedding: bool | None = None,
        embedding_model: str | None = None,
        auto_tag: bool = True,
        extract_dates: bool = True,
        vector_compression: bool = False,
    ) -> str:
        """Put a document, durable when the call returns; give its frame id.

        Args:
            title: Its title.
            label: Its label.
            metadata: More facts.
            text: Its text; beside `file`, what is searched in the place of the file's.
            file: The path of a file.
            uri: What it is called; a uri that is there is replaced.
            tags: Its tags.
            labels: More labels.
            kind: What kind of thing it is.
            track: Its track.
            search_text: What is searched in the place of the text.
            timestamp: When it is from: seconds since 1970, or ISO 8601.
            enable_embedding: Whether it gets a vector. True stores one, or fails (MV015).
            embedding_model: What makes it, such as ``"bge-small"``; implies `enable_embedding`.
            auto_tag: Add the names that stand in it as tags.
            extract_dates: Keep the dates that stand in it, as ``content_dates``.
            vector_compression: Only False: engram searches by compressed codes, and keeps vectors.

        Raises:
            MemvidError: MV013 where there is no such file, MV015, MV007, MV001.
        """
        request = {
            "title": title,
            "label": label,
            "metadata": metadata,
            "text": text,
            "file": file,
            "uri": uri,
            "tags": tags,
            "labels": labels,
            "kind": kind,
            "track": track,
            "search_text": search_text,
            "timestamp": timestamp,
        }
        options = {
            "enable_embedding": enable_embedding,
            "embedding_model": embedding_model,
            "auto_tag": auto_tag,
            "extract_dates": extract_dates,
            "vector_compression": vector_compression,
        }
        with mapped():
            return self._put([request], options, None, None, None)[0]

    def put_many(
        self,
        requests: Sequence[Mapping[str, Any]],
        *,
        embeddings: Sequence[Sequence[float]] | None = None,
        embedder: Any = None,
        embedding_identity: Mapping[str, Any] | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Put documents, each a dict of the arguments of `put`; give their frame ids.

        Args:
            requests: The documents.
            embeddings: A vector for each.
            embedder: What embeds those that have none: an `EmbeddingProvider`.
            embedding_identity: Which model made `embeddings`: ``{"provider":, "model":,
                "dimension":}``; that of `embedder` unless given.
            opts: Options of `put` for all of them.

        Raises:
            MemvidError: MV014 and MV015 for vectors that do not fit; otherwise that of the first
                document which could not be put: the others were.
        """
        with mapped():
            return self._put(requests, opts or {}, embeddings, embedder, embedding_identity)

    def put_file(
        self,
        file_path: str,
        *,
        label: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        embedder: Any = None,
        enable_embedding: bool | None = None,
        embedding_model: str | None = None,
    ) -> dict[str, Any]:
        """Put a file; give its frame id, and how many passages it has."""
        request = {"file": file_path, "label": label, "metadata": metadata}
        options = {"enable_embedding": enable_embedding, "embedding_model": embedding_model}
        with mapped():
            (frame,) = self._put([request], options, None, embedder, None)
            stored = self._memory.get(frame)
        passages = 0 if stored is None else stored.passages
        return {"frame_id": frame, "frames_added": 1, "chunks": passages, "file": file_path}

    def put_files(
        self, dir_path: str, *, extensions: Sequence[str] | None = None, **options: Any
    ) -> dict[str, Any]:
        """Put the files of a folder, with the options of `put_file`; a bad one keeps none out."""
        wanted = None if extensions is None else {f".{one.lstrip('.')}" for one in extensions}
        paths = sorted(path for path in Path(dir_path).rglob("*") if path.is_file())
        frames, failed = [], []
        for path in paths:
            if wanted is not None and path.suffix not in wanted:
                continue
            try:
                frames.append(self.put_file(str(path), **options)["frame_id"])
            except Exception as error:  # noqa: BLE001 - it is told, and the rest goes on
                failed.append({"file": str(path), "error": str(error)})
        return {"frame_ids": frames, "files_processed": len(frames), "errors": failed}

    def find(  # noqa: PLR0913 - as memvid-sdk has it
        self,
        query: str,
        *,
        k: int = 10,
        snippet_chars: int = 480,
        scope: str | None = None,
        cursor: str | None = None,
        mode: str | None = None,
        as_of_frame: str | None = None,
        as_of_ts: int | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        """Find passages, best first.

        Args:
            query: What to look for.
            k: How many.
            snippet_chars: Characters of a snippet.
            scope: Only documents whose uri starts so.
            cursor: ``next_cursor`` of the page before.
            mode: ``"lex"``, ``"sem"``, or ``"auto"``: both, where there are vectors.
            as_of_frame: Only what was put before that frame, and it.
            as_of_ts: Only what is from before that second, or of it.
            how: ``query_embedding``, ``query_embedding_model``, ``embedder``: who embeds the query;
                ``adaptive``, ``min_relevancy``, ``max_k``, ``adaptive_strategy``;
                ``acl_context``, ``acl_enforcement_mode``.

        Raises:
            MemvidError: MV004, MV011, MV014, MV015.
        """
        with mapped():
            given = self._asked(mode, how)
            if "adaptive" not in given:
                given["k"] = k
            given |= self._until(as_of_frame, as_of_ts)
            given["rerank"] = self._boosts()
            given["scope"] = scope
            found = self._memory.find(query, snippet_chars=snippet_chars, cursor=cursor, **given)
            if self._session is not None:
                self._session.find(query, **given)
        return finds_of(query, found)

    def ask(  # noqa: PLR0913 - as memvid-sdk has it
        self,
        question: str,
        *,
        k: int = 6,
        mode: str = "auto",
        scope: str | None = None,
        since: int | None = None,
        until: int | None = None,
        context_only: bool = False,
        model: str | None = None,
        llm_context_chars: int | None = None,
        api_key: str | None = None,
        mask_pii: bool = False,
        return_sources: bool = False,
        snippet_chars: int = 320,
        show_chunks: bool = False,
        **how: Any,
    ) -> dict[str, Any]:
        """Answer a question from what is found; without a model, in its sentences.

        Args:
            question: The question.
            k: How many passages are looked at.
            mode: As in `find`.
            scope: As in `find`.
            since: Only documents from that second on.
            until: Only documents from before that second.
            context_only: Give what a model would be shown, and ask none.
            model: ``"openai:gpt-4o-mini"``, ``"nvidia"`` and so on; None for none.
            llm_context_chars: Characters of context at most.
            api_key: The provider's key; its environment variable unless given.
            mask_pii: Replace personal data before anything is sent.
            return_sources: Give all passages that it could use, as ``sources``.
            snippet_chars: Characters of the snippets of ``hits``.
            show_chunks: Print the passages.
            how: As in `find`.

        Raises:
            MemvidError: As `find`; MV008 without a key; engram's code where the model fails.
        """
        with mapped():
            given = self._asked(mode, how)
            if "adaptive" not in given:
                given["k"] = k
            given |= {"scope": scope, "since": since, "until": until, "rerank": self._boosts()}
            given |= {"mask_pii": mask_pii, "return_sources": return_sources}
            if llm_context_chars is not None:
                given |= {"max_context": llm_context_chars, "length": "characters"}
            told = model_of(model, api_key)
            # A search by itself would send the question to an embedder's provider as it is.
            bare = context_only or self._session is not None
            found, pieces = self._memory._asked(
                question, None if bare else told, {**given, "context_only": bare}, whole=True
            )
            answer = pieces.answer
            if self._session is not None:
                answer = self._session.ask(question, told, context_only=context_only, **given)
            hits = [hit_of(one, rank, snippet_chars) for rank, one in enumerate(found, 1)]
            if show_chunks:
                print(*(f"[{hit['rank']}] {hit['text']}" for hit in hits), sep="\n\n")  # noqa: T201
        return answer_of(answer, hits, found.mode)

    def _put(
        self,
        requests: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        embeddings: Any,
        embedder: Any,
        identity: Any,
    ) -> list[str]:
        """Put documents; those that come after a bad one are put, too."""
        wanted = options_of(options)
        model = wanted.get("embedding_model")
        by = self._embedder(embedder, model)
        enable = wanted.get("enable_embedding")
        if enable is None:
            enable = by is not None
        memory = self._memory if by is None else Memory(self._db, embedder=by)
        if embeddings is not None:
            identity = self._identity(identity, by, embeddings)
        done = memory.put_many(
            [document_of(request, wanted) for request in requests],
            embeddings=embeddings,
            embedding_identity=identity,
            enable_embedding=enable if embeddings is None else None,
            duplicates="keep",
            workers=0,
        )
        self._vec = self._vec or enable or embeddings is not None
        for one in done.failed:
            raise one.error
        return done.ids

    def _embedder(self, given: Any, model: str | None) -> Embedder | None:
        if given is not None:
            return embedder_of(given)
        if model is None:
            return None
        from engram.embed import get_embedder

        found: Embedder = get_embedder(model)
        return found

    def _identity(self, given: Any, by: Embedder | None, embeddings: Any) -> Any:
        """Say who made vectors, as the caller says it."""
        if given is None:
            return None if by is None else by.identity
        if not isinstance(given, Mapping):
            return given
        name = given.get("model") or given.get("name")
        if not name:
            raise InvalidInput(
                "input.invalid",
                "embedding_identity names no model",
                '{"provider": "openai", "model": "text-embedding-3-small", "dimension": 1536}',
            )
        return {
            "name": ":".join(str(one) for one in (given.get("provider"), name) if one),
            "revision": str(given.get("revision", "")),
            "dimension": int(given.get("dimension") or len(embeddings[0])),
            "normalized": bool(given.get("normalized", False)),
        }

    def _asked(self, mode: str | None, how: Mapping[str, Any]) -> dict[str, Any]:
        """Give what of a search is for `engram.Memory.find`.

        Raises:
            MemvidError: MV004, MV011.
        """
        unknown = sorted(set(how) - _HOW)
        if unknown:
            raise TypeError(f"unknown arguments: {', '.join(unknown)}")
        given = {name: value for name, value in how.items() if value is not None}
        vectors = self._vec or self._has_vectors()
        mode = "auto" if mode is None else mode
        if mode not in _MODES:
            raise InvalidInput("input.invalid", f"unknown mode {mode!r}", "lex, sem or auto")
        asked = _MODES[mode]
        if asked == "lex" and not self._lex:
            raise LexIndexDisabledError(
                "opened with enable_lex=False", "mode='sem', or open it anew"
            )
        if asked == "sem" and not vectors:
            raise VecIndexDisabledError(
                "this memory has no vectors", "put(..., enable_embedding=True), or mode='lex'"
            )
        if asked == "auto":
            asked = ("auto" if vectors else "lex") if self._lex else "sem"
        model = given.pop("query_embedding_model", None)
        by = self._embedder(given.pop("embedder", None), None if asked == "lex" else model)
        audit = given.pop("acl_enforcement_mode", "audit")
        access = context_of(given.pop("acl_context", None), audit)
        if not given.get("adaptive"):
            given.pop("adaptive", None)
        if asked == "lex" and mode == "auto":
            # There is nothing that it could be compared with; `skipped` says so.
            given.pop("query_embedding", None)
            by = None
        return {"mode": asked, "embedder": by, "access": access, **given}

    def _until(self, frame: str | None, second: int | None) -> dict[str, Any]:
        """Give the conditions of looking at an earlier state."""
        given: dict[str, Any] = {} if second is None else {"until": second + 1}
        if frame is not None:
            given["where"] = f"_created <= '{self._stored(frame).created}'"
        return given

    def _boosts(self) -> Any:
        """Give what multiplies the scores of corrections; None where there are none."""
        if not self._corrected():
            return None
        from engram.rerank import Formula

        return Formula(lambda hit: hit.score * hit.metadata.get(BOOST, 1.0), needs=("metadata",))
