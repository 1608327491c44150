"""Language models, as the toolkit sees them: text in, text out.

Owns: the protocol `LLM`, and `as_llm`, which also takes a plain function. Whatever needs a model
(paraphrases of a question, judges, summaries) takes an `LLM`; nothing here chooses one.
"""

from __future__ import annotations

from engram.llm.calling import as_llm
from engram.llm.protocol import LLM

__all__ = ["LLM", "as_llm"]
