"""Forgetting: documents erased with everything that was made of them, so that no byte stays.

Owns: `Forgetting`: `forget` and `verify_forgotten`. Invariants: what is derived from a document
goes in the commit that erases it; a snapshot that still holds it is never left behind unsaid; the
file is rewritten before there is a receipt.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engram.checks import proper_str, str_ids
from engram.errors import Conflict, InvalidInput, NotFound
from engram.filtering import list_text, quoted
from engram.memory.keeping import Keeping
from engram.memory.layout import DOC_ID, RESERVED
from engram.memory.moments import now
from engram.memory.receipts import Forgotten, Receipt, hashed
from engram.memory.writing import forget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engram.records import Record

__all__ = ["Forgetting"]

_PIECE = 1 << 20


class Forgetting(Keeping):
    """The verbs that erase, and prove it."""

    def forget(
        self,
        *names: str,
        entity: str | None = None,
        scope: str | None = None,
        snapshots: Literal["refuse", "delete"] = "refuse",
        dry_run: bool = False,
    ) -> Receipt:
        """Erase documents with everything that was made of them, and rewrite the file without them.

        Passages, originals, tables, facts, vectors and the steps of sessions that had found them go
        in one commit; the file is then optimized, so that no byte of them stays in it. Copies
        elsewhere (backups, sealed files, exports) are yours to find.

        Args:
            names: Ids or uris of documents.
            entity: Also every document that states a fact about somebody or something of that name,
                or has it in its text or title, as whole words in any case.
            scope: Also every document whose uri starts so.
            snapshots: What becomes of snapshots that hold one of them: ``"refuse"`` is an error
                that names them, ``"delete"`` deletes them. Documents that only a snapshot holds any
                more are found, too.
            dry_run: Erase nothing; the receipt says what would be.

        Returns:
            What was erased, in hashes: it can be kept, and checked by `verify_forgotten`.

        Raises:
            InvalidInput: ``input.invalid`` where nothing is named.
            NotFound: ``record.not_found`` where a name is that of no document; nothing is erased.
            Conflict: ``snapshot.holds``; ``transaction.active`` inside a transaction.
        """
        self.db._outside("forget")
        if snapshots not in {"refuse", "delete"}:
            raise InvalidInput(
                "input.invalid", f"unknown snapshots={snapshots!r}", "one of: refuse, delete"
            )
        wanted = str_ids(names)
        if not wanted and entity is None and scope is None:
            raise InvalidInput("input.invalid", "nothing to forget", "name it, or give scope=")
        if scope == "" or entity == "":
            raise InvalidInput("input.invalid", "an empty scope or entity names everything")
        held = self._held(wanted, entity, scope)
        known = {about.get("uri") for places in held.values() for about in places.values()}
        absent = sorted(set(wanted) - set(held) - known)
        if absent:
            raise NotFound("record.not_found", f"there is no document {absent[0]!r:.200}")
        in_snapshots = sorted({name for places in held.values() for name in places if name})
        if in_snapshots and snapshots == "refuse" and not dry_run:
            raise Conflict(
                "snapshot.holds",
                f"snapshots hold what is to be forgotten: {', '.join(in_snapshots)}",
                'forget(..., snapshots="delete") deletes them',
                {"snapshots": ", ".join(in_snapshots)},
            )
        receipt = self._receipt(held, len(in_snapshots))
        if dry_run:
            return replace(receipt, counts=self._counts(list(held), entity)).signed()
        with self.db.transaction():
            counts = self._erase(list(held), entity)
        for name in in_snapshots:
            self.db.delete_snapshot(name)
        self.db.optimize()
        commit = self.db.stats().commit
        with self.db.transaction():  # nobody writes while it is hashed
            digest, size = self._file()
        return replace(
            receipt, counts=counts, commit=commit, file_hash=digest, file_bytes=size
        ).signed()

    def verify_forgotten(self, receipt: Receipt | Mapping[str, Any]) -> Forgotten:
        """Check that nothing of what a receipt names is in the file, its snapshots included.

        It only reads, without waiting for anybody: a handle that is read-only will do.

        Args:
            receipt: From `forget`, or its `Receipt.to_dict`.

        Returns:
            True where it is gone, the receipt is as it was made, and the file is sound.

        Raises:
            InvalidInput: ``input.invalid`` where it is no receipt, one of a dry run, or of another
                memory.
        """
        if not isinstance(receipt, Receipt):
            receipt = Receipt.from_dict(receipt)
        if receipt.dry_run:
            raise InvalidInput("input.invalid", "the receipt of a dry run promises nothing")
        if receipt.memory != self.name:
            raise InvalidInput(
                "input.invalid",
                f"the receipt is of the memory {receipt.memory!r}, this is {self.name!r}",
            )
        found = list(self._left(receipt, None))
        for snapshot in self.db.list_snapshots():
            found += self._left(receipt, snapshot.name)
        return Forgotten(
            found=tuple(found),
            whole=receipt.is_whole(),
            sound=bool(self.db.verify()),
            same_file=receipt.file_hash is not None and self._file()[0] == receipt.file_hash,
        )

    def _held(
        self, names: Sequence[str], entity: str | None, scope: str | None
    ) -> dict[str, dict[str | None, dict[str, Any]]]:
        """Find documents: by id, where they are (now, or a snapshot) and what they say."""
        held: dict[str, dict[str | None, dict[str, Any]]] = {}
        points = list(self._points())
        for point in points:
            for record in self._matching(point, names, entity, scope):
                held.setdefault(record.id, {})[point] = record.metadata[RESERVED]
        # What is to go goes from wherever it is, also where it has another uri or text.
        for point in points:
            for one in self._at(self.layout.documents, point).get_many(held):
                if one is not None:
                    held[one.id].setdefault(point, one.metadata[RESERVED])
        return held

    def _points(self) -> Iterator[str | None]:
        """Give the places where documents are: now, and the snapshots that have some."""
        yield None
        for one in self.db.list_snapshots():
            if self.layout.documents in self.db.at(one.name).list_collections():
                yield one.name

    def _matching(
        self,
        point: str | None,
        names: Sequence[str],
        entity: str | None,
        scope: str | None,
    ) -> Iterator[Record]:
        """Give the documents that are meant, as they are or were; some may come twice."""
        documents = self._at(self.layout.documents, point)
        if names:
            yield from (one for one in documents.get_many(names) if one is not None)
            where = f"{RESERVED}.uri IN {list_text(names, 'uris')}"
            yield from documents.iterate(where, missing="ignore")
        if scope is not None:
            where = f"{RESERVED}.uri STARTSWITH {quoted(proper_str(scope, 'scope'))}"
            yield from documents.iterate(where, missing="ignore")
        if entity is not None:
            pattern = _words(proper_str(entity, "the entity"))
            about = set(self._documents_about(point, pattern))
            for record in documents.iterate():
                title = record.metadata[RESERVED].get("title") or ""
                text = f"{title}\n{record.text or ''}"
                if record.id in about or pattern.search(text) is not None:
                    yield record

    def _documents_about(self, point: str | None, pattern: re.Pattern[str]) -> Iterator[str]:
        """Give the ids of documents that state a fact about an entity."""
        source = self.db if point is None else self.db.at(point)
        if self.layout.facts in source.list_collections():
            for record in self._at(self.layout.facts, point).iterate():
                document = record.metadata.get(RESERVED, {}).get("id")
                if document is not None and pattern.search(str(record.metadata.get("entity", ""))):
                    yield document

    def _steps(self, documents: Sequence[str], entity: str | None) -> list[str]:
        """Give the steps of sessions that found one of the documents, or ask about an entity."""
        if self.layout.sessions not in self.db.list_collections():
            return []
        sessions = self.db.collection(self.layout.sessions, embedder=None)
        where = f"documents CONTAINS ANY {list_text(documents, 'documents')}" if documents else None
        found = [] if where is None else [r.id for r in sessions.iterate(where, missing="ignore")]
        if entity is not None:
            pattern = _words(entity)
            asked = sessions.iterate("step EXISTS", missing="ignore")
            found += [one.id for one in asked if pattern.search(one.text or "")]
        return sorted(set(found))

    def _facts_about(self, entity: str | None) -> list[str]:
        """Give the facts about an entity that no document states."""
        if entity is None or self.layout.facts not in self.db.list_collections():
            return []
        pattern = _words(entity)
        facts = self.db.collection(self.layout.facts, embedder=None)
        return [
            one.id
            for one in facts.iterate()
            if pattern.search(f"{one.metadata.get('entity', '')} {one.text or ''}")
        ]

    def _erase(self, documents: Sequence[str], entity: str | None) -> dict[str, int]:
        """Delete within the open transaction; give how many records of each kind."""
        counts = self._counts(documents, entity)
        steps = self._steps(documents, entity)
        if steps:
            self.db.collection(self.layout.sessions, embedder=None).delete(*steps)
        for record in self._documents.get_many(documents):
            if record is not None:
                forget(self, record.id, record.metadata[RESERVED])
                self._documents.delete(record.id)
        facts = self._facts_about(entity)
        if facts:
            self.db.collection(self.layout.facts, embedder=None).delete(*facts)
        return counts

    def _counts(self, documents: Sequence[str], entity: str | None) -> dict[str, int]:
        """Count what there is of documents, by kind."""
        there = set(self.db.list_collections())
        own = f"{DOC_ID} IN {list_text(documents, 'documents')}" if documents else None
        counts = {
            "documents": sum(one is not None for one in self._documents.get_many(documents)),
            "sessions": len(self._steps(documents, entity)),
        }
        layout = self.layout
        for kind, name in (
            ("passages", layout.passages),
            ("originals", layout.originals),
            ("facts", layout.facts),
            ("tables", layout.tables),
        ):
            held: set[str] = set()
            if own is not None and name in there:
                collection = self.db.collection(name, embedder=None)
                held = {one.id for one in collection.iterate(own, missing="ignore")}
            if kind == "facts":
                held |= set(self._facts_about(entity))
            counts[kind] = len(held)
        return counts

    def _receipt(
        self, held: Mapping[str, Mapping[str | None, Mapping[str, Any]]], snapshots: int
    ) -> Receipt:
        contents = {about["hash"] for places in held.values() for about in places.values()}
        return Receipt(
            memory=self.name,
            documents=tuple(sorted(hashed("id", one) for one in held)),
            contents=tuple(sorted(hashed("content", one) for one in contents)),
            counts={},
            snapshots=snapshots,
            commit=0,
            file_hash=None,
            file_bytes=0,
            when=now(),
        )

    def _left(self, receipt: Receipt, snapshot: str | None) -> Iterator[str]:
        """Say what there is of what a receipt names, now or in a snapshot."""
        source = self.db if snapshot is None else self.db.at(snapshot)
        there = set(source.list_collections())
        where = "" if snapshot is None else f" in the snapshot {snapshot}"
        for name in (self.layout.documents, *self.layout.derived, self.layout.sessions):
            if name not in there:
                continue
            ids: set[str] = set()
            contents: set[str] = set()
            for record in source.collection(name, embedder=None).iterate():
                about = record.metadata.get(RESERVED) or {}
                ids |= {about["id"]} if "id" in about else set()
                ids |= set(record.metadata.get("documents") or ())
                contents |= {about["hash"]} if "hash" in about else set()
            left = Forgotten.wanted(ids, "id", receipt.documents)
            left += Forgotten.wanted(contents, "content", receipt.contents)
            if left:
                yield f"{left} in {name}{where}"

    def _file(self) -> tuple[str | None, int]:
        """Give the hash and the size of the file as it is read: of no use while somebody writes."""
        if self.db.path is None or self.db.path == ":memory:":
            return None, 0
        digest, size = hashlib.sha256(), 0
        with Path(self.db.path).open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return digest.hexdigest(), size


def _words(name: str) -> re.Pattern[str]:
    """Give what finds a name as whole words, in any case and over any white space."""
    words = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
