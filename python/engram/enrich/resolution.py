"""Which mentions are one entity.

Owns: `resolve` and `Canonical`. Invariants: mentions of different kinds are never one (GPE and LOC
are one kind: places); the result for a mention does not depend on the order of the mentions; what
was resolved, given as `known`, is found again under its key. Limits: by names alone: two people of
one full name are one, and "Alice" is the only Alice whose name is longer, or herself where there
are several.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from engram.enrich.gazetteer import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engram.enrich.entities import Entity

__all__ = ["Canonical", "entity_key", "kind_of", "marks", "plain_name", "resolve"]

_KINDS = {"GPE": "place", "LOC": "place"}
_WORDS = re.compile(r"\w+(?:[.'\u2019-]\w+)*")
_LEGAL = frozenset({"inc", "corp", "corporation", "ltd", "llc", "plc", "gmbh", "ag", "co",
    "company", "limited", "incorporated"})  # fmt: skip
_SAME = {
    "place": {"usa": "united states", "us": "united states", "u.s": "united states",
        "u.s.a": "united states", "united states of america": "united states",
        "uk": "united kingdom", "u.k": "united kingdom", "great britain": "united kingdom",
        "nyc": "new york", "new york city": "new york", "uae": "united arab emirates"},
}  # fmt: skip
_AS_WRITTEN = frozenset({"EMAIL", "URL", "DATE", "MONEY"})
_LEAST_ACRONYM = 2
_SMALL = frozenset({"of", "the", "and", "for"})
"""Words that initials leave out."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """One entity.

    Attributes:
        key: ``kind:plain name``, the same for all its mentions.
        name: The fullest form seen.
        label: The label of that form.
        aliases: Every form seen, sorted.
    """

    key: str
    name: str
    label: str
    aliases: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes as a dict."""
        return {**asdict(self), "aliases": list(self.aliases)}


class _One:
    """An entity while its forms are gathered."""

    def __init__(self, key: str, kind: str) -> None:
        self.key = key
        self.kind = kind
        self.forms: dict[str, str] = {}
        self.plain: set[str] = set()

    def add(self, form: str, label: str, plain: str) -> None:
        self.forms.setdefault(form, label)
        self.plain.add(plain)

    def canonical(self) -> Canonical:
        name = min(self.forms, key=lambda form: (-len(_WORDS.findall(form)), -len(form), form))
        return Canonical(self.key, name, self.forms[name], tuple(sorted(self.forms)))


def kind_of(label: str) -> str:
    """Give what has to agree for two mentions to be one: the label, in lower case."""
    return _KINDS.get(label, label.lower())


def plain_name(text: str, label: str) -> str:
    """Give a name without case, titles, legal forms, accents and points."""
    if label in _AS_WRITTEN:
        return " ".join(text.casefold().split())
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
    words = [word.replace("\u2019", "'") for word in _WORDS.findall(folded)]
    words = [word.removesuffix("'s") for word in words]
    while len(words) > 1 and (words[0] == "the" or (label == "PERSON" and words[0] in TITLES)):
        del words[0]
    while label == "ORG" and len(words) > 1 and words[-1] in _LEGAL:
        del words[-1]
    plain = " ".join(words) or " ".join(folded.split())
    return _SAME.get(kind_of(label), {}).get(plain, plain)


def entity_key(text: str, label: str) -> str:
    """Give the key of a mention that is the first of its entity."""
    return f"{kind_of(label)}:{plain_name(text, label)}"


def resolve(mentions: Sequence[Entity], known: Iterable[Canonical] = ()) -> list[Canonical]:
    """Say which entity each mention is.

    A mention is a known entity where its plain name is one of that entity's: without case, titles
    ("Dr."), legal forms ("Inc.") and accents. A person's first or last name alone, or with
    initials, is the one person whose full name has it, if there is just one; letters that are the
    initials of just one organisation are that organisation.

    Args:
        mentions: Entities of one text or of several.
        known: Entities from before.

    Returns:
        One for each mention, in their order, with all forms that are known by then.

    Example:
        >>> from engram.enrich import RuleExtractor, resolve
        >>> text = "Dr. Alice Smith met Bob. Alice went home."
        >>> [one.key for one in resolve(RuleExtractor().extract(text))]
        ['person:alice smith', 'person:bob', 'person:alice smith']
    """
    book = _Book(known)
    plain = [(kind_of(one.label), plain_name(one.text, one.label)) for one in mentions]
    # Full names first, so that a short one finds them wherever it stands.
    order = sorted(set(plain), key=lambda pair: (pair[0], -_fullness(pair[1]), pair[1]))
    places = {pair: book.find_or_make(*pair) for pair in order}
    for mention, pair in zip(mentions, plain):
        places[pair].add(mention.text, mention.label, pair[1])
    ready = {one.key: one.canonical() for one in places.values()}
    return [ready[places[pair].key] for pair in plain]


class _Book:
    """The entities by kind and plain name."""

    def __init__(self, known: Iterable[Canonical]) -> None:
        self._by_name: dict[tuple[str, str], _One] = {}
        self._by_mark: dict[tuple[str, str], dict[str, _One]] = {}
        self._keys: set[str] = set()
        for canonical in sorted(known, key=lambda one: one.key):
            one = self._new(canonical.key, kind_of(canonical.label))
            for form in (canonical.name, *canonical.aliases):
                plain = plain_name(form, canonical.label)
                one.add(form, canonical.label, plain)
                self._by_name.setdefault((one.kind, plain), one)
                self._mark(one, plain)

    def find_or_make(self, kind: str, plain: str) -> _One:
        """Give the entity of a plain name."""
        one = self._by_name.get((kind, plain)) or self._near(kind, plain)
        if one is None:
            one = self._new(f"{kind}:{plain}", kind)
        one.plain.add(plain)
        self._by_name[kind, plain] = one
        self._mark(one, plain)
        return one

    def _new(self, key: str, kind: str) -> _One:
        count, free = 1, key
        while free in self._keys:  # taken by one whose forms have changed since
            count += 1
            free = f"{key}#{count}"
        one = _One(free, kind)
        self._keys.add(free)
        return one

    def _mark(self, one: _One, plain: str) -> None:
        """Let an entity be found by what a short name of it would have in common with it."""
        for mark in marks(plain):
            self._by_mark.setdefault((one.kind, mark), {})[one.key] = one

    def _near(self, kind: str, plain: str) -> _One | None:
        if kind not in {"person", "org"}:
            return None
        short = _is_short_person if kind == "person" else _is_acronym
        near: dict[str, _One] = {}
        for mark in marks(plain):
            near.update(self._by_mark.get((kind, mark), {}))
        found = [
            one
            for one in near.values()
            if any(short(plain, full) for full in one.plain)
            or (len(one.plain) == 1 and any(short(full, plain) for full in one.plain))
        ]
        return found[0] if len(found) == 1 else None


def marks(plain: str) -> set[str]:
    """Give what a name shares with its short forms: its ends, itself, its initials."""
    words = plain.split()
    return {words[0], words[-1], plain, _initials(words)} if words else {plain}


def _initials(words: Sequence[str]) -> str:
    return "".join(word[0] for word in words if word not in _SMALL)


def _fullness(plain: str) -> int:
    """Order names from full to short."""
    return sum(len(word) > 1 for word in plain.split()) * 1000 + len(plain)


def _is_short_person(short: str, full: str) -> bool:
    """Say whether "alice", "smith", "a smith" or "alice s" stands for "alice smith"."""
    some, every = short.split(), full.split()
    if len(every) < 2 or len(some) > len(every) or short == full:  # noqa: PLR2004 - two names
        return False
    if len(some) == 1:
        return len(short) > 1 and short in {every[0], every[-1]}
    ends = ((some[0], every[0]), (some[-1], every[-1]))
    whole = sum(one == other for one, other in ends)
    return whole >= 1 and all(
        one == other or (len(one) == 1 and other.startswith(one)) for one, other in ends
    )


def _is_acronym(short: str, full: str) -> bool:
    """Say whether "who" stands for "world health organization"."""
    words = [word for word in full.split() if word not in _SMALL]
    return len(short) >= _LEAST_ACRONYM and len(words) == len(short) and short == _initials(words)
