"""Entities as nodes: which node a mention means, and what that node says.

Owns: `Entities`, which finds and makes the entities that a transaction needs. An entity is a node of
the label ``Entity`` with the text and property ``name``, ``type``, ``kind`` (what has to agree for
two mentions to be one), ``key``, ``aliases`` (the forms seen) and ``words``, by which it is found.
Which mentions are one is for `engram.enrich.resolve` to say; this finds the nodes that may be meant.
Invariant: within one transaction, and so in the file, one key has one node.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from engram.enrich.resolution import Canonical, kind_of, plain_name, resolve
from engram.filtering import quoted
from engram.weaver.place import ENTITY, put_row, rows_of, scan_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engram import _native

__all__ = ["Entities", "Linked", "entity_id"]

_ID_BYTES = 1024
_ALIASES = 64
"""Most forms that an entity remembers."""
_CANDIDATES = 512
"""Most entities that one text is compared with: those that share a word with one of its names."""
_LEAST_WORD = 2


@dataclass(frozen=True, slots=True)
class Linked:
    """An entity as one text mentions it.

    Attributes:
        id: The node.
        type: What it is, such as ``PERSON``.
        names: The forms in which the text names it, in order.
        count: How often it does.
        confidence: The largest of its mentions, 0 to 1.
    """

    id: str
    type: str
    names: tuple[str, ...]
    count: int
    confidence: float


def entity_id(key: str) -> str:
    """Give the id of the node of an entity."""
    id = f"entity:{key}"
    if len(id.encode()) <= _ID_BYTES:
        return id
    return f"entity:{blake2b(key.encode(), digest_size=32).hexdigest()}"


class Entities:
    """The entities that one transaction needs."""

    def __init__(self, native: _native.Transaction, nodes: str) -> None:
        """Start with none known."""
        self._native = native
        self._nodes = nodes
        self._searched: dict[tuple[str, str], list[Canonical]] = {}
        self._here: dict[str, Canonical] = {}
        self.changed: dict[str, None] = {}
        """Entities that are new, or have another name than before, by id."""

    def link(self, mentions: Sequence[Any]) -> list[Linked]:
        """Find or make the entities of one text, in the order of their first mention."""
        found = resolve(mentions, self._candidates(mentions)) if mentions else []
        groups: dict[str, list[Any]] = {}
        entities: dict[str, Canonical] = {}
        for mention, entity in zip(mentions, found, strict=True):
            groups.setdefault(entity.key, []).append(mention)
            entities[entity.key] = entity
        for entity in entities.values():
            self._store(entity)
        return [
            Linked(
                id=entity_id(key),
                type=entities[key].label,
                names=tuple(dict.fromkeys(one.text for one in same)),
                count=len(same),
                confidence=max(float(getattr(one, "confidence", 1.0)) for one in same),
            )
            for key, same in groups.items()
        ]

    def forget(self, id: str) -> None:
        """Delete the node of an entity that the weaver made, if nobody mentions it any more."""
        row = rows_of(self._native.view(), self._nodes, [id])[0]
        if row is not None and row[2].get("label") == ENTITY and row[2].get("woven") is True:
            self._native.delete(self._nodes, [id])
            self._here.pop(id, None)
            self._searched.clear()
            self.changed.pop(id, None)

    def _candidates(self, mentions: Sequence[Any]) -> list[Canonical]:
        """Give the entities that mentions may mean: of one kind, with a word in common."""
        found: dict[str, Canonical] = {}
        for mention in mentions:
            kind = kind_of(mention.label)
            plain = plain_name(mention.text, mention.label)
            if (kind, plain) not in self._searched:
                self._searched[kind, plain] = self._search(kind, _words([plain]))
            for one in self._searched[kind, plain]:
                found[one.key] = self._here.get(entity_id(one.key), one)
            # Those that this transaction made or changed since the search.
            words = set(_words([plain]))
            for one in self._here.values():
                if kind_of(one.label) == kind and words & set(_words(_plain_forms(one))):
                    found[one.key] = one
        return list(found.values())

    def _search(self, kind: str, words: Iterable[str]) -> list[Canonical]:
        some = ", ".join(quoted(word) for word in words)
        where = f"label = {quoted(ENTITY)} AND kind = {quoted(kind)} AND words IN [{some}]"
        rows = islice(scan_rows(self._native.view(), self._nodes, where), _CANDIDATES)
        return [_canonical(row) for row in rows]

    def _store(self, entity: Canonical) -> None:
        """Make the node of an entity, or add what is new of it."""
        id = entity_id(entity.key)
        known = self._here.get(id)
        if known is None:
            row = rows_of(self._native.view(), self._nodes, [id])[0]
            known = None if row is None else _canonical(row)
        aliases = tuple(sorted({*entity.aliases, *(known.aliases if known else ())}))[:_ALIASES]
        entity = Canonical(entity.key, entity.name, entity.label, aliases)
        self._here[id] = entity
        if known == entity:
            return
        values = {
            "name": entity.name,
            "type": entity.label,
            "kind": kind_of(entity.label),
            "key": entity.key,
            "aliases": list(aliases),
            "words": _words(_plain_forms(entity)),
        }
        if known is None:
            values |= {"label": ENTITY, "woven": True}
            put_row(self._native, self._nodes, id, entity.name, values)
            self.changed[id] = None
            return
        renamed = known.name != entity.name
        dropped = []
        if renamed:
            row = rows_of(self._native.view(), self._nodes, [id], vectors=True)[0]
            dropped = ["text"] if row is not None and "text" in (row[5] or {}) else []
            self.changed[id] = None
        text = entity.name if renamed else None
        self._native.update(self._nodes, id, renamed, text, values, [], [], dropped)


def _canonical(row: _native.Row) -> Canonical:
    """Read an entity from the row of its node, one that a user made included."""
    id, text, values, _, _, _ = row
    name = str(values.get("name") or text or id)
    aliases = tuple(str(one) for one in values.get("aliases") or (name,))
    key = str(values.get("key") or id.removeprefix("entity:"))
    return Canonical(key, name, str(values.get("type", "MISC")), aliases)


def _plain_forms(entity: Canonical) -> list[str]:
    return [plain_name(form, entity.label) for form in (entity.name, *entity.aliases)]


def _words(plain: Iterable[str]) -> list[str]:
    """Give the words by which names are found: their own, and the initials of several."""
    words: dict[str, None] = {}
    for name in plain:
        parts = name.split()
        words |= dict.fromkeys([name, *(one for one in parts if len(one) >= _LEAST_WORD)])
        if len(parts) >= _LEAST_WORD:
            words["".join(part[0] for part in parts)] = None
    return sorted(words)
