"""Many documents into a memory.

Owns: `Ingesting`: `put_many` and `put_folder`. What happens to each document is the pipeline's.
"""

from __future__ import annotations

import os
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.memory.folders import chosen_files, vanished
from engram.memory.inputs import Item
from engram.memory.keeping import Keeping
from engram.memory.outcomes import PutMany
from engram.memory.pipeline import How, Run
from engram.memory.putting import Putting, keeps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from typing_extensions import Unpack

    from engram.embed.identity import Identity
    from engram.memory.options import FolderOptions
    from engram.memory.pipeline import Progress
    from engram.memory.putting import Duplicates

__all__ = ["Ingesting"]


class Ingesting(Putting, Keeping):
    """The verbs that put many documents."""

    def put_many(  # noqa: PLR0913 - documents or columns, and how
        self,
        documents: Iterable[str | Mapping[str, Any]],
        *,
        embeddings: Any = None,
        embedding_identity: Identity | Mapping[str, Any] | str | None = None,
        enable_embedding: bool | None = None,
        duplicates: Duplicates = "skip",
        near: float | None = None,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> PutMany:
        """Put many documents, in commits of many each; one that cannot be put keeps none out.

        Args:
            documents: Texts, or mappings with arguments of `put`: ``text`` or ``file``, ``title``,
                ``uri``, ``tags``, ``metadata`` and the like.
            embeddings: A vector for each document, in their order, each of which is then one
                passage: a NumPy array ``(n, dimension)`` or a sequence with None where there is
                none.
            embedding_identity: Which model made them.
            enable_embedding: As in `put`, for all of them.
            duplicates: As in `put`, for all of them.
            near: As in `put`, for all of them; each document is then a commit of its own.
            workers: How many processes read documents; 0 for none but this one. Unless given: as
                many as there are processors (at most 8) for 48 documents and more that are files,
                else none.
            progress: Called after each document with how many are done, how many there are (None
                where `documents` does not say), and the document's uri, path or index.

        Returns:
            What became of each: `PutMany.failed` lists those that could not be put, and why.

        Raises:
            InvalidInput: ``embedder.missing``, ``embedder.mismatch``, ``input.invalid`` where an
                argument other than the documents is wrong.
            Conflict: ``file.read_only``.
            Busy: ``lock.timeout``.
            Io: ``io.failed``, ``io.full``; what was committed before is in the file.
        """
        total = len(documents) if isinstance(documents, Sized) else None
        if embeddings is not None:
            documents = list(documents)
            total = len(documents)
            if len(embeddings) != total:
                raise InvalidInput(
                    "input.invalid", f"{len(embeddings)} embeddings for {total} documents"
                )
        run = Run(
            self,
            how=How(enable_embedding, keeps(duplicates), near),
            total=total,
            progress=progress,
        )
        items = run.items(documents, embeddings, embedding_identity)
        every = embeddings is not None and all(one is not None for one in embeddings)
        return run.done(items, workers, embed=not every)

    def put_folder(
        self,
        folder: str | os.PathLike[str],
        glob: str | Sequence[str] = "**/*",
        **options: Unpack[FolderOptions],
    ) -> PutMany:
        """Put the files of a folder, so that the memory has what the folder has.

        A file's uri is its path below the folder, behind the folder's path as given. A file whose
        bytes are those of its document is left out; another takes its document's place. Files of a
        kind that is not read are left out, and listed in `PutMany.skipped`.

        Args:
            folder: The folder.
            glob: Which files, such as ``"**/*.md"``; or several patterns.
            **options: ``exclude`` (patterns of files to leave out), ``hidden`` (whether to take
                files and folders whose names start with a dot), ``remove_vanished`` (whether
                documents of files that are gone are removed, in one commit), ``uri_prefix`` (what
                stands before the path in the uri), ``tags``, ``track``, ``label``, ``kind``,
                ``metadata`` and ``access`` of all of them; and ``enable_embedding``,
                ``duplicates`` (unless given, ``"keep"``), ``near``, ``workers``, ``progress`` as in
                `put_many`.

        Raises:
            Io: ``file.not_found`` where the folder is none.
            EngramError: As `put_many`.
        """
        root = os.fspath(folder)
        prefix = options.get("uri_prefix")
        if prefix is None:
            prefix = root.replace(os.sep, "/").rstrip("/") + "/"
        files, skipped = chosen_files(
            root, glob, options.get("exclude", ()), hidden=options.get("hidden", False)
        )
        removed: list[str] = []
        if options.get("remove_vanished", False):
            removed = vanished(self, root, prefix)
            self.delete(*removed)
        shared: Any = {
            name: options[name]
            for name in ("tags", "track", "label", "kind", "metadata", "access")
            if name in options
        }
        run = Run(
            self,
            how=How(
                options.get("enable_embedding"),
                keeps(options.get("duplicates", "keep")),
                options.get("near"),
            ),
            total=len(files),
            progress=options.get("progress"),
        )
        items = (
            (index, Item(file=Path(root, name), uri=prefix + name, **shared))
            for index, name in enumerate(files)
        )
        done = run.done(items, options.get("workers"))
        return PutMany(
            documents=done.documents,
            failed=done.failed,
            skipped=tuple(skipped),
            removed=tuple(removed),
            seconds=done.seconds,
        )
