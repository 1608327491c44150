"""Documents and options as memvid-sdk is given them, for `engram.Memory`.

Owns: `document_of`, `options_of` and `model_of`, and what is noticed in a document's text: names
and dates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.compat.memvid.access import list_of
from engram.compat.memvid.shapes import DATES, LABELS
from engram.errors import EngramError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["document_of", "model_of", "options_of"]

_PLAIN = ("title", "label", "uri", "tags", "kind", "track", "timestamp")
_KNOWN = (*_PLAIN, "text", "file", "metadata", "labels", "search_text")
_ASKED = ("enable_embedding", "embedding_model", "auto_tag", "extract_dates", "vector_compression")
_TUNING = {"compression_level": 3, "disable_auto_checkpoint": True, "skip_sync": False}
_CONFIDENCE = 0.6
_NO_TAGS = frozenset({"DATE", "MONEY", "EMAIL", "URL"})


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of putting; those of memvid's own file can only be as they are."""
    unknown = sorted(set(given) - {*_ASKED, *_TUNING})
    if unknown:
        raise InvalidInput(
            "input.invalid", f"unknown options: {', '.join(unknown)}", ", ".join(_ASKED)
        )
    for name, only in {**_TUNING, "vector_compression": False}.items():
        if given.get(name, only) != only:
            raise InvalidInput(
                "input.invalid",
                f"{name}={given[name]!r}: engram compresses, syncs and searches in its own way",
                f"leave it out; {name}={only!r} is what it comes to",
            )
    return {name: value for name, value in given.items() if name in _ASKED}


def document_of(request: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Make a document of `engram.Memory` of one of memvid-sdk."""
    unknown = sorted(set(request) - set(_KNOWN))
    if unknown:
        raise InvalidInput(
            "input.invalid", f"unknown keys: {', '.join(unknown)}", f"one of {', '.join(_KNOWN)}"
        )
    given = {name: request[name] for name in _PLAIN if request.get(name) is not None}
    text, file = request.get("text"), request.get("file")
    about = dict(request.get("metadata") or {})
    searched = [one for one in (request.get("search_text"), text if file else None) if one]
    given |= {"file": file} if file else {"text": text}
    if searched:
        given["search_text"] = "\n".join(searched)
    if request.get("labels"):
        about[LABELS] = [str(one) for one in request["labels"]]
    names, dates = _noticed(text, file, options)
    given["tags"] = list(dict.fromkeys([*(request.get("tags") or ()), *names]))
    if dates:
        about[DATES] = dates
    access, about = list_of(about)
    return {**given, "metadata": about, "access": access}


def _noticed(
    text: str | None, file: str | None, options: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Find the names and the dates of a document."""
    wants = options.get("auto_tag", True), options.get("extract_dates", True)
    if not any(wants):
        return [], []
    if text is None and file is not None:
        from engram.extract import extract

        try:
            text = extract(file, tables=False).text
        except EngramError:
            return [], []  # the put that follows tells why
    from engram.enrich import get_extractor

    found = get_extractor("rules").extract(text or "", min_confidence=_CONFIDENCE)
    names = [one.text.lower() for one in found if one.label not in _NO_TAGS]
    dates = [one.text for one in found if one.label == "DATE"]
    return names if wants[0] else [], dates if wants[1] else []


def model_of(model: str | None, key: str | None) -> Any:
    """Give a language model by name."""
    if model is None or key is None:
        return model
    from engram.llm import get_llm

    return get_llm(model, key=key)
