"""Taking whatever a caller has for a language model.

Owns: `as_llm`. Invariant: what it returns answers with a str, or raises.
"""

from __future__ import annotations

from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from engram.llm.protocol import LLM

__all__ = ["as_llm"]


class _Function:
    """A function from prompt to answer, as an `LLM`. It is told the system text first."""

    def __init__(self, function: Callable[[str], str]) -> None:
        self._function = function

    def complete(
        self,
        prompt: str,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        del max_tokens, temperature  # a function from text to text has no say in them
        answer: object = self._function(prompt if system is None else f"{system}\n\n{prompt}")
        if not isinstance(answer, str):
            raise InvalidInput(
                "llm.invalid",
                f"the function given as a language model returned {type(answer).__name__}",
                "return the answer's text",
            )
        return answer

    def __repr__(self) -> str:
        return f"as_llm({self._function!r})"


def as_llm(model: LLM | Callable[[str], str]) -> LLM:
    """Take an `LLM`, or a function from prompt to answer, as an `LLM`.

    Raises:
        InvalidInput: ``llm.invalid`` where the object is neither.
    """
    if callable(getattr(model, "complete", None)):
        return model  # type: ignore[return-value] # its signature is its own affair
    if callable(model):
        return _Function(model)
    raise InvalidInput(
        "llm.invalid",
        f"{type(model).__name__} is no language model",
        "give it `complete(prompt, *, system, max_tokens, temperature) -> str`, "
        "or pass a function from prompt to answer",
    )
