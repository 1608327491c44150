"""Language models: text in, text out; and those that providers run.

Owns: the protocol `LLM`; `as_llm`, which also takes a plain function; `get_llm` and `RemoteLLM`
over ten providers; `complete_json`, which holds any of them to a schema. Whatever needs a model
(paraphrases of a question, judges, summaries) takes an `LLM`; nothing here chooses one, and
nothing is sent before a model is asked.
"""

from __future__ import annotations

from engram.llm.calling import as_llm
from engram.llm.messages import Answer, Message
from engram.llm.protocol import LLM
from engram.llm.remote import RemoteLLM, get_llm
from engram.llm.structured import complete_json

__all__ = ["LLM", "Answer", "Message", "RemoteLLM", "as_llm", "complete_json", "get_llm"]
