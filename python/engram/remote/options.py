"""What every remote model can be told about its connection.

Owns: `Connection`, the keyword arguments that language models, embedders and rerankers share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from engram.remote.budget import Budget
    from engram.remote.limits import Limits
    from engram.remote.retries import Retries

__all__ = ["Connection"]


class Connection(TypedDict, total=False):
    """How a provider is reached. All of it is optional where the environment says enough."""

    key: str | None
    """The API key; None for that of the environment."""
    base_url: str | None
    """Where the API answers; None for the provider's own, or that of the environment."""
    limits: Limits | None
    """What may be sent in a minute; None for no limit but those the provider answers with."""
    retries: Retries | None
    """When to try again; None for five attempts."""
    budget: Budget | None
    """What may be spent; None for no bound."""
    timeout_s: float
    """Seconds that the provider may be silent, above 0."""
    api_version: str | None
    """Azure: the date of an older API, such as ``"2024-10-21"``; None for that of the environment
    (``OPENAI_API_VERSION``), or the API ``"v1"``, which has none."""
