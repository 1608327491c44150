"""Facts by rules: sentences of a few common shapes.

Owns: `RuleFacts` and its shapes: "X works at Y", "X is the CEO of Y", "X lives in Y", "my name is
Y", "X prefers Y", "X's slot is Y" and their like, with the dates beside them. Questions, denials
and what only might be are passed over. Limits: English; one sentence at a time; "he" and "she" name
nobody here.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from engram.checks import proper_str
from engram.enrich.dates import aware, span_of
from engram.enrich.facts import USER, Fact, slot_name
from engram.enrich.gazetteer import NO_NAMES, TITLES
from engram.enrich.summaries import places_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RuleFacts"]

_CAPITAL = r"(?!I\b)[A-Z\u00c0-\u00de][\w&'\u2019-]*"
_NAME = (
    rf"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.\s)?{_CAPITAL}"
    rf"(?:\s(?:(?:de|van|von|der|la|bin|al|of|the)\s){{0,2}}{_CAPITAL}){{0,4}}"
)
_WHO = rf"(?P<who>I(?=\s|'|\u2019)|and|{_NAME})"
_BE = r"(?:\s(?:is|am|was)|'m|\u2019m|'s|\u2019s)"
_ADVERB = r"(?:\s(?:now|currently|still|really|just|also|recently|mostly|always|usually))?"
_THING = rf"(?P<value>(?:the\s)?{_NAME})"
_PHRASE = (
    r"(?P<value>(?!not\b|to\s|that\s|it\b|this\b|when\b|how\b|you\b|him\b|her\b|them\b)"
    r"[^\s.,;:!?()\n][^.,;:!?()\n]{0,78}?)"
    r"(?=\s(?:and|but|because|since|when|while|which|who|until|so|as|if|though|although|in\s\d{4}"
    r"|on\s\w+day|yesterday|today|last|this|next|now|anymore|these|very|a\slot|so\smuch|too|again|more\sthan)\b"
    r"|\s*[.,;:!?()\n]|\s*$)"
)
_JOB = (
    r"(?:[\w-]+\s){0,3}?(?:CEO|CTO|CFO|COO|president|director|manager|engineer|developer|head"
    r"|founder|co-founder|cofounder|chief|chair|chairman|professor|lecturer|editor|designer"
    r"|analyst|consultant|teacher|nurse|doctor|scientist|researcher|lawyer|accountant|architect"
    r"|secretary|assistant|intern|student|member|owner|partner|minister|mayor|captain|coach)"
)


_HINTS = {
    "name": ("name", "all me"),
    "employer": ("work", "joined", "job", "started", "quit", "left"),
    "role": (" of", " at", " for"),
    "occupation": (" a ", " an ", " the ", " a\n", " an\n", " the\n"),
    "residence": ("live", "living", "reside", "settled", "based", "moved", "relocated"),
    "headquarters": ("headquartered",),
    "birthplace": ("born",),
    "birthday": ("born",),
    "origin": ("from",),
    "age": ("years",),
    "spouse": ("married",),
    "founder_of": ("founded",),
    "founded": ("founded",),
    "allergy": ("allergic",),
    "speaks": ("speak",),
    "prefers": ("prefer",),
    "likes": ("like", "love", "enjoy", "adore"),
    "dislikes": ("hate", "dislike", "stand"),
    "studies": ("stud", "major"),
    "owns": ("bought", "own", "adopted"),
}
"""What a sentence has to hold for a slot's shapes to be worth looking for."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class _Shape(NamedTuple):
    slot: str
    pattern: re.Pattern[str]
    confidence: float
    ended: bool = False


def _shape(slot: str, pattern: str, confidence: float, *, ended: bool = False) -> _Shape:
    return _Shape(slot, re.compile(pattern), confidence, ended)


_WORK = r"(?:works?|working|has\sworked|have\sworked|started\sworking|started)"
_SHAPES = (
    _shape("name", r"\b(?P<who>[Mm]y)\sname\sis\s" + _THING, 0.9),
    _shape("name", r"\b(?P<who>[Cc]all\sme)\s" + _THING, 0.8),
    _shape("employer", rf"\b{_WHO}(?:{_BE})?{_ADVERB}\s{_WORK}\s(?:at|for)\s{_THING}", 0.85),
    _shape("employer", rf"\b{_WHO}{_ADVERB}\sjoined\s{_THING}", 0.7),
    _shape("employer", rf"\b{_WHO}\s(?:got|took)\sa\s(?:new\s)?job\s(?:at|with)\s{_THING}", 0.8),
    _shape(
        "employer",
        rf"\b{_WHO}\s(?:no\slonger\sworks?\s(?:at|for)|used\sto\swork\s(?:at|for)|quit|left)"
        rf"\s{_THING}",
        0.7,
        ended=True,
    ),
    _shape(
        "role",
        rf"\b{_WHO}(?:{_BE}|\sbecame){_ADVERB}\s(?:the\s|an?\s)?"
        rf"(?P<value>{_JOB}\s(?:of|at|for)\s(?:the\s)?(?P<org>{_NAME}))",
        0.85,
    ),
    _shape("occupation", rf"\b{_WHO}(?:{_BE}|\sbecame){_ADVERB}\s(?:the\s|an?\s)"
        rf"(?P<value>{_JOB})\b(?!\s(?:of|at|for)\b)", 0.75),
    _shape("residence", rf"\b{_WHO}{_ADVERB}\s(?:lives?|resides?|settled)\sin\s{_THING}", 0.85),
    _shape("residence", rf"\b{_WHO}(?:{_BE}){_ADVERB}\s(?:living|based)\sin\s{_THING}", 0.85),
    _shape("residence", rf"\b{_WHO}{_ADVERB}\s(?:moved|relocated)(?:\s\w+)?\sto\s{_THING}", 0.8),
    _shape("residence", rf"\b{_WHO}\s(?:no\slonger\slives?|used\sto\slive)\sin\s{_THING}", 0.8,
        ended=True),
    _shape("headquarters", rf"\b{_WHO}\sis\sheadquartered\sin\s{_THING}", 0.85),
    _shape("birthplace", rf"\b{_WHO}\swas\sborn\sin\s{_THING}", 0.85),
    _shape("birthday", rf"\b{_WHO}\swas\sborn\son\s(?P<value>[\w ,]{{4,24}}?\d{{4}})", 0.85),
    _shape(
        "origin",
        rf"\b{_WHO}(?:\s(?:is|am)|'m|\u2019m|\scomes?)(?:\soriginally)?\sfrom\s{_THING}",
        0.75,
    ),
    _shape("age", rf"\b{_WHO}(?:{_BE})\s(?P<value>\d{{1,3}})\syears\sold", 0.85),
    _shape("spouse", rf"\b{_WHO}(?:(?:{_BE})\smarried\sto|\smarried)\s{_THING}", 0.8),
    _shape("founder_of", rf"\b{_WHO}\s(?:co-)?founded\s{_THING}", 0.8),
    _shape("founded", rf"\b{_WHO}\swas\sfounded\sin\s(?P<value>\d{{4}})", 0.85),
    _shape("allergy", rf"\b{_WHO}(?:{_BE})\sallergic\sto\s{_PHRASE}", 0.85),
    _shape("speaks", rf"\b{_WHO}{_ADVERB}\sspeaks?\s(?:fluent\s)?{_THING}", 0.8),
    _shape("prefers", rf"\b{_WHO}{_ADVERB}\sprefers?\s{_PHRASE}", 0.85),
    _shape("likes", rf"\b{_WHO}{_ADVERB}\s(?:likes?|loves?|enjoys?|adores?)\s{_PHRASE}", 0.75),
    _shape("dislikes", rf"\b{_WHO}{_ADVERB}\s(?:hates?|dislikes?|can't\sstand)\s{_PHRASE}", 0.75),
    _shape("studies", rf"\b{_WHO}{_ADVERB}\s(?:studies|study|majors?\sin)\s{_PHRASE}", 0.7),
    _shape("owns", rf"\b{_WHO}{_ADVERB}\s(?:bought|owns?|adopted)\s{_PHRASE}", 0.65),
)  # fmt: skip
_OWN = re.compile(
    rf"\b(?:(?P<my>[Mm]y)|(?P<who>{_NAME}?)['\u2019]s?)\s"
    r"(?P<slot>(?:[a-z]+[ -]){0,2}[a-z]+)\s(?:is|are|was)\s(?:now\s|called\s|named\s)?" + _PHRASE
)
_OF = re.compile(
    rf"\b[Tt]he\s(?P<slot>(?:[a-z]+\s){{0,1}}(?:[a-z]+|CEO|CTO|CFO|COO))\sof\s(?P<who>{_NAME})"
    rf"\sis\s(?:now\s)?{_PHRASE}"
)
_NO_SLOTS = _words(
    "it problem point name guess bad question idea thing opinion turn way one "
    "goal hope plan day life fault best only main"
)
_NO_VALUES = _words(
    """
    great good fine nice bad ok okay right wrong new old gone done here there amazing
    awesome so very really doing going coming getting always still just too also that what
    it about like because broken wonderful beautiful important
    """
)
_PRONOUNS = _words(
    """
    he she they we it you this that these those who there what everyone everybody nobody
    someone anyone
    """
)
_OF_PEOPLES = ("ish", "ese", "ian")
_PLURAL = re.compile(
    r"\b(?:like|love|enjoy|adore|prefer|hate|dislike|live|reside|work|speak|study|own)\b"
)
_NO_JOB = re.compile(r"\b(?:student|member|owner|minister|mayor|captain)\b")
_PARTICIPLE = re.compile(
    r"^(?:\w+ed|kept|made|built|held|set|put|found|given|taken|seen|shown|known|one|subject|in|on"
    r"|at|to|by|from|of)\b"
)
_ARTICLE = re.compile(r"^(?:an?|the)\b")
_MAYBE = re.compile(
    r"^\s*(?:if|suppose|imagine|what if|maybe|perhaps)\b"
    r"|\b(?:not|never|n't|n\u2019t|might|would)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:since|from|in|on|as of|starting)\s(?P<date>(?:the\s)?(?:[A-Z][a-z]+\s)?"
    r"(?:\d{1,2}(?:st|nd|rd|th)?,?\s)?(?:of\s)?(?:[A-Z][a-z]+,?\s)?\d{4}(?:-\d\d(?:-\d\d)?)?)"
    r"|\b(?P<near>(?i:(?:last|this)\s(?:week|month|year|\w+day)|yesterday|today"
    r"|\w+\s(?:days?|weeks?|months?|years?)\sago))\b"
)
_UNTIL = re.compile(
    r"\b(?:until|till|to)\s(?P<date>(?:[A-Z][a-z]+\s)?(?:\d{1,2},?\s)?\d{4}(?:-\d\d(?:-\d\d)?)?)\b"
)


class RuleFacts:
    """Finds facts by rules; named ``"rules"``."""

    @property
    def name(self) -> str:
        """What it is."""
        return "rules"

    def facts(
        self, text: str, *, speaker: str | None = None, when: datetime | None = None
    ) -> list[Fact]:
        """Find the facts of a text; see `FactExtractor`.

        Raises:
            InvalidInput: ``input.invalid`` where the text is no str.
        """
        said = aware(when) if when is not None else datetime.now(timezone.utc)
        found: dict[tuple[str, str, str, int], Fact] = {}
        for start, end in places_of(proper_str(text, "the text")):
            sentence = text[start:end]
            if sentence.rstrip("\"'\u201d ").endswith("?") or _MAYBE.search(sentence):
                continue
            for fact in _of_sentence(sentence, start, speaker or USER, said):
                key = (fact.entity, fact.slot, fact.value.casefold(), start)
                found.setdefault(key, fact)
        return sorted(found.values(), key=lambda fact: (fact.start or 0, fact.slot, fact.value))

    def __repr__(self) -> str:
        """Show what makes it."""
        return "RuleFacts()"


def _of_sentence(sentence: str, start: int, speaker: str, said: datetime) -> Iterator[Fact]:
    since, until = _dates(sentence, said)

    def fact(entity: str, slot: str, value: str, sure: float, *, ended: bool = False) -> Fact:
        return Fact(
            entity=entity,
            slot=slot,
            value=value,
            valid_from=None if ended else since or said,
            valid_to=(until or said) if ended else until,
            statement=" ".join(sentence.split()),
            start=start,
            end=start + len(sentence.rstrip()),
            confidence=sure,
            ended=ended,
        )

    said_of: str | None = None
    for _, shape, found in _matches(sentence):
        # "Acme was founded in 1999 and is headquartered in Oslo."
        who = said_of if found["who"] == "and" else _subject(found["who"], speaker)
        value = _value(found["value"])
        if who is None or value is None or value == who:
            continue
        if shape.slot == "employer" and value.endswith(_OF_PEOPLES):
            continue  # "joined Turkish forces"
        if who != speaker and _PLURAL.search(sentence[found.end("who") : found.start("value")]):
            continue  # "people like Zhao": what follows a name has an s
        said_of = who
        yield fact(who, shape.slot, value, shape.confidence, ended=shape.ended)
        if shape.slot == "role" and not _NO_JOB.search(value):
            yield fact(who, "employer", _value(found["org"]) or found["org"], 0.7)
    for pattern in (_OWN, _OF):
        for found in pattern.finditer(sentence):
            parts = found.groupdict()
            who = speaker if parts.get("my") else _subject(parts["who"] or "", speaker)
            value, slot = _value(found["value"]), slot_name(found["slot"])
            raw = found["value"].strip()
            if _PARTICIPLE.search(raw) or (who != speaker and _ARTICLE.search(raw)):
                continue
            if (
                who
                and value
                and slot.split("_")[-1] not in _NO_SLOTS
                and (value.split()[0].lower() not in _NO_VALUES)
            ):
                yield fact(who, slot, value, 0.75)


def _matches(sentence: str) -> list[tuple[int, _Shape, re.Match[str]]]:
    """Give what fits a shape, in the order of the sentence."""
    likely = {slot for slot, hints in _HINTS.items() if any(map(sentence.__contains__, hints))}
    found = [
        (match.start(), shape, match)
        for shape in _SHAPES
        if shape.slot in likely
        for match in shape.pattern.finditer(sentence)
    ]
    return sorted(found, key=lambda one: one[0])


def _subject(name: str, speaker: str) -> str | None:
    """Say of whom it is said; None where that is nobody known."""
    if name in {"I", "my", "My"} or name.lower() == "call me":
        return speaker
    words = name.split()
    while words and words[0].lower() in NO_NAMES and words[0].lower() not in _PRONOUNS:
        del words[0]
    if "and" in words or not words or words[0].lower() in _PRONOUNS | {"i"}:
        return None
    plain = [word.lower().rstrip(".") for word in words]
    return None if all(word in NO_NAMES | TITLES for word in plain) else " ".join(words)


def _value(text: str) -> str | None:
    """Trim a value; None where nothing is left."""
    value = " ".join(text.split()).strip(" '\"\u2019-").rstrip(".")
    words = value.split(" ")
    if len(words) > 1 and words[0] in {"the", "a", "an", "my"} and words[1][:1].isupper():
        value = " ".join(words[1:])
    value = value.removesuffix("'s").removesuffix("\u2019s")
    return value if any(map(str.isalnum, value)) else None


def _dates(sentence: str, said: datetime) -> tuple[datetime | None, datetime | None]:
    """Say since when and until when, as far as the sentence does."""
    since = until = None
    if (found := _SINCE.search(sentence)) is not None:
        span = span_of(found["date"] or found["near"], said)
        since = span[0] if span else None
    if (found := _UNTIL.search(sentence)) is not None:
        span = span_of(found["date"], said)
        until = span[0] if span else None
    if since and until and until <= since:
        until = None
    return since, until
