"""Answers that are data: JSON held to the caller's schema.

Owns: `complete_json`, and checking what a model gave. Invariant: what is returned is valid under
the schema; anything else is ``llm.answer`` with the answer in ``details``.
"""

from __future__ import annotations

import json
import re

from engram.errors import InvalidInput, _missing_extra
from engram.llm.calling import as_llm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from engram.llm.protocol import LLM

__all__ = ["Shape", "complete_json"]

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_INSTRUCTION = (
    "Answer with JSON and nothing else: no explanation, no code fence. The JSON has to be valid "
    "under this JSON Schema:\n{schema}"
)


class Shape:
    """A schema, ready to be sent and checked against.

    Providers hold an answer to objects only, so another type is wrapped into one.
    """

    _NAME = "answer"

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Take a JSON Schema.

        Raises:
            InvalidInput: ``input.invalid`` where it is none.
            MissingExtra: Where jsonschema is not installed.
        """
        try:
            import jsonschema
        except ImportError as cause:
            raise _missing_extra("jsonschema", "remote", "checking an answer") from cause
        if not isinstance(schema, dict):
            raise InvalidInput(
                "input.invalid",
                f"a schema is a dict, not {type(schema).__name__}",
                '{"type": "object", "properties": {...}}',
            )
        kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
        try:
            kind.check_schema(schema)
        except jsonschema.SchemaError as cause:
            raise InvalidInput(
                "input.invalid", f"the schema is no JSON Schema: {cause.message}"
            ) from cause
        self._validator = kind(schema)
        self._wrapped = schema.get("type") != "object"
        self.sent: dict[str, Any] = self._wrap(schema) if self._wrapped else schema

    def _wrap(self, schema: dict[str, Any]) -> dict[str, Any]:
        inner = {name: value for name, value in schema.items() if name not in {"$defs", "$schema"}}
        wrapped = {
            "type": "object",
            "properties": {self._NAME: inner},
            "required": [self._NAME],
            "additionalProperties": False,
        }
        if "$defs" in schema:  # references into it start at the root
            wrapped["$defs"] = schema["$defs"]
        return wrapped

    def read(self, text: str, model: str) -> Any:
        """Read an answer that was held to `sent`.

        Raises:
            InvalidInput: ``llm.answer`` where it is no JSON, or not what the schema asks for.
        """
        import jsonschema

        try:
            value = json.loads(text, parse_constant=_no_number)
            if self._wrapped:
                value = value[self._NAME]
        except (ValueError, KeyError, TypeError, RecursionError) as cause:
            said = f"{type(cause).__name__}: {cause}"
            raise unfit(model, f"it is not the JSON asked for ({said})", text) from cause
        error = jsonschema.exceptions.best_match(self._validator.iter_errors(value))
        if error is not None:
            raise unfit(model, f"{error.message:.200} (at {error.json_path})", text)
        return value


def complete_json(
    model: LLM | Callable[[str], str],
    prompt: str,
    schema: Mapping[str, Any],
    *,
    system: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
) -> Any:
    """Ask any language model for JSON under a schema.

    A model that can be held to a schema is (it has a ``complete_json`` of its own, as those of
    `get_llm` do); another is told the schema, and may wrap its answer into one code fence.

    Args:
        model: An `LLM`, or a function from prompt to answer.
        prompt: What is asked.
        schema: A JSON Schema.
        system: What the model is told to be, if anything.
        max_tokens: Tokens in the answer at most; None for the model's own limit.
        temperature: As for `LLM.complete`.

    Returns:
        The answer, parsed; valid under the schema.

    Raises:
        InvalidInput: ``llm.answer`` where the answer does not fit; ``details`` holds it.
        MissingExtra: Where jsonschema is not installed.
    """
    llm = as_llm(model)
    options: dict[str, Any] = {
        "system": system,
        "max_tokens": max_tokens,
        "temperature": temperature,
    }
    own = getattr(llm, "complete_json", None)
    if callable(own):
        return own(prompt, schema, **options)
    shape = Shape(schema)
    text = llm.complete(f"{prompt}\n\n{instruction(shape)}", **options)
    return shape.read(unfenced(text), repr(llm))


def instruction(shape: Shape) -> str:
    """Say in words what a model without structured output has to keep to."""
    return _INSTRUCTION.format(schema=json.dumps(shape.sent, ensure_ascii=False))


def unfenced(text: str) -> str:
    """Take one code fence off an answer that is nothing else."""
    found = _FENCE.match(text)
    return found.group(1) if found else text


def unfit(model: str, reason: str, answer: str) -> InvalidInput:
    """Make the error for an answer that is of no use."""
    return InvalidInput(
        "llm.answer",
        f"{model} gave no answer of use: {reason}",
        "ask again, or in another way; the answer is in details",
        {"model": model, "reason": reason, "answer": answer},
    )


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
