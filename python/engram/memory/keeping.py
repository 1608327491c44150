"""Documents given back, listed and deleted.

Owns: `Keeping`: `get`, `blob`, `delete` and what counts documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str, str_ids
from engram.errors import Corrupt, NotFound
from engram.filtering import list_text, quoted
from engram.memory.base import Base
from engram.memory.documents import Stored
from engram.memory.layout import RESERVED, content_hash
from engram.memory.originals import read_pieces
from engram.memory.writing import forget

if TYPE_CHECKING:
    from typing import Any

    from engram.access import AccessContext
    from engram.memory.base import Point
    from engram.records import Record

__all__ = ["Keeping"]


class Keeping(Base):
    """The verbs that give documents back and delete them."""

    def get(
        self,
        name: str,
        *,
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> Stored | None:
        """Give a document, or None where there is none, or who asks may not see it.

        Args:
            name: Its id, or its uri.
            as_of: The memory as it was: a commit number, a moment or a snapshot's name.
            access: Who asks.
        """
        record = self._one(name, as_of, access)
        return None if record is None else Stored.of(record)

    def blob(
        self, name: str, *, as_of: Point | None = None, access: AccessContext | None = None
    ) -> bytes:
        """Give the bytes that a document was put as, each of them.

        Args:
            name: Its id, or its uri.
            as_of: The memory as it was: a commit number, a moment or a snapshot's name.
            access: Who asks.

        Raises:
            NotFound: ``record.not_found`` where there is no such document, or who asks may not see
                it, or its bytes were not kept (``originals=False``).
            Corrupt: ``corrupt.segment`` where they are not what was put.
        """
        record = self._one(name, as_of, access)
        if record is None:
            raise NotFound("record.not_found", f"there is no document {name!r:.200}")
        about: dict[str, Any] = record.metadata[RESERVED]
        if about["pieces"]:
            raw = read_pieces(self._at(self.layout.originals, as_of), record.id, about["pieces"])
        else:
            raw = (record.text or "").encode()
        if content_hash(raw) == about["hash"]:
            return raw
        if not about["pieces"]:
            raise NotFound(
                "record.not_found",
                f"the original of {name!r:.200} was not kept, only its text",
                "put it again in a memory with originals=True",
            )
        raise Corrupt(
            "corrupt.segment",
            f"the original of {name!r:.200} is not what was put",
            "put the file again",
            {"id": record.id},
        )

    def _one(self, name: str, as_of: Point | None, access: AccessContext | None) -> Record | None:
        """Give the record of a document that who asks may see."""
        proper_str(name, "the id")
        documents = self._at(self.layout.documents, as_of)
        record = documents.get(name)
        if record is None:
            where = f"{RESERVED}.uri = {quoted(name)}"
            record = next(documents.iterate(where, missing="ignore"), None)
        if record is None or not self._visible(record, access, as_of):
            return None
        return record

    def _visible(self, record: Record, access: AccessContext | None, as_of: Point | None) -> bool:
        """Say whether somebody may see a document, by its list of then and that of now."""
        if access is None or not access.enforced:
            return True
        now = record if as_of is None else self._documents.get(record.id)
        both = (one.metadata[RESERVED].get("access") for one in (record, now) if one is not None)
        return all(map(access.allows, both))

    def delete(self, *names: str) -> int:
        """Delete documents with everything that was derived from them, in one commit.

        Args:
            names: Their ids, or their uris.

        Returns:
            How many of them there were.
        """
        wanted = str_ids(names)
        if self.db._active() is not None:
            return self._delete(wanted)
        with self.db.transaction():
            return self._delete(wanted)

    def _delete(self, names: list[str]) -> int:
        found = {record.id: record for record in self._named(names)}
        for document, record in found.items():
            forget(self, document, record.metadata[RESERVED])
        if found:
            self._documents.delete(*found)
        return len(found)

    def _named(self, names: list[str]) -> list[Record]:
        """Give the records of documents by their ids or uris."""
        documents = self._documents
        by_id = [record for record in documents.get_many(names) if record is not None]
        rest = sorted(set(names) - {record.id for record in by_id})
        if not rest:
            return by_id
        where = f"{RESERVED}.uri IN {list_text(rest, 'uris')}"
        return [*by_id, *documents.iterate(where, missing="ignore")]

    def __contains__(self, name: object) -> bool:
        """Say whether there is a document of that id or uri."""
        return isinstance(name, str) and self.get(name) is not None

    def __len__(self) -> int:
        """Count the documents."""
        return self._documents.count()
