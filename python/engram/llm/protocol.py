"""What a language model has to offer.

Owns: `LLM`. It is the least that the toolkit needs; a model may offer more.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["LLM"]


@runtime_checkable
class LLM(Protocol):
    """A language model: one instruction in, one answer out."""

    def complete(
        self,
        prompt: str,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        """Answer a prompt.

        Args:
            prompt: What the user says.
            system: What the model is told to be, if anything.
            max_tokens: Tokens in the answer at most; None for the model's own limit.
            temperature: 0 for the likeliest answer, more for variety; None for the model's default.
                A wish: a model that has no such setting answers as it does.

        Returns:
            The answer's text.
        """
