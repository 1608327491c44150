"""What texts are about: entities, summaries, facts.

Owns: the interface of entity extractors and those behind it (rules with a gazetteer, spaCy, token
classification), what makes several mentions one entity, summaries, facts with provenance, and
`functions`: the same as stateless calls. Everything works offline with what is installed; larger
models and language models are by choice. Importing this loads none of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.enrich.enricher import Enricher, LocalEnricher, default_enricher
    from engram.enrich.entities import LABELS, Entity, EntityExtractor, get_extractor
    from engram.enrich.fact_models import ModelFacts
    from engram.enrich.fact_rules import RuleFacts
    from engram.enrich.fact_store import FactStore
    from engram.enrich.facts import Fact, FactExtractor, get_fact_extractor
    from engram.enrich.resolution import Canonical, resolve
    from engram.enrich.rules import RuleExtractor
    from engram.enrich.spacy_models import SpacyExtractor
    from engram.enrich.summaries import RollingSummary, Summarizer, roll, summarize
    from engram.enrich.token_models import ModelExtractor

__all__ = [
    "LABELS",
    "Canonical",
    "Enricher",
    "Entity",
    "EntityExtractor",
    "Fact",
    "FactExtractor",
    "FactStore",
    "LocalEnricher",
    "ModelExtractor",
    "ModelFacts",
    "RollingSummary",
    "RuleExtractor",
    "RuleFacts",
    "SpacyExtractor",
    "Summarizer",
    "default_enricher",
    "get_extractor",
    "get_fact_extractor",
    "resolve",
    "roll",
    "summarize",
]

_HOMES = {
    **dict.fromkeys(("Enricher", "LocalEnricher", "default_enricher"), "enricher"),
    **dict.fromkeys(("LABELS", "Entity", "EntityExtractor", "get_extractor"), "entities"),
    **dict.fromkeys(("Fact", "FactExtractor", "get_fact_extractor"), "facts"),
    "FactStore": "fact_store",
    "ModelExtractor": "token_models",
    "ModelFacts": "fact_models",
    "RuleFacts": "fact_rules",
    **dict.fromkeys(("Canonical", "resolve"), "resolution"),
    "RuleExtractor": "rules",
    "SpacyExtractor": "spacy_models",
    **dict.fromkeys(("RollingSummary", "Summarizer", "roll", "summarize"), "summaries"),
}
"""Where the names that load when they are asked for live."""


def __getattr__(name: str) -> object:
    """Load a name when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'engram.enrich' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"engram.enrich.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
