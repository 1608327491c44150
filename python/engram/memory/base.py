"""What all parts of a memory share: the database, the names, the embedder, the settings.

Owns: `Base`, which the groups of verbs build on. Invariant: nothing here writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.embed import default
from engram.embed.identity import Identity
from engram.errors import EngramError, InvalidInput
from engram.memory.layout import DEFAULT_NAME, Layout
from engram.memory.reading import Splitting
from engram.planning import TEXT_SPACE

if TYPE_CHECKING:
    from datetime import datetime

    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.embed.vision import Vision
    from engram.rag.splitters import TextSplitter
    from engram.reading import CollectionView
    from engram.reports import SpaceInfo
    from engram.types import Embedder

    Point = str | int | datetime

__all__ = ["Base"]


class Base:
    """A memory's place in a database, and its settings."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        db: Database,
        name: str = DEFAULT_NAME,
        *,
        embedder: EmbedderChoice = "default",
        splitter: TextSplitter | None = None,
        originals: bool = True,
        language: str | None = None,
        vision: Vision | str | None = None,
    ) -> None:
        """Take a place in a database; nothing is written before the first put.

        Args:
            db: The database.
            name: Which of its memories; each has collections of its own (`Layout`).
            embedder: What embeds texts: ``"default"`` for the embedder of the passages that are
                there, or else the database's; an embedder; the name of a model
                (`engram.embed.get_embedder`); None to store and search words alone.
            splitter: What cuts documents into passages; None for one that fits their kind, of
                1,000 characters at most.
            originals: Whether the bytes that documents were put as are kept beside their text,
                compressed, and can be read back.
            language: What words are stemmed for, such as ``"de"``, or ``"none"``; left out: as
                stored, or English. It cannot change once there are documents.
            vision: What embeds images (`put_images`): an `engram.embed.Vision` of the CLIP kind, or
                the name or folder of one; None for the one that embedded those that are there.
        """
        self.db = db
        self.originals = originals
        self._language = language
        self._vision = vision
        self.layout = Layout(proper_str(name, "the name"))
        self._chosen = embedder != "default" if isinstance(embedder, str) else True
        self._source = db._embedder_of(embedder)
        self._found: tuple[str, Embedder] | None = None
        self._splitting = Splitting(splitter=splitter)

    @property
    def name(self) -> str:
        """Which memory of the database it is."""
        return self.layout.name

    @property
    def embedder(self) -> Embedder | None:
        """What embeds texts and questions; None where words alone are stored and searched.

        Unless one was chosen, it is the embedder that made the vectors which are there, if it is
        installed; nothing is fetched.

        Raises:
            InvalidInput: ``embedder.missing`` where the vectors were made by an embedder that
                cannot be had here.
        """
        return self._embedder_at(None)

    def _embedder_at(self, as_of: Point | None) -> Embedder | None:
        """Give what embeds for the memory as it is, or as it was."""
        own = self._source()
        stored = self._stored_identity(as_of)
        if self._chosen or own is None or stored is None or stored == own.identity:
            return own
        return self._by_identity(stored)

    def _space(self, as_of: Point | None = None) -> SpaceInfo | None:
        """Describe the space that holds the vectors of passages, where there is one."""
        for space in self._at(self.layout.passages, as_of).spaces():
            if space.name == TEXT_SPACE and space.records:
                return space
        return None

    def _stored_identity(self, as_of: Point | None = None) -> Identity | None:
        """Say who made the vectors that are there; None where nobody did, or nobody knows."""
        space = self._space(as_of)
        if space is None or space.identity is None:
            return None
        return Identity.from_json(space.identity)

    @property
    def _said(self) -> bool:
        """Whether somebody said which embedder it is, for the memory or its database."""
        return self._chosen or self.db._embedder is not default

    def _check_fit(self, embedder: Embedder) -> None:
        """Check that what an embedder makes can stand beside the vectors that are there.

        Raises:
            InvalidInput: ``embedder.mismatch``.
        """
        space = self._space()
        if space is None or space.identity == embedder.identity.to_json():
            return
        who = "nobody said whom" if space.identity is None else space.identity
        raise InvalidInput(
            "embedder.mismatch",
            f"the vectors of {self.name!r} were made by {who}, and"
            f" {embedder.identity.name} ({embedder.identity.revision}) makes others",
            "put with the embedder that made them, go over to this one by reembed(), or put with"
            " enable_embedding=False",
            {"stored": str(space.identity), "given": embedder.identity.to_json()},
        )

    def _by_identity(self, identity: Identity) -> Embedder:
        """Find an embedder among those that are here."""
        from engram.embed import get_embedder

        text = identity.to_json()
        if self._found is not None and self._found[0] == text:
            return self._found[1]
        problem = "what has that name makes other vectors now"
        built_in = default()
        try:
            embedder: Embedder = (
                built_in if built_in.identity == identity else get_embedder(identity.name)
            )
        except EngramError as error:
            problem = str(error)
        else:
            if embedder.identity == identity:
                self._found = (text, embedder)
                return embedder
        raise InvalidInput(
            "embedder.missing",
            f"the vectors of {self.name!r} were made by {identity.name} ({identity.revision}),"
            f" which cannot be had here: {problem}",
            "pass embedder=..., or query_embedding=..., or search with mode='lex'",
            {"identity": text},
        )

    @property
    def _passages(self) -> Collection:
        return self.db.collection(self.layout.passages, embedder=None, language=self._language)

    @property
    def _documents(self) -> Collection:
        return self.db.collection(self.layout.documents, embedder=None, language=self._language)

    def _at(self, name: str, as_of: Point | None) -> CollectionView:
        """Give a collection as it is, or as it was."""
        source = self.db if as_of is None else self.db.at(as_of)
        return source.collection(name, embedder=None)
