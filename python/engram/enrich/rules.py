"""Entities by rules and a gazetteer: offline, without a model, in microseconds.

Owns: `RuleExtractor`. A name is a run of capitalized words; what it is follows from the lists of
`engram.enrich.gazetteer`, from the words within it ("Bank", "River") and from those around it
("works at", "Dr."). Limits: English, and well-kept capitals; a word that is capitalized only
because it begins a sentence counts where a list knows it. F1 against people's marks, and beside
models, is in docs/reference/enrich.md.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engram.enrich import gazetteer as known
from engram.enrich.entities import LABELS, Entity, Label, apart, checked_text
from engram.enrich.patterns import formed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RuleExtractor"]

_WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S.
    r"|[^\W\d_][^\W_]*(?:['\u2019&-][^\W_]+)*"
)
_BETWEEN = re.compile(r"[ \t]+|[ \t]*\n[ \t]*")
_JOINERS = frozenset({"of", "the", "and", "for", "de", "van", "von", "der", "den", "del", "la",
    "bin", "al", "di", "du", "da", "dos", "&"})  # fmt: skip
_OF_PEOPLE = frozenset({"de", "van", "von", "der", "den", "del", "la", "bin", "al", "di", "du",
    "da", "dos"})  # fmt: skip
_OF_NAMES = frozenset({"of", "the", "for", "and"})
_INTO = frozenset({"in", "from", "near", "to", "at", "around", "outside", "across", "towards",
    "toward", "visit", "visited", "visiting"})  # fmt: skip
_SAYS = frozenset({"said", "says", "met", "told", "asked", "works", "worked", "lives", "lived",
    "loves", "likes", "prefers", "thinks", "wants", "wrote", "writes", "married", "called", "has",
    "is", "was", "went", "moved", "joined", "founded", "and"})  # fmt: skip
_WEAK = frozenset({"and", "is", "was", "has"})
_WITH_PEOPLE = frozenset({"met",  "told", "asked", "thanks", "hi", "hello", "hey", "dear",
      "friend", "wife", "husband", "son", "daughter", "boss", "am", "i'm",
    "colleague", "cousin", "married"})  # fmt: skip
_WITH_ORGANISATIONS = frozenset({"joined", "founded", "acquired", "at", "ceo", "of"})
_LONGEST_NAME = 8
"""Words of one name at most."""
_LONGEST_ACRONYM = 6
_SHOUTED = 0.6
"""From this share of capitals among its letters on, a line says nothing by its capitals."""


_LISTED = known.PLACES | known.ORGANISATIONS | known.REGIONS
_NOT_ALONE = frozenset({"new", "great"})
_OF_PEOPLES = ("ish", "ian", "ese", "ean")
"""How words for peoples and languages end."""

_COMMON_WORDS = frozenset({"Nice", "Reading"})


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    first: bool
    """Whether it begins a sentence."""

    @property
    def low(self) -> str:
        return self.text.lower()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


class RuleExtractor:
    """Finds entities by rules and a gazetteer; named ``"rules"``, since it is no model."""

    @property
    def name(self) -> str:
        """What it is."""
        return "rules"

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The labels that it gives: all."""
        return LABELS

    def extract(self, text: str, min_confidence: float = 0.0) -> list[Entity]:
        """Find the entities of a text.

        Confidences are what the kind of evidence is worth, not measured shares: 0.9 and more for
        forms and lists, 0.7 for a telling word within or beside a name, 0.5 for two capitalized
        words, less for one of them.

        Raises:
            InvalidInput: ``input.invalid`` where the text is no str, or the confidence no share.
        """
        fixed = list(formed(checked_text(text)))
        taken = bytearray(len(text) + 1)
        for one in fixed:
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
        words = [word for word in _words(text) if not taken[word.start]]
        return apart([*fixed, *_names(text, words)], min_confidence)

    def __repr__(self) -> str:
        """Show what makes it."""
        return "RuleExtractor()"


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    for match in _WORD.finditer(text):
        word, end = match[0], match.end()
        if word[-2:] in {"'s", "\u2019s"}:
            word, end = word[:-2], end - 2
        before = text[found[-1].end if found else 0 : match.start()]
        abbreviated = bool(found) and found[-1].low in known.TITLES and before == ". "
        first = not found or (not abbreviated and any(sign in before for sign in '.!?\n:"\u201c'))
        found.append(_Word(word, match.start(), end, first))
    return found


def _names(text: str, words: Sequence[_Word]) -> Iterator[Entity]:
    """Find the runs of capitalized words, and say what each is."""
    index = 0
    while index < len(words):
        stop = _run(text, words, index)
        if stop == index:
            if words[index].text in known.PRODUCTS:  # iPhone
                yield _entity(text, words[index : index + 1], "PRODUCT", 0.8)
            index += 1
            continue
        if not _is_shouted(text, words[index]):
            yield from _named(text, words, index, stop)
        index = stop


def _run(text: str, words: Sequence[_Word], start: int) -> int:
    """Give the end of the run of capitalized words that starts here."""
    stop = index = start
    while index < len(words) and index - start < _LONGEST_NAME:
        word = words[index]
        if index > start and not _is_joined(text, words[index - 1], word):
            break
        if word.capital:
            index += 1
            stop = index
        elif index > start and word.low in _JOINERS:
            index += 1
        else:
            break
    return stop


def _is_joined(text: str, before: _Word, word: _Word) -> bool:
    gap = text[before.end : word.start]
    if gap in {" ", "  "}:
        return True
    abbreviated = before.low in known.TITLES or len(before.text) == 1
    return gap == ". " and abbreviated  # Dr. Smith, J. Smith


def _is_shouted(text: str, word: _Word) -> bool:
    start = text.rfind("\n", 0, word.start) + 1
    end = text.find("\n", word.end)
    line = text[max(start, word.start - 60) : min(len(text) if end < 0 else end, word.end + 60)]
    letters = [letter for letter in line if letter.isalpha()]
    return len(letters) > 2 * _LONGEST_ACRONYM and (
        sum(map(str.isupper, letters)) > _SHOUTED * len(letters)
    )


def _named(text: str, words: Sequence[_Word], start: int, stop: int) -> Iterator[Entity]:
    """Split a run at what parts two names, and name the pieces."""
    for piece in _pieces(words, start, stop):
        (low, high), title = piece, False
        while low < high and _is_no_name(words[low]) and not _is_listed(words, low, high):
            low += 1
        while low < high and words[low].low.rstrip(".") in known.TITLES and high - low > 1:
            title, low = True, low + 1
        while high > low and _is_no_name(words[high - 1]) and not _is_listed(words, low, high):
            high -= 1
        if low < high:
            found = _said(text, words, low, high, title=title)
            if found is not None:
                yield found


def _is_no_name(word: _Word) -> bool:
    return word.low in known.NO_NAMES or word.text in known.WEEKDAYS or word.text in known.MONTHS


def _is_listed(words: Sequence[_Word], low: int, high: int) -> bool:
    return " ".join(word.text for word in words[low:high]) in _LISTED


def _pieces(words: Sequence[_Word], start: int, stop: int) -> list[tuple[int, int]]:
    """Part "Alice and Bob" and "Anna of Denmark", but not "Bank of England"."""
    if _is_listed(words, start, stop) or any(
        word.low in known.ORGANISATION_WORDS for word in words[start:stop] if word.capital
    ):
        return [(start, stop)]
    pieces, low = [], start
    for index in range(start, stop):
        word = words[index]
        if not word.capital and word.low not in _OF_PEOPLE and index > low:
            event = any(one.low in known.EVENT_WORDS for one in words[start:stop])
            if word.low in {"of", "the", "for"} and event:
                continue
            pieces.append((low, index))
            low = index + 1
    pieces.append((low, stop))
    return [(low, high) for low, high in pieces if low < high and words[low].capital]


def _said(  # noqa: C901, PLR0911, PLR0912 - one row per kind of evidence, the strongest first
    text: str, words: Sequence[_Word], low: int, high: int, *, title: bool
) -> Entity | None:
    """Say what a name is."""
    run = words[low:high]
    name = text[run[0].start : run[-1].end]
    plain = " ".join(name.split())
    first, last = run[0], run[-1].low.rstrip(".")
    before = words[low - 1].low if low else ""
    after = words[high].low if high < len(words) else ""
    several = len(run) > 1

    def entity(label: Label, sure: float) -> Entity:
        return _entity(text, run, label, sure)

    if title:
        return entity("PERSON", 0.9)
    if plain.lower() in _NOT_ALONE or (plain in _COMMON_WORDS and before not in _INTO):
        return None
    if plain in known.ORGANISATIONS:
        return entity("ORG", 0.85)
    if plain in known.PRODUCTS:
        return entity("PRODUCT", 0.8)
    if plain in known.AMBIGUOUS and plain in known.GIVEN_NAMES:
        place = before in _INTO and after not in _SAYS - _WEAK
        return entity("GPE" if place else "PERSON", 0.7)
    if plain in known.AMBIGUOUS and (after in _SAYS - _WEAK or before in _WITH_PEOPLE):
        return entity("PERSON", 0.6)
    if plain in known.PLACES:
        return entity("GPE", 0.9)
    if plain in known.REGIONS:
        return entity("LOC", 0.85)
    if several and last in known.EVENT_WORDS:
        return entity("EVENT", 0.7)
    if several and (last in known.LANDFORMS or first.low in known.LEADING_LANDFORMS):
        return entity("LOC", 0.7)
    if several and first.text in known.GIVEN_NAMES and last not in known.ORGANISATION_WORDS:
        return entity("PERSON", 0.9)
    if several and any(word.low.rstrip(".") in known.ORGANISATION_WORDS for word in run):
        return entity("ORG", 0.75)
    if plain in known.GIVEN_NAMES:
        return entity("PERSON", 0.85)
    if first.first and not several:
        return _sentence_start(entity, first, after)
    if first.text.isupper() and len(run) == 1:
        acronym = 2 <= len(first.text) <= _LONGEST_ACRONYM  # noqa: PLR2004 - one letter is none
        return entity("ORG", 0.45) if acronym else None
    if not several and plain.endswith(_OF_PEOPLES):
        return entity("MISC", 0.4)
    if before in _WITH_ORGANISATIONS and before != "of":
        return entity("ORG", 0.6)
    if before in _INTO:
        return entity("GPE", 0.55)
    if before in _WITH_PEOPLE or (after in _SAYS and not several):
        return entity("PERSON", 0.55)
    if several:
        return entity("PERSON", 0.5)
    return entity("MISC", 0.4)


def _sentence_start(entity: object, first: _Word, after: str) -> Entity | None:
    """Name a single capitalized word at the start of a sentence: by what follows it, if at all."""
    make = entity
    if first.text.isupper() or after not in _SAYS - _WEAK - {"called"}:
        return None
    return make("PERSON", 0.5)  # type: ignore[operator, no-any-return] # the function within `_said`


def _entity(text: str, run: Sequence[_Word], label: Label, sure: float) -> Entity:
    start, end = run[0].start, run[-1].end
    return Entity(text[start:end], label, start, end, sure)
