"""Putting documents into a memory.

Owns: `Putting`: `put`, `put_file`, and how one document goes from what was given to a commit.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from engram.errors import EngramError, InvalidInput
from engram.memory.base import Base
from engram.memory.inputs import Item
from engram.memory.reading import Request, read
from engram.memory.writing import Writer, make_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from typing_extensions import Unpack

    from engram.embed.identity import Identity
    from engram.memory.moments import Moment
    from engram.memory.options import PutOptions
    from engram.memory.outcomes import Put
    from engram.types import Embedder

    Duplicates = Literal["skip", "keep"]

__all__ = ["Putting"]


class Putting(Base):
    """The verbs that put documents."""

    def put(  # noqa: PLR0913 - a document has this many sides
        self,
        text: str | None = None,
        *,
        file: str | os.PathLike[str] | bytes | None = None,
        filename: str | None = None,
        format: str | None = None,
        title: str | None = None,
        label: str | None = None,
        uri: str | None = None,
        tags: Sequence[str] = (),
        kind: str | None = None,
        track: str | None = None,
        timestamp: Moment | None = None,
        metadata: Mapping[str, Any] | None = None,
        search_text: str | None = None,
        access: Mapping[str, Any] | None = None,
        embedding: Any = None,
        embedding_identity: Identity | Mapping[str, Any] | str | None = None,
        enable_embedding: bool | None = None,
        duplicates: Duplicates = "skip",
        near: float | None = None,
    ) -> Put:
        """Put one document, in one commit with all of its passages.

        A document with a uri takes the place of the one that has it. Without one it is known by
        its content.

        Args:
            text: Its text, kept to the character; or
            file: the path of a file, or what it holds (`engram.extract` says what is read).
            filename: The name of the file, where `file` is bytes.
            format: What it is, where its name does not say: ``markdown``, ``pdf``, ``csv`` and so
                on, or a media type. Text is plain unless this or `filename` says more.
            title: Its title; left out, the one it gives itself.
            label: A label, to filter by.
            uri: What it is called outside; left out, the path of its file, or nothing.
            tags: Its tags.
            kind: What kind of thing it is, in your words; left out, its media type.
            track: The track it belongs to, in your words.
            timestamp: When it is from: an aware datetime, a date, ISO 8601 text or seconds since
                1970; left out, as it says itself, else when its file was changed, else now.
            metadata: More facts, to filter by: JSON, at the top level of each passage's metadata.
                The key ``doc`` is the memory's own.
            search_text: What is searched in the place of its text, as one passage.
            access: Who may see it: any of ``tenant``, ``roles``, ``groups``, ``subjects``.
            embedding: A vector for all of it, which is then one passage.
            embedding_identity: Which model made `embedding`: an `Identity`, or its four facts.
            enable_embedding: True: a document that gets no vector is an error. False: it gets
                none. Left out: it gets one where there is an embedder.
            duplicates: ``"skip"``: where another document has the same bytes, that one is given
                back, as ``duplicate``. ``"keep"``: both are kept.
            near: From which similarity on, above 0 to 1, a document that is nearly the same counts
                as a duplicate too; `Put.near` names those that are. Similarity is the share of
                runs of five words that two texts have in common (Jaccard). It is looked for among
                the documents that share the most telling words.

        Returns:
            What became of it: `Put.status` says whether it was added, replaced what had its uri,
            was there unchanged, or is the duplicate of another.

        Raises:
            InvalidInput: ``input.invalid``, ``input.limit``, ``input.dimension``,
                ``document.unsupported``, ``document.encrypted``, ``embedder.missing``,
                ``embedder.mismatch``.
            Corrupt: ``document.damaged``.
            Io: ``file.not_found``, ``io.failed``, ``io.full``.
            Conflict: ``file.read_only``.
            Busy: ``lock.timeout``.
            MissingExtra: ``extra.missing``.
        """
        item = Item(
            text=text,
            file=file,
            filename=filename,
            format=format,
            title=title,
            label=label,
            uri=uri,
            tags=tags,
            kind=kind,
            track=track,
            timestamp=timestamp,
            metadata=metadata,
            search_text=search_text,
            access=access,
            embedding=embedding,
            embedding_identity=embedding_identity,
        )
        item.check()
        keep = keeps(duplicates)
        embedder = None
        if embedding is None:
            embedder = self._put_embedder(enable=enable_embedding)
        request = self._request(item)
        must = enable_embedding is True
        ready = make_ready(
            item,
            read(request),
            digest=self._digest(item, embedder),
            must_embed=must,
            keep=keep,
        )
        return Writer(self, embedder, near=near).write([ready])[0]

    def put_file(self, path: str | os.PathLike[str], **options: Unpack[PutOptions]) -> Put:
        """Put a file; its uri is its path unless one is given.

        Args:
            path: The file.
            **options: The other arguments of `put`.

        Raises:
            EngramError: As `put`.
        """
        return self.put(file=os.fspath(path), **options)

    def _request(self, item: Item) -> Request:
        """Say what is to be read of a document."""
        path = item.file if isinstance(item.file, (str, os.PathLike)) else None
        return Request(
            text=item.text,
            path=None if path is None else os.fspath(path),
            raw=item.file if isinstance(item.file, bytes) else None,
            filename=item.filename,
            format=item.format,
            splitting=self._splitting,
            whole=item.embedding is not None,
            keep=self.originals,
            bare=item.search_text is not None,
        )

    def _digest(self, item: Item, embedder: Embedder | None) -> str:
        """Give what tells whether a document was put just so before."""
        return item.digest(self._splitting, embedder is not None, self.originals)

    def _put_embedder(self, *, enable: bool | None) -> Embedder | None:
        """Give what embeds what is put.

        Raises:
            InvalidInput: ``embedder.missing`` where vectors are asked for and nothing makes them,
                ``embedder.mismatch`` where it makes others than those that are there.
        """
        if enable is False:
            return None
        try:
            embedder = self.embedder
        except EngramError as error:
            if error.code == "embedder.missing":
                error.hint = "pass embedder=..., or embedding=... for each document"
            raise
        if enable and embedder is None:
            raise InvalidInput(
                "embedder.missing",
                "enable_embedding=True, and this memory has no embedder",
                "open it with embedder=..., pass embedding=..., or leave enable_embedding out",
            )
        if embedder is not None:
            self._check_fit(embedder)
        return embedder


def keeps(duplicates: str) -> bool:
    """Read the argument ``duplicates``."""
    if duplicates not in {"skip", "keep"}:
        raise InvalidInput(
            "input.invalid", f"unknown duplicates={duplicates!r}", "one of: skip, keep"
        )
    return duplicates == "keep"
