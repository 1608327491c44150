"""Letting a model tell an answer.

Owns: `Teller`: any model as one thing that gives pieces; and what may be shown of a piece before
the next one comes: neither half of a placeholder nor half of the words that mean "nothing found".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engram.answer.prompting import NOT_IN_MEMORY, SENTINEL, is_sentinel
from engram.errors import InvalidInput
from engram.llm import RemoteLLM, as_llm, get_llm

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from engram.answer.prompting import Prompt
    from engram.llm import LLM
    from engram.remote import Usage

__all__ = ["Teller", "Told", "as_teller"]

_HALF_PLACEHOLDER = re.compile(r"<[A-Z_0-9]{0,40}$")


def as_teller(model: Any) -> Teller:
    """Take the name of a model, an `LLM`, or a function.

    Raises:
        InvalidInput: ``provider.unknown``, ``remote.key``, ``llm.invalid``; ``input.invalid`` where
            a provider is named without a model. Before anything is sent.
    """
    if isinstance(model, str):
        return Teller(get_llm(model), owned=True)
    return Teller(as_llm(model), name=getattr(model, "__name__", type(model).__name__))


class Teller:
    """A model, asked for pieces or for the whole."""

    def __init__(self, llm: LLM, *, name: str = "", owned: bool = False) -> None:
        self._llm: Any = llm
        self._owned = owned
        self.name = f"{llm.provider}:{llm.model}" if isinstance(llm, RemoteLLM) else name

    def tell(
        self, prompt: Prompt, *, max_tokens: int | None, temperature: float | None, whole: bool
    ) -> Told:
        """Prepare to ask; nothing is sent before the first piece is taken."""
        options: dict[str, Any] = {
            "system": prompt.system,
            "max_tokens": max_tokens,
            "temperature": temperature,
        }
        return Told(self._llm, prompt.user, options, whole=whole, owned=self._owned)


class Told:
    """An answer under way."""

    def __init__(
        self, llm: Any, user: str, options: dict[str, Any], *, whole: bool, owned: bool
    ) -> None:
        self._llm = llm
        self._owned = owned
        self._user = user
        self._options = options
        self._whole = whole
        self._usage: Usage | None = None

    def pieces(
        self, restore: Callable[[str], str] | None
    ) -> Generator[str, None, tuple[str, Usage | None]]:
        """Give the pieces that may be shown; at the end, the whole text and its usage."""
        text, shown = "", 0
        try:
            for piece in self._raw():
                text += piece
                ready = self._ready(text, masked=restore is not None)
                if ready > shown:
                    yield _restored(text[shown:ready], restore)
                    shown = ready
        finally:
            if self._owned:
                self._llm.close()
        if is_sentinel(text):
            yield NOT_IN_MEMORY
        elif shown < len(text):
            yield _restored(text[shown:], restore)
        if not text.strip():
            raise InvalidInput(
                "llm.answer", f"{self._llm!r} gave no answer of use: it is empty", "ask again"
            )
        return _restored(text, restore).strip(), self._usage

    @staticmethod
    def _ready(text: str, *, masked: bool) -> int:
        """Say how much of a text can be shown."""
        start = text.lstrip(" \n\t*_`\"'").upper()
        if SENTINEL.startswith(start[: len(SENTINEL)]):
            return 0
        half = _HALF_PLACEHOLDER.search(text) if masked else None
        return half.start() if half else len(text)

    def _raw(self) -> Iterator[str]:
        """Give the pieces as the model does; one, where it has no others."""
        llm = self._llm
        if not self._whole and callable(getattr(llm, "stream", None)):
            before = getattr(llm, "usage", None)
            yield from llm.stream(self._user, **self._options)
            self._usage = _difference(getattr(llm, "usage", None), before)
        elif callable(getattr(llm, "answer", None)):
            answered = llm.answer(self._user, **self._options)
            self._usage = answered.usage
            yield answered.text
        else:
            yield llm.complete(self._user, **self._options)


def _restored(text: str, restore: Callable[[str], str] | None) -> str:
    return restore(text) if restore else text


def _difference(after: Any, before: Any) -> Usage | None:
    """Say what a stream took, by what the model counted before and after it."""
    from engram.remote import Usage

    if not isinstance(after, Usage) or not isinstance(before, Usage):
        return None
    return Usage(
        after.input_tokens - before.input_tokens, after.output_tokens - before.output_tokens
    )
