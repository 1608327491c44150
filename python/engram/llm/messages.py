"""What is said to a language model, and what it answers.

Owns: `Message`, `Prompt`, `Answer`, and putting a prompt in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from engram.errors import InvalidInput
from engram.records import Frozen, _set

if TYPE_CHECKING:
    from engram.remote.budget import Usage

__all__ = ["Answer", "Message", "Prompt", "ordered"]

_ROLES = ("system", "user", "assistant")


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt: TypeAlias = str | Sequence[Message]
"""What the user says, or a conversation so far."""


class Answer(Frozen):
    """What a model answered, and how. Frozen.

    Attributes:
        text: The answer; what a model thought before it is not part of it.
        stop: Why it ended: ``"stop"`` by itself, ``"length"`` where it was cut off; or the
            provider's own word.
        usage: Tokens, as the provider counted them; estimated where it does not say.
        model: ``provider:model``.
        temperature: What the model was told; None where that was left to it, since nothing was
            asked for or the model takes none.
    """

    __slots__ = ("model", "stop", "temperature", "text", "usage")

    text: str
    stop: str
    usage: Usage
    model: str
    temperature: float | None

    def __init__(
        self, text: str, stop: str, usage: Usage, model: str, temperature: float | None
    ) -> None:
        """Make an answer."""
        _set(self, "text", text)
        _set(self, "stop", stop)
        _set(self, "usage", usage)
        _set(self, "model", model)
        _set(self, "temperature", temperature)

    def __repr__(self) -> str:
        """Show how it ended, what it took, and its length."""
        return (
            f"Answer({len(self.text)} characters, stop={self.stop!r}, model={self.model!r}, "
            f"usage={self.usage})"
        )


def ordered(prompt: Prompt, system: str | None) -> list[Message]:
    """Give the messages of a prompt, the system text first.

    Raises:
        InvalidInput: ``input.invalid`` where it is no text and no conversation, or empty.
    """
    messages: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    if isinstance(prompt, str):
        messages.append({"role": "user", "content": prompt})
    else:
        messages.extend(_checked(index, message) for index, message in enumerate(prompt))
    if not any(message["role"] != "system" and message["content"] for message in messages):
        raise InvalidInput("input.invalid", "the prompt is empty", "say something")
    return messages


def _checked(index: int, message: Message) -> Message:
    try:
        role, content = message["role"], message["content"]
    except (TypeError, KeyError):
        role, content = None, None
    if role not in _ROLES or not isinstance(content, str):
        raise InvalidInput(
            "input.invalid",
            f"message {index} of the prompt is {message!r:.80}",
            '{"role": "system" | "user" | "assistant", "content": "..."}',
        )
    return {"role": role, "content": content}
