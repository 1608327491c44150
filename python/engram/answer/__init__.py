"""Answers from passages, with what they rest on.

Owns: the public names of answering a question from what a search found (`ask`, `stream`), the
results, cutting texts into sentences, and masking personal data. Each name loads when it is asked
for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.answer.asking import AnswerStream, AskOptions, ask, stream
    from engram.answer.masking import Masked, Masker, mask_pii
    from engram.answer.nearness import RELEVANT, SUPPORTED
    from engram.answer.passages import Passage
    from engram.answer.prompting import NOT_IN_MEMORY
    from engram.answer.results import Answer, Citation, Evidence, Sentence
    from engram.answer.sentences import split_sentences

__all__ = [
    "NOT_IN_MEMORY",
    "RELEVANT",
    "SUPPORTED",
    "Answer",
    "AnswerStream",
    "AskOptions",
    "Citation",
    "Evidence",
    "Masked",
    "Masker",
    "Passage",
    "Sentence",
    "ask",
    "mask_pii",
    "split_sentences",
    "stream",
]

_HOMES = {
    "NOT_IN_MEMORY": "prompting",
    "RELEVANT": "nearness",
    "SUPPORTED": "nearness",
    "Answer": "results",
    "AnswerStream": "asking",
    "AskOptions": "asking",
    "Citation": "results",
    "Evidence": "results",
    "Masked": "masking",
    "Masker": "masking",
    "Passage": "passages",
    "Sentence": "results",
    "ask": "asking",
    "mask_pii": "masking",
    "split_sentences": "sentences",
    "stream": "asking",
}
"""The module of each name."""


def __getattr__(name: str) -> object:
    """Load a name of `_HOMES`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
