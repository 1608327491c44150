"""Entities as nodes: which node a mention means, and what that node says.

Owns: `Entities`, which finds and makes the entities that a transaction needs, and `search_terms`.
An entity is a node of the label ``Entity``: its text and ``name`` are its fullest name, ``kind``
is what it is, ``aliases`` are the forms seen; ``family`` (what has to agree for two mentions to be
one) and ``words`` are what it is found by. One that a user made is used like one of the weaver's.
Which mentions are one is for `engram.enrich.resolve` to say; this finds the nodes that may be
meant.
Invariant: what a transaction made is found in it, so one entity has one node.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from engram.enrich.resolution import Canonical, kind_of, plain_name, resolve
from engram.filtering import quoted
from engram.graph.names import ENTITY, LABEL
from engram.weaver.place import put_row, rows_of, scan_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from engram import _native

__all__ = ["Entities", "Linked", "entity_id", "search_terms"]

_ID_BYTES = 1024
_PREFIX = "entity:"
_ALIASES = 64
"""Most forms that an entity remembers."""
_CANDIDATES = 512
"""Most entities that a name is compared with: those that share a word with it."""
_LEAST_WORD = 2
_ANY = "MISC"


@dataclass(frozen=True, slots=True)
class Linked:
    """An entity as one text mentions it.

    Attributes:
        id: The node.
        kind: What it is, such as ``PERSON``.
        names: The forms in which the text names it, in order.
        count: How often it does.
        confidence: The largest of its mentions, 0 to 1.
    """

    id: str
    kind: str
    names: tuple[str, ...]
    count: int
    confidence: float


def entity_id(key: str) -> str:
    """Give the id of the node that is made for an entity."""
    node = f"{_PREFIX}{key}"
    if len(node.encode()) <= _ID_BYTES:
        return node
    return f"{_PREFIX}{blake2b(key.encode(), digest_size=32).hexdigest()}"


def search_terms(text: str | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give the properties by which an entity is found."""
    return _terms(_canonical("", text, properties))


class Entities:
    """The entities that one transaction needs.

    Attributes:
        changed: Those that are new, or have another name than before, by id.
    """

    def __init__(self, native: _native.Transaction, nodes: str) -> None:
        """Start with none known."""
        self._native = native
        self._nodes = nodes
        self._searched: dict[tuple[str, str], list[Canonical]] = {}
        self._here: dict[str, Canonical] = {}
        self.changed: dict[str, None] = {}

    def link(self, mentions: Sequence[Any]) -> list[Linked]:
        """Find or make the entities of one text, in the order of their first mention."""
        if not mentions:
            return []
        # Known entities go by the ids of their nodes, so what comes back under another key is new.
        known = self._candidates(mentions)
        groups: dict[str, list[Any]] = {}
        entities: dict[str, Canonical] = {}
        for mention, found in zip(mentions, resolve(mentions, known.values()), strict=True):
            node = found.key if found.key in known else entity_id(found.key)
            groups.setdefault(node, []).append(mention)
            entities[node] = Canonical(node, found.name, found.label, found.aliases)
        for entity in entities.values():
            self._store(entity)
        return [
            Linked(
                id=node,
                kind=entities[node].label,
                names=tuple(dict.fromkeys(one.text for one in same)),
                count=len(same),
                confidence=max(float(getattr(one, "confidence", 1.0)) for one in same),
            )
            for node, same in groups.items()
        ]

    def forget(self, id: str) -> bool:
        """Delete the node of an entity that nobody mentions any more, unless a user made it."""
        row = rows_of(self._native.view(), self._nodes, [id])[0]
        if row is None or row[2].get("woven") is not True:
            return False
        self._native.delete(self._nodes, [id])
        self.changed.pop(id, None)
        return True

    def _candidates(self, mentions: Sequence[Any]) -> dict[str, Canonical]:
        """Give the entities that mentions may mean: of one family, with a word in common."""
        found: dict[str, Canonical] = {}
        asked = {(kind_of(one.label), plain_name(one.text, one.label)) for one in mentions}
        for family, plain in sorted(asked):
            words = _words([plain])
            if (family, plain) not in self._searched:
                self._searched[family, plain] = self._search(family, words)
            for one in self._searched[family, plain]:
                found[one.key] = self._here.get(one.key, one)
            # Those that this transaction made or changed, maybe after the search.
            for one in self._here.values():
                if kind_of(one.label) == family and not set(words).isdisjoint(_all_words(one)):
                    found[one.key] = one
        return found

    def _search(self, family: str, words: Iterable[str]) -> list[Canonical]:
        some = ", ".join(quoted(word) for word in words)
        where = f"{LABEL} = {quoted(ENTITY)} AND family = {quoted(family)} AND words IN [{some}]"
        rows = islice(scan_rows(self._native.view(), self._nodes, where), _CANDIDATES)
        return [_canonical(row[0], row[1], row[2]) for row in rows]

    def _store(self, entity: Canonical) -> None:
        """Make the node of an entity, or add what is new of it."""
        known = self._here.get(entity.key) or self._stored(entity.key)
        aliases = tuple(sorted({*entity.aliases, *(known.aliases if known else ())}))[:_ALIASES]
        entity = Canonical(entity.key, entity.name, entity.label, aliases)
        self._here[entity.key] = entity
        if known == entity:
            return
        values = {
            "name": entity.name,
            "kind": entity.label,
            "aliases": list(aliases),
            **_terms(entity),
        }
        native, nodes, node = self._native, self._nodes, entity.key
        if known is None:
            put_row(native, nodes, node, entity.name, {LABEL: ENTITY, "woven": True, **values})
            self.changed[node] = None
        elif known.name == entity.name:
            native.update(nodes, node, False, None, values, [], [], [])
        else:
            row = rows_of(native.view(), nodes, [node], vectors=True)[0]
            stale = [space for space in (row[5] or {}) if space == "text"] if row else []
            native.update(nodes, node, True, entity.name, values, [], [], stale)
            self.changed[node] = None

    def _stored(self, id: str) -> Canonical | None:
        row = rows_of(self._native.view(), self._nodes, [id])[0]
        return None if row is None else _canonical(id, row[1], row[2])


def _canonical(id: str, text: str | None, properties: Mapping[str, Any]) -> Canonical:
    """Read an entity, one that a user made included."""
    name = str(properties.get("name") or text or id)
    aliases = {name, *(str(one) for one in properties.get("aliases") or ())}
    return Canonical(id, name, str(properties.get("kind") or _ANY), tuple(sorted(aliases)))


def _terms(entity: Canonical) -> dict[str, Any]:
    return {"family": kind_of(entity.label), "words": _all_words(entity)}


def _all_words(entity: Canonical) -> list[str]:
    return _words(plain_name(form, entity.label) for form in (entity.name, *entity.aliases))


def _words(plain: Iterable[str]) -> list[str]:
    """Give the words by which names are found: their own, and the initials of several."""
    words: set[str] = set()
    for name in plain:
        parts = name.split()
        words.update([name, *(one for one in parts if len(one) >= _LEAST_WORD)])
        if len(parts) >= _LEAST_WORD:
            words.add("".join(part[0] for part in parts))
    return sorted(words)
