"""Calling providers of models over HTTP: limits, retries, budgets, keys.

Owns: the one transport under `engram.llm`, `engram.embed.remote` and `engram.rerank.remote`.
Invariants: nothing is sent before a method of a model is called, and never to a provider that was
not named; a key is never printed, logged, stored, or part of an error.
"""

from __future__ import annotations

from engram.remote.budget import Budget, Usage
from engram.remote.limits import Limits
from engram.remote.retries import Retries

__all__ = ["Budget", "Limits", "Retries", "Usage"]
