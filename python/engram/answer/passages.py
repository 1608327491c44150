"""What an answer is made of.

Owns: `Passage`, and taking hits of every kind for passages. Invariant: where `start` is known,
``text`` is what stands in the source from there on; a heading that was stored before the text of a
chunk is no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.rag.indexing import context_chars, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Passage", "as_passages"]

_NAMES = ("id", "uri", "title", "page", "start", "end")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. Frozen.

    Attributes:
        text: What it says.
        id: What it is called where it was found.
        uri: Where its document comes from, or None.
        title: The document's title, or None.
        page: The page it begins on, from 1, or None.
        start: Offset of its first character in the document's text, or None.
        end: Offset behind its last character, or None.
    """

    text: str
    id: str
    uri: str | None = None
    title: str | None = None
    page: int | None = None
    start: int | None = None
    end: int | None = None


def as_passages(passages: Iterable[Any]) -> list[Passage]:
    """Take hits, records, dicts or passages as passages.

    What an attribute does not say is looked for in the metadata: as `Memory` writes it (``doc``),
    as `engram.rag.chunk_records` does (``source``, ``start``), or by the same names.

    Raises:
        InvalidInput: ``input.invalid`` where one has no text.
    """
    if isinstance(passages, (str, Mapping)):
        raise InvalidInput(
            "input.invalid",
            f"passages is one {type(passages).__name__}",
            "give a list of passages, such as what a query or Memory.find returned",
        )
    found = [_passage(number, one) for number, one in enumerate(passages)]
    return [one for one in found if one.text.strip()]


def _passage(number: int, given: Any) -> Passage:
    if isinstance(given, Passage):
        proper_str(given.text, f"the text of passage {number}")
        return given
    is_dict = isinstance(given, Mapping)
    read = given.get if is_dict else lambda name: getattr(given, name, None)
    about: Any = read("metadata")
    about = about if isinstance(about, Mapping) else {}
    text = read("text")
    if not isinstance(text, str):
        raise InvalidInput(
            "input.invalid",
            f"passage {number} is {given!r:.80}, which has no text",
            "a passage has a text, and an id, uri, title, page, start where they are known",
        )
    proper_str(text, f"the text of passage {number}")
    if about and not is_dict and context_chars(given):
        text = text_of(given)
    of_document: Any = about.get("doc") if isinstance(about.get("doc"), Mapping) else {}
    before = _typed(of_document.get("context"), int) or 0
    if before and not is_dict and isinstance(text, str):
        text = text[before:]
    values: dict[str, Any] = {}
    for name in _NAMES:
        value = read(name)
        if value is None and name != "id":
            value = of_document.get(name, about.get(name))
        values[name] = value
    document = read("document")
    for name in ("uri", "title"):
        if values[name] is None:
            values[name] = getattr(document, name, None)
    if values["uri"] is None:
        source = about.get("source", of_document.get("id", getattr(document, "id", None)))
        values["uri"] = source
    return Passage(
        text,
        str(number + 1 if values["id"] is None else values["id"]),
        *(_typed(values[name], str) for name in ("uri", "title")),
        *(_typed(values[name], int) for name in ("page", "start", "end")),
    )


def _typed(value: Any, kind: type) -> Any:
    """Give a value where it is of its kind; metadata of others may use the same name."""
    return value if isinstance(value, kind) and not isinstance(value, bool) else None
