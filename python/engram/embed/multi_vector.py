"""Multi-vector text embedders: one vector for each token, compared by MaxSim (ColBERT).

Owns: `MultiVector`. Reads the settings of PyLate, of sentence-transformers 6, and of Stanford's
ColBERT (``artifact.metadata``), from whichever the folder has.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from engram.embed.late_interaction import best_of, max_sim, quantize
from engram.embed.local.encoder import TextEncoder, checked_texts
from engram.embed.local.layers import further_layers
from engram.embed.local.model import LocalModel
from engram.embed.local.pooling import unit
from engram.embed.local.tokens import Tokens
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.late_interaction import QuantizedTokens
    from engram.embed.local.encoder import Progress
    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]

__all__ = ["MultiVector"]

_STEMS = ("model", "model_optimized", "model_quantized", "model_int8")
_UNPROJECTED = ("last_hidden_state", "token_embeddings", "hidden_states")


class _Recipe:
    """How a folder says that queries and documents become tokens."""

    def __init__(self, folder: ModelFolder) -> None:
        old = folder.json("config_sentence_transformers.json")
        new = folder.json("sentence_bert_config.json")
        stanford = folder.json("artifact.metadata")
        if stanford:
            self._from_stanford(stanford)
        elif "query_length" in old:
            self._from_pylate(old)
        elif "document_length" in new or folder.module("MultiVectorMask") is not None:
            self._from_version_6(folder, old, new)
        else:
            raise folder.unfit(
                "its files have no settings of ColBERT", "engram.embed.Dense for one vector a text"
            )

    def _from_pylate(self, settings: dict[str, Any]) -> None:
        self.markers = (settings["query_prefix"], settings["document_prefix"])
        self.lengths = (settings["query_length"], settings["document_length"])
        self.expand = bool(settings.get("do_query_expansion", True))
        self.attend = bool(settings.get("attend_to_expansion_tokens", False))
        self.skip = list(settings.get("skiplist_words") or ())

    def _from_version_6(
        self, folder: ModelFolder, old: dict[str, Any], new: dict[str, Any]
    ) -> None:
        prompts = old.get("prompts") or {}
        expansion = new.get("query_expansion") or {}
        document = new.get("document_length") or folder.json("tokenizer_config.json").get(
            "model_max_length"
        )
        self.markers = (prompts.get("query", ""), prompts.get("document", ""))
        self.lengths = (expansion.get("length") or new.get("query_length") or document, document)
        self.expand = bool(expansion)
        self.attend = bool(expansion.get("attend", False))
        mask = folder.module("MultiVectorMask") or {}
        self.skip = list(mask.get("skiplist_words") or mask.get("skiplist") or ())

    def _from_stanford(self, settings: dict[str, Any]) -> None:
        self.markers = (
            settings.get("query_token_id", "[unused0]"),
            settings.get("doc_token_id", "[unused1]"),
        )
        self.lengths = (settings.get("query_maxlen", 32), settings.get("doc_maxlen", 220))
        self.expand = True
        self.attend = bool(settings.get("attend_to_mask_tokens", False))
        self.skip = list(string.punctuation) if settings.get("mask_punctuation", True) else []


class MultiVector(LocalModel):
    """A late-interaction model (ColBERT) on ONNX Runtime: unit vectors, one for each token.

    Queries and documents are encoded differently: each has its marker, queries are filled with mask
    tokens to one length (query augmentation), documents lose the vectors of punctuation.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        file: The ONNX file within the folder, where there are several.
        query_length: Tokens of a query. As the model's files say, unless given.
        document_length: Most tokens of a document. As the model's files say, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.
        batch_tokens: Most tokens that run at a time, padding included.

    Raises:
        Io, NotFound, InvalidInput, MissingExtra: As `Dense`.

    Example:
        >>> model = engram.embed.MultiVector("models/colbertv2")  # doctest: +SKIP
        >>> model.similarity("who wrote it?", "It was written by Ada.")  # doctest: +SKIP
        24.1
    """

    __slots__ = (
        "_dimension",
        "_encoder",
        "_layers",
        "_lengths",
        "_marks",
        "_mask_id",
        "_recipe",
        "_skipped",
        "_tokens",
    )

    kind: Literal["multi"] = "multi"
    """The kind of space that keeps its vectors."""

    def __init__(  # noqa: PLR0913 - one setting each
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        file: str | None = None,
        query_length: int | None = None,
        document_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """Load the model; the graph runs once on a word, which also tells its dimension."""
        encoder = TextEncoder(
            source,
            name=name,
            file=file,
            stems=_STEMS,
            max_length=None,
            device=device,
            threads=threads,
            batch_tokens=batch_tokens,
        )
        self._encoder = encoder
        super().__init__(encoder.folder, encoder.session)
        self._recipe = recipe = _Recipe(encoder.folder)
        self._lengths = (
            _length(query_length, recipe.lengths[0], "query_length"),
            _length(document_length, recipe.lengths[1], "document_length"),
        )
        self._marks = tuple(self._marker(marker) for marker in recipe.markers)
        self._tokens = tuple(
            Tokens(encoder.folder, length - (mark is not None))
            for length, mark in zip(self._lengths, self._marks, strict=True)
        )
        mask = encoder.folder.json("tokenizer_config.json").get("mask_token", "[MASK]")
        self._mask_id = encoder.tokens.id_of(mask)
        if recipe.expand and self._mask_id is None:
            raise encoder.folder.unfit("its tokenizer has no mask token to fill queries with")
        found = {encoder.tokens.id_of(word) for word in recipe.skip}
        self._skipped = sorted(one for one in found if one is not None)
        self._layers, _ = further_layers(encoder.folder, "MultiVectorMask")
        self._dimension = self._tokens_of([[0, 1]], None, None)[0].shape[1]

    def _marker(self, marker: str) -> int | None:
        """Find the token that says what a text is."""
        if not marker:
            return None
        for form in (marker, marker.strip()):
            found = self._encoder.tokens.id_of(form)
            if found is not None:
                return found
        raise self._folder.unfit(f"its tokenizer has no token {marker!r}, which marks its texts")

    def _settings(self) -> dict[str, Any]:
        recipe = self._recipe
        layers = [layer.digest for layer in self._layers]
        facts = [recipe.markers, self._lengths, recipe.expand, recipe.attend, self._skipped]
        return {"facts": facts, "layers": layers}

    @property
    def dimension(self) -> int:
        """Length of each token's vector."""
        return int(self._dimension)

    def encode(self, text: str) -> Floats:
        """Embed one document.

        Returns:
            float32 ``(tokens, dimension)``, each row of unit length.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str], progress: Progress | None = None) -> list[Floats]:
        """Embed documents, texts of like length at a time.

        Args:
            texts: The texts.
            progress: Called now and then with the number of texts done so far.

        Returns:
            For each text float32 ``(tokens, dimension)``, in the order of the texts.
        """
        ids = self._marked(checked_texts(texts), 1)
        rows = self._tokens_of(ids, None, progress)
        skipped = set(self._skipped)
        kept = [[token not in skipped for token in one] for one in ids]
        return [row[keep] for row, keep in zip(rows, kept, strict=True)]

    def encode_query(self, text: str) -> Floats:
        """Embed one query: float32 ``(query_length, dimension)``, each row of unit length.

        A model without query augmentation gives as many rows as the query has tokens.
        """
        ids = self._marked(checked_texts([text]), 0)
        known = [len(one) for one in ids]
        if self._recipe.expand and self._mask_id is not None:
            ids = [one + [self._mask_id] * (self._lengths[0] - len(one)) for one in ids]
        return self._tokens_of(ids, None if self._recipe.attend else known, None)[0]

    def encode_document(self, text: str) -> Floats:
        """Embed one document; the same as `encode`."""
        return self.encode(text)

    def similarity(self, query: str | Floats, document: str | Floats) -> float:
        """Score a document against a query by `max_sim`; texts are encoded first.

        Args:
            query: A text, or what `encode_query` gave.
            document: A text, or what `encode` gave.
        """
        one = self.encode_query(query) if isinstance(query, str) else query
        return max_sim(one, self.encode(document) if isinstance(document, str) else document)

    def score(self, query: str, documents: Sequence[str]) -> Floats:
        """Score several documents against a query: float32 ``(len(documents),)``."""
        return best_of(self.encode_query(query), self.encode_batch(documents))

    def quantize(
        self, vectors: Floats, element: Literal["binary", "int8"] = "binary"
    ) -> QuantizedTokens:
        """Put token vectors into fewer bits, as `engram.embed.quantize` does."""
        return quantize(vectors, element)

    def encode_quantized(
        self, text: str, element: Literal["binary", "int8"] = "binary"
    ) -> QuantizedTokens:
        """Embed one document in fewer bits."""
        return quantize(self.encode(text), element)

    def _marked(self, texts: list[str], side: int) -> list[list[int]]:
        """Give ids, with the marker of that side (0: query, 1: document) at the second place."""
        marker = self._marks[side]
        found = self._tokens[side].ids([text.strip() for text in texts])
        return found if marker is None else [[one[0], marker, *one[1:]] for one in found]

    def _tokens_of(
        self, ids: list[list[int]], attended: list[int] | None, progress: Progress | None
    ) -> list[Floats]:
        rows: list[Floats] = [None] * len(ids)  # type: ignore[list-item] # each is set below
        for members, outputs, _ in self._encoder.run(ids, None, progress, attended=attended):
            vectors = self._projected(outputs)
            for place, row in enumerate(members):
                rows[row] = vectors[place, : len(ids[row])]
        return rows

    def _projected(self, outputs: dict[str, Floats]) -> Floats:
        """Give unit vectors, projected where the graph has not done it."""
        name = next((name for name, one in outputs.items() if one.ndim == 3), None)  # noqa: PLR2004
        if name is None:
            raise self._folder.unfit(f"its graph gives {', '.join(outputs)}, no token vectors")
        vectors = outputs[name]
        if name in _UNPROJECTED:
            for layer in self._layers:
                vectors = layer(vectors)
        return unit(vectors)

    def _facts(self) -> list[str]:
        query, document = self._lengths
        return [*super()._facts(), f"query_length={query}", f"document_length={document}"]


def _length(asked: int | None, own: Any, what: str) -> int:
    """Take the length asked for, or the model's own."""
    length = own if asked is None else asked
    if isinstance(length, bool) or not isinstance(length, int) or length < 4:  # noqa: PLR2004
        raise InvalidInput("input.invalid", f"{what} is {length!r}, not a number from 4 on")
    return length
