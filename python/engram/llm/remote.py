"""Language models that a provider runs.

Owns: `RemoteLLM` and `get_llm`. Invariant: what is returned is an answer; an empty, refused or
broken one is an error that holds it.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.llm.messages import Answer, ordered
from engram.llm.structured import Shape, instruction, unfenced, unfit
from engram.llm.wires import CHAT_WIRES, ChatAsk, Piece
from engram.remote.budget import Usage
from engram.remote.calling import Caller, estimated_tokens
from engram.remote.model import RemoteModel
from engram.remote.providers import find_provider, model_name, split_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from typing_extensions import Unpack

    from engram.llm.messages import Prompt
    from engram.remote.options import Connection

__all__ = ["RemoteLLM", "get_llm"]

_TIMEOUT_S = 300.0
"""Models that think are silent for minutes."""

_STOPS = {
    "stop": "stop",
    "end_turn": "stop",
    "complete": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "refused": "refused",
    "refusal": "refused",
    "content_filter": "refused",
    "safety": "refused",
    "recitation": "refused",
    "blocklist": "refused",
    "prohibited_content": "refused",
    "spii": "refused",
}
"""The providers' words for how an answer ended, in ours."""


class RemoteLLM(RemoteModel):
    """A provider's language model. Safe for threads, which share its limits and its budget.

    Example:
        >>> from engram.llm import RemoteLLM
        >>> RemoteLLM("openai", "gpt-5-mini", key="...")
        RemoteLLM('openai:gpt-5-mini')
    """

    def __init__(
        self,
        provider: str,
        model: str,
        *,
        structured: bool = True,
        **connection: Unpack[Connection],
    ) -> None:
        """Make a model. Nothing is sent.

        Args:
            provider: One of openai, azure, nvidia, anthropic, gemini, mistral, cohere, ollama,
                huggingface, compatible.
            model: The provider's name for the model; on Azure, of the deployment.
            structured: Whether the provider holds the model to a schema in `complete_json`; False
                tells the model the schema in words, for servers that cannot.
            connection: Key, base URL, limits, retries, budget, time-out (300 s of silence unless
                told otherwise): see `Connection`.

        Raises:
            InvalidInput: ``provider.unknown``, ``remote.key`` where there is no key.
        """
        connection.setdefault("timeout_s", _TIMEOUT_S)
        self._caller = Caller(
            find_provider(provider, CHAT_WIRES, "language models"), model, **connection
        )
        self._wire = CHAT_WIRES[provider]
        self._structured = structured
        self._takes_temperature = self._wire.takes_temperature

    def complete(
        self,
        prompt: Prompt,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        """Answer a prompt, or a conversation.

        Args:
            prompt: What the user says, or messages ``{"role", "content"}``.
            system: What the model is told to be, if anything.
            max_tokens: Tokens in the answer at most, 1 or more; None for the model's own limit.
            temperature: 0 for the likeliest answer, more for variety; None for the model's
                default. Not told to a model that has no such setting (`Answer.temperature`).

        Returns:
            The answer's text. `answer` also says whether it was cut off.

        Raises:
            InvalidInput: ``llm.answer`` where the model refuses, or says nothing.
            EngramError: ``remote.*`` where the provider does not answer.
        """
        return self.answer(
            prompt, system=system, max_tokens=max_tokens, temperature=temperature
        ).text

    def answer(
        self,
        prompt: Prompt,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> Answer:
        """Answer as `complete` does, and say how: tokens, and why it ended."""
        return self._answered(self._asked(prompt, system, max_tokens, temperature))

    def complete_json(
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> Any:
        """Answer with JSON that is valid under a schema.

        Args:
            prompt: As for `complete`.
            schema: A JSON Schema. Providers know parts of the standard; what they let through is
                checked here in any case.
            system: As for `complete`.
            max_tokens: As for `complete`.
            temperature: As for `complete`.

        Returns:
            The answer, parsed.

        Raises:
            InvalidInput: ``llm.answer`` where it does not fit, or is cut off; in ``details``.
            MissingExtra: Where jsonschema is not installed.
        """
        shape = Shape(schema)
        ask = self._asked(prompt, system, max_tokens, temperature)
        if self._structured:
            ask = ask._replace(schema=shape.sent)
        else:
            told = ordered(ask.messages, instruction(shape))
            ask = ask._replace(messages=told)
        answer = self._answered(ask)
        if answer.stop == "length":
            raise unfit(self._caller.name, "it was cut off: a larger max_tokens", answer.text)
        text = answer.text if self._structured else unfenced(answer.text)
        return shape.read(text, self._caller.name)

    def stream(
        self,
        prompt: Prompt,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> Iterator[str]:
        """Answer in pieces, as they come. The arguments are those of `complete`.

        Returns:
            The pieces of the text; nothing is sent before the first is asked for. Leaving early
            closes the connection; `usage` then counts what was told, or estimated, so far.

        Raises:
            InvalidInput: ``llm.answer`` at the end, where the model refuses or says nothing.
            EngramError: ``remote.*`` where the provider does not answer, or stops in the middle.
        """
        ask = self._asked(prompt, system, max_tokens, temperature)._replace(stream=True)
        return self._streamed_as_taken(ask)

    def _asked(
        self,
        prompt: Prompt,
        system: str | None,
        max_tokens: int | None,
        temperature: float | None,
    ) -> ChatAsk:
        if max_tokens is not None and max_tokens < 1:
            raise InvalidInput("input.invalid", f"max_tokens is {max_tokens}, below 1")
        told = temperature if self._takes_temperature else None
        messages = ordered(prompt, system)
        return ChatAsk(self._caller.model, messages, max_tokens, told, None, stream=False)

    def _answered(self, ask: ChatAsk) -> Answer:
        """Ask; and again without a temperature where the model takes none."""
        try:
            return self._ask(ask)
        except InvalidInput as error:
            ask = self._untempered(ask, error)
        return self._ask(ask)

    def _streamed_as_taken(self, ask: ChatAsk) -> Iterator[str]:
        """Stream; and again without a temperature where the model takes none."""
        try:
            # A refusal comes before the first piece, so none is given twice.
            yield from self._streamed(ask)
        except InvalidInput as error:
            ask = self._untempered(ask, error)
        else:
            return
        yield from self._streamed(ask)

    def _untempered(self, ask: ChatAsk, error: InvalidInput) -> ChatAsk:
        """Leave out the temperature that a model refuses, from now on.

        The models that think take none, and no list of them would stay true. `Answer.temperature`
        says what was told.
        """
        blamed = error.code == "remote.refused" and "temperature" in error.message
        if ask.temperature is None or not blamed:
            raise error
        self._takes_temperature = False
        return ask._replace(temperature=None)

    def _ask(self, ask: ChatAsk) -> Answer:
        expected = _expected(ask)

        def read(answer: Any) -> tuple[Piece, Usage | None]:
            piece = self._wire.read(answer)
            return piece, _usage([piece], expected)

        piece, usage = self._caller.post(
            self._caller.path(self._wire.path), self._wire.body(ask), expected=expected, read=read
        )
        text, stop = piece.text or "", _stop(piece.stop)
        self._check(text, stop)
        return Answer(text, stop, usage, self._caller.name, ask.temperature)

    def _streamed(self, ask: ChatAsk) -> Iterator[str]:
        expected = _expected(ask)
        pieces: list[Piece] = []

        def read(event: Any) -> tuple[str | None, Usage | None]:
            if isinstance(event, dict) and event.get("error"):
                raise self._caller.failure(f"it broke off: {event['error']}")
            piece = self._wire.event(event)
            pieces.append(piece)
            shown = None if _stop(piece.stop) == "refused" else piece.text or None
            return shown, _usage(pieces, expected)

        path = self._caller.path(self._wire.stream_path or self._wire.path)
        yield from self._caller.stream(path, self._wire.body(ask), expected=expected, read=read)
        stops = [_stop(piece.stop) for piece in pieces if piece.stop is not None]
        if not stops:
            raise self._caller.failure("its stream ended early")
        stop = "refused" if "refused" in stops else stops[-1]
        self._check("".join(piece.text or "" for piece in pieces), stop)

    def _check(self, text: str, stop: str) -> None:
        if stop == "refused":
            raise unfit(self._caller.name, "it was refused", text)
        if not text.strip():
            cut = "it was cut off before its first word: a larger max_tokens"
            raise unfit(self._caller.name, cut if stop == "length" else "it is empty", text)


def get_llm(name: str, *, structured: bool = True, **connection: Unpack[Connection]) -> RemoteLLM:
    """Make a provider's language model.

    Args:
        name: ``"provider:model"``, for example ``"openai:gpt-5-mini"``; for NVIDIA also
            ``"nvidia"`` alone, where the environment names the model in ``NVIDIA_LLM_MODEL``.
        structured: As for `RemoteLLM`.
        connection: As for `RemoteLLM`.

    Raises:
        InvalidInput: ``provider.unknown`` naming the nearest, ``remote.key`` where there is no key,
            ``input.invalid`` where no model is named.
    """
    provider, model = split_name(name)
    found = find_provider(provider, CHAT_WIRES, "language models")
    return RemoteLLM(found.name, model_name(found, model), structured=structured, **connection)


def _expected(ask: ChatAsk) -> Usage:
    sent = sum(estimated_tokens(message["content"]) for message in ask.messages)
    return Usage(sent, ask.max_tokens or 0)


def _usage(pieces: list[Piece], expected: Usage) -> Usage | None:
    """Give the last counts that were told, by what was expected where one is missing."""
    sent = [piece.input_tokens for piece in pieces if piece.input_tokens is not None]
    answered = [piece.output_tokens for piece in pieces if piece.output_tokens is not None]
    if not sent and not answered:
        return None
    return Usage(
        sent[-1] if sent else expected.input_tokens,
        answered[-1] if answered else expected.output_tokens,
    )


def _stop(word: str | None) -> str:
    """Say in our words why an answer ended."""
    lowered = (word or "unknown").lower()
    return _STOPS.get(lowered, lowered)
