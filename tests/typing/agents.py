"""Typed use of enrichment and of agents' memory; nothing runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import engram
from engram.agent import Forgotten, Recall, Remembered, Turn
from engram.enrich import (
    Canonical,
    Enricher,
    Entity,
    EntityExtractor,
    Fact,
    FactStore,
    LocalEnricher,
    RollingSummary,
    RuleExtractor,
    default_enricher,
    functions,
    get_extractor,
    get_fact_extractor,
    resolve,
    roll,
    summarize,
)

# Entities
rules: EntityExtractor = RuleExtractor()
entities = get_extractor("rules").extract("Alice met Bob", 0.5)
assert_type(entities, list[Entity])
assert_type(resolve(entities), list[Canonical])
assert_type(entities[0].start, int)

# Summaries
assert_type(summarize(["a", "b"], sentences=2, model=lambda prompt: prompt), str)
assert_type(roll(RollingSummary(), ["a"]), RollingSummary)

# Functions and enrichers
assert_type(functions.generate_embedding("a"), list[float])
assert_type(functions.extract_entities("a"), list[dict[str, Any]])
enricher: Enricher = default_enricher()
assert_type(enricher.embed(["a"]), NDArray[np.float32])
functions.configure(extractor=rules, summarizer=lambda prompt: prompt)
LocalEnricher(embedder="default")

# Facts
db = engram.open(":memory:")
store = FactStore(db, extractor=get_fact_extractor("rules"))
assert_type(store.learn("Alice lives in Oslo."), list[Fact])
assert_type(store.state("Alice", "residence"), Fact | None)
assert_type(store.export("jsonl", provenance=False), str)

# Memory of agents
memory = engram.AgentMemory(db, facts=None)
assert_type(memory.remember([{"role": "user", "content": "Hello"}], user="ada"), Remembered)
recall = memory.recall("Hello", user="ada", max_tokens=100, length="tokens")
assert_type(recall, Recall)
assert_type(recall.turns, tuple[Turn, ...])
assert_type(recall.facts, tuple[Fact, ...])
assert_type(memory.history(user="ada"), list[Turn])
assert_type(memory.forget(user="ada"), Forgotten)
