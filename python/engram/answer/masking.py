"""Taking personal data out of a text, and putting it back.

Owns: `Masker`, `Masked`, `mask_pii`. Invariants (property-tested): ``restore(mask(text)) == text``;
no value that was found is in a masked text; the same value has the same placeholder in all texts of
one masker. What a text holds of placeholders from elsewhere is masked itself, so that it cannot be
taken for one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.answer.patterns import KINDS, Kind, Span, checked_regions, found_in
from engram.checks import proper_str
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Masked", "Masker", "mask_pii"]

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*)_(\d+)>")
_FOREIGN = "TEXT"
_WORD = "WORD"
_REGIONS = ("US",)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data. Frozen.

    Attributes:
        text: The text, with placeholders such as ``<EMAIL_1>``.
        values: What each placeholder stands for.
    """

    text: str
    values: Mapping[str, str]

    def restore(self, text: str | None = None) -> str:
        """Put the values back, into this text or another that uses its placeholders."""
        return _restored(self.text if text is None else text, self.values)


class Masker:
    """Replaces personal data by placeholders, the same for the same value.

    Not for threads: one answer, one masker. `ask` makes a fresh one of those it is given.
    """

    def __init__(
        self,
        kinds: Iterable[Kind] = tuple(KINDS),
        *,
        regions: Sequence[str] = _REGIONS,
        words: Iterable[str] = (),
        entities: Callable[[str], Iterable[Any]] | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Choose what is replaced.

        Args:
            kinds: Of ``KEY`` (of programming interfaces), ``EMAIL``, ``IBAN``, ``CARD``, ``IP``,
                ``SSN`` (of the USA), ``PHONE``.
            regions: Countries whose phone numbers are found without a ``+``, too: ``"DE"``.
            words: Words that are replaced wherever they stand alone, case aside: names, projects.
            entities: Finds names: a function from text to objects (or dicts) with ``start``,
                ``end``, ``label``, such as ``engram.enrich.default_enricher().entities``.
            labels: Of what it finds, only entities with these labels (``"PERSON"``, ``"ORG"``);
                all of it unless given.

        Raises:
            InvalidInput: ``input.invalid``.
            MissingExtra: For ``PHONE`` without ``engram[pii]``.
        """
        self._kinds: tuple[Kind, ...] = tuple(kinds)
        for kind in self._kinds:
            if kind not in KINDS:
                raise InvalidInput(
                    "input.invalid", f"no kind {kind!r}", f"one of: {', '.join(KINDS)}"
                )
        self._regions = checked_regions(regions) if "PHONE" in self._kinds else ()
        self._words = tuple(sorted((one for one in words if one), key=len, reverse=True))
        self._pattern = (
            re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, self._words))})(?!\w)", re.IGNORECASE)
            if self._words
            else None
        )
        self._entities = entities
        self._labels = None if labels is None else frozenset(map(_kind, labels))
        self._placeholders: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}

    def mask(self, text: str) -> str:
        """Replace what is found in a text."""
        proper_str(text, "the text")
        out, at = [], 0
        for span in self._spans(text):
            out += [
                text[at : span.start],
                self._placeholder(text[span.start : span.end], span.kind),
            ]
            at = span.end
        # A value that was found elsewhere, or in part of this text only by its surroundings.
        return self._without_known("".join([*out, text[at:]]))

    def restore(self, text: str) -> str:
        """Put the values back into a text that uses the placeholders."""
        return _restored(text, self._values)

    @property
    def values(self) -> Mapping[str, str]:
        """What each placeholder stands for."""
        return dict(self._values)

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many values were replaced, by kind."""
        return tuple(sorted(Counter(kind for kind, _ in self._placeholders).items()))

    def fresh(self) -> Masker:
        """Give a masker of the same choices that has replaced nothing."""
        return Masker(
            self._kinds,
            regions=self._regions,
            words=self._words,
            entities=self._entities,
            labels=self._labels,
        )

    def _spans(self, text: str) -> list[Span]:
        """Give what is to be replaced, in order and without overlap; what comes first stands."""
        spans = [Span(*match.span(), _FOREIGN) for match in _PLACEHOLDER.finditer(text)]
        spans += found_in(text, self._kinds, self._regions)
        if self._pattern is not None:
            spans += [Span(*match.span(), _WORD) for match in self._pattern.finditer(text)]
        if self._entities is not None:
            named = [_span(one, len(text)) for one in self._entities(text)]
            spans += [one for one in named if self._labels is None or one.kind in self._labels]
        chosen: list[Span] = []
        for span in spans:
            if all(span.end <= one.start or one.end <= span.start for one in chosen):
                chosen.append(span)
        return sorted(chosen)

    def _placeholder(self, value: str, kind: str) -> str:
        known = self._placeholders.get((kind, value))
        if known is None:
            number = 1 + sum(other == kind for other, _ in self._placeholders)
            known = f"<{kind}_{number}>"
            self._placeholders[kind, value] = known
            self._values[known] = value
        return known

    def _without_known(self, text: str) -> str:
        """Replace values that are known by now wherever else they stand."""
        for (kind, value), placeholder in self._placeholders.items():
            if kind == _FOREIGN or value not in text:
                continue
            if kind in KINDS:
                text = text.replace(value, placeholder)
            else:  # a name may be a part of other words
                text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", placeholder, text)
        return text


def mask_pii(
    text: str,
    kinds: Iterable[Kind] = tuple(KINDS),
    *,
    regions: Sequence[str] = _REGIONS,
    words: Iterable[str] = (),
    entities: Callable[[str], Iterable[Any]] | None = None,
    labels: Iterable[str] | None = None,
) -> Masked:
    """Replace personal data in a text by placeholders.

    Args:
        text: The text.
        kinds: As for `Masker`.
        regions: As for `Masker`.
        words: As for `Masker`.
        entities: As for `Masker`.
        labels: As for `Masker`.

    Returns:
        The masked text, which can be restored.

    Raises:
        InvalidInput: As for `Masker`.
        MissingExtra: As for `Masker`.

    Example:
        >>> from engram.answer import mask_pii
        >>> masked = mask_pii("Write to ada@example.com, or call +1 650-253-0000.")
        >>> masked.text
        'Write to <EMAIL_1>, or call <PHONE_1>.'
        >>> masked.restore("Mail <EMAIL_1>.")
        'Mail ada@example.com.'
    """
    masker = Masker(kinds, regions=regions, words=words, entities=entities, labels=labels)
    return Masked(masker.mask(text), masker.values)


def _restored(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[0], match[0]), text)


def _span(one: Any, length: int) -> Span:
    read: Any = one.get if hasattr(one, "get") else lambda name: getattr(one, name, None)
    start, end, label = read("start"), read("end"), read("label")
    is_place = isinstance(start, int) and isinstance(end, int) and isinstance(label, str)
    if not is_place or not 0 <= start < end <= length:
        raise InvalidInput(
            "input.invalid",
            f"the function given as entities found {one!r:.80}",
            "each has a start, an end and a label, within the text",
        )
    return Span(start, end, _kind(label))


def _kind(label: str) -> str:
    """Give a label in the form that placeholders have."""
    return re.sub(r"[^A-Z]+", "_", label.upper()).strip("_") or "NAME"
