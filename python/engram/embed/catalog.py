"""Models that are known by name.

Owns: `CATALOG`: where each model is published, what kind it is, and what its own files leave out
(prefixes that only its card states, dimensions it may be cut to). A model that is not here loads
from its folder all the same.
"""

from __future__ import annotations

from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Kind = Literal[
        "dense", "multi", "sparse", "vision", "series", "cross-encoder", "tokens", "seq2seq"
    ]

__all__ = ["ALIASES", "CATALOG", "KnownModel", "known"]

_BGE_QUERY = "Represent this sentence for searching relevant passages: "


class KnownModel(Frozen):
    """One model of the catalog. Frozen.

    Attributes:
        name: What it is called here.
        repo: Where the hub has it.
        kind: What it makes.
        query_prefix: What its card puts before queries, where its files do not say.
        document_prefix: What its card puts before documents, where its files do not say.
        matryoshka: The dimensions that it may be cut to.
        package: The package that carries it, where there is one.
        extra: The extra that installs that package.
    """

    __slots__ = (
        "document_prefix",
        "extra",
        "kind",
        "matryoshka",
        "name",
        "package",
        "query_prefix",
        "repo",
    )

    name: str
    repo: str
    kind: Kind
    query_prefix: str | None
    document_prefix: str | None
    matryoshka: tuple[int, ...]
    package: str | None
    extra: str | None

    def __init__(  # noqa: PLR0913 - one fact each
        self,
        repo: str,
        kind: Kind = "dense",
        *,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        matryoshka: tuple[int, ...] = (),
        package: str | None = None,
        extra: str | None = None,
    ) -> None:
        """Keep the facts; the name is the end of the repository's."""
        _set(self, "name", repo.rpartition("/")[2])
        _set(self, "repo", repo)
        _set(self, "kind", kind)
        _set(self, "query_prefix", query_prefix)
        _set(self, "document_prefix", document_prefix)
        _set(self, "matryoshka", matryoshka)
        _set(self, "package", package)
        _set(self, "extra", extra)


def _e5(repo: str) -> KnownModel:
    return KnownModel(repo, query_prefix="query: ", document_prefix="passage: ")


_MODELS = (
    KnownModel("sentence-transformers/all-MiniLM-L6-v2", package="engram_minilm", extra="minilm"),
    KnownModel("sentence-transformers/all-MiniLM-L12-v2"),
    KnownModel("sentence-transformers/all-mpnet-base-v2"),
    KnownModel("sentence-transformers/multi-qa-MiniLM-L6-cos-v1"),
    KnownModel("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"),
    KnownModel("BAAI/bge-small-en-v1.5", query_prefix=_BGE_QUERY),
    KnownModel("BAAI/bge-base-en-v1.5", query_prefix=_BGE_QUERY),
    KnownModel("BAAI/bge-large-en-v1.5", query_prefix=_BGE_QUERY),
    _e5("intfloat/e5-small-v2"),
    _e5("intfloat/e5-base-v2"),
    _e5("intfloat/e5-large-v2"),
    _e5("intfloat/multilingual-e5-small"),
    _e5("intfloat/multilingual-e5-base"),
    _e5("intfloat/multilingual-e5-large"),
    KnownModel("thenlper/gte-small"),
    KnownModel("thenlper/gte-base"),
    KnownModel("thenlper/gte-large"),
    KnownModel(
        "nomic-ai/nomic-embed-text-v1.5",
        query_prefix="search_query: ",
        document_prefix="search_document: ",
        matryoshka=(512, 256, 128, 64),
    ),
    KnownModel("Snowflake/snowflake-arctic-embed-s", query_prefix=_BGE_QUERY),
    KnownModel("Snowflake/snowflake-arctic-embed-m", query_prefix=_BGE_QUERY),
    KnownModel("colbert-ir/colbertv2.0", "multi"),
    KnownModel("answerdotai/answerai-colbert-small-v1", "multi"),
    KnownModel("Qdrant/SPLADE_PP_en_v1", "sparse"),
    KnownModel("Xenova/clip-vit-base-patch32", "vision"),
    KnownModel("cross-encoder/ms-marco-MiniLM-L-6-v2", "cross-encoder"),
    KnownModel("cross-encoder/ms-marco-MiniLM-L-12-v2", "cross-encoder"),
    KnownModel("BAAI/bge-reranker-base", "cross-encoder"),
    KnownModel("dslim/bert-base-NER", "tokens"),
    KnownModel("dslim/distilbert-NER", "tokens"),
    KnownModel("Xenova/distilbart-cnn-6-6", "seq2seq"),
)

CATALOG: Mapping[str, KnownModel] = {one.name: one for one in _MODELS}
"""Every known model by name."""

ALIASES = {
    "bge-base": "bge-base-en-v1.5",
    "bge-large": "bge-large-en-v1.5",
    "bge-small": "bge-small-en-v1.5",
    "colbert-v2": "colbertv2.0",
    "colbertv2": "colbertv2.0",
    "minilm": "all-MiniLM-L6-v2",
    "nomic": "nomic-embed-text-v1.5",
}
"""Short names, those of memvid among them."""


def known(name: str) -> KnownModel | None:
    """Find a model by its name, its repository or an alias, in any case of letters."""
    plain = name.lower()
    plain = ALIASES.get(plain, plain).lower()
    return next((one for one in _MODELS if plain in {one.name.lower(), one.repo.lower()}), None)
