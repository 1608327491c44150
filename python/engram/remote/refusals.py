"""What a provider's refusal means, as an error with a remedy.

Owns: the mapping from HTTP statuses and broken connections to codes. Invariant: no text that
leaves here holds the key.
"""

from __future__ import annotations

import json

from engram.errors import Busy, InvalidInput, Io
from engram.remote.retries import RETRIED_STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.errors import EngramError
    from engram.remote.providers import Key, Provider

__all__ = ["Refusal", "broken_answer", "no_connection"]

_EXCERPT_CHARS = 500
_KEY_STATUSES = (401, 403)
_NOT_FOUND = 404
_TOO_MANY = 429
_REDIRECTS = range(300, 400)


class Refusal:
    """One answer that is no success."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.said = _said(body)

    @property
    def passes(self) -> bool:
        """Say whether the same request may succeed later."""
        if self._used_up or self.headers.get("x-should-retry") == "false":
            return False
        return self.status in RETRIED_STATUSES

    @property
    def _used_up(self) -> bool:
        """OpenAI answers 429 where the account has no credit, too; waiting does not help there."""
        return "insufficient_quota" in self.body

    def error(self, provider: Provider, model: str, key: Key | None, attempts: int) -> EngramError:
        """Make the error that the caller gets."""
        said = key.scrub(self.said) if key else self.said
        body = key.scrub(self.body) if key else self.body
        details = {
            "provider": provider.name,
            "model": model,
            "status": str(self.status),
            "attempts": str(attempts),
            "body": body[:_EXCERPT_CHARS],
        }
        for header in ("x-request-id", "request-id"):
            if header in self.headers:
                details["request_id"] = self.headers[header]
        text = f"{provider.name} answered {self.status}: {said}"
        if self.status in _KEY_STATUSES:
            variables = " or ".join(provider.key_variables) or "key="
            return InvalidInput("remote.key", text, f"check {variables}", details)
        if self.status == _TOO_MANY or self._used_up:
            asked = self.headers.get("retry-after")
            waits = f"; it asks to wait {asked}" if asked else ""
            remedy = "raise the account's quota" if self._used_up else "limits= below its own"
            return Busy("remote.limited", text + waits, remedy, details)
        if self.passes:
            return Io("remote.failed", f"{text} (attempts: {attempts})", "try later", details)
        if self.status in _REDIRECTS:
            return InvalidInput("remote.refused", text, "check base_url", details)
        hint = f"is {model!r} a model of {provider.name}?" if self.status == _NOT_FOUND else None
        return InvalidInput("remote.refused", text, hint, details)


def no_connection(provider: Provider, model: str, reason: str, attempts: int) -> Io:
    """Make the error for a connection that failed or fell silent."""
    return Io(
        "remote.failed",
        f"{provider.name} failed: {reason} (attempts: {attempts})",
        "check the network and base_url; a larger timeout_s",
        {"provider": provider.name, "model": model, "attempts": str(attempts)},
    )


def broken_answer(
    provider: Provider, model: str, reason: str, body: str, key: Key | None = None
) -> Io:
    """Make the error for an answer that is not what the provider documents."""
    return Io(
        "remote.answer",
        f"{provider.name} answered what it should not: {reason}",
        "check base_url and the model's name",
        {
            "provider": provider.name,
            "model": model,
            "body": (key.scrub(body) if key else body)[:_EXCERPT_CHARS],
        },
    )


def _said(body: str) -> str:
    """Find the sentence in a provider's error, whatever its shape."""
    found: object
    try:
        found = json.loads(body)
    except ValueError:
        found = body
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    text = found if isinstance(found, str) else json.dumps(found)
    return " ".join(text.split())[:_EXCERPT_CHARS] or "no reason"
