"""Sparse text embedders: weights of words (SPLADE).

Owns: `Sparse`. A text becomes weights of the words of the model's vocabulary, also of words that do
not stand in it: ``log(1 + relu(logit))``, the largest over the text's tokens (SPLADE, Formal et
al., 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.local.encoder import TextEncoder, checked_texts
from engram.embed.local.model import LocalModel
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.encoder import Progress

    Floats = NDArray[np.float32]
    Weights = dict[int, float]

__all__ = ["Sparse"]

_STEMS = ("model", "model_optimized", "model_quantized", "model_int8")
_BATCH_TOKENS = 256
"""A token's logits are as many as the vocabulary has words: 256 of them are 31 MB."""

_STRATEGIES = ("max", "sum")
_ACTIVATIONS = ("relu", "log1p_relu")


class Sparse(LocalModel):
    """A sparse model (SPLADE) on ONNX Runtime: a text as weights of words.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        file: The ONNX file within the folder, where there are several.
        query_prefix: What stands before each query. As the model's files say, unless given.
        document_prefix: What stands before each document. As the model's files say, unless given.
        max_length: Most tokens of a text. As the model's files say, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.
        batch_tokens: Most tokens that run at a time, padding included.

    Raises:
        Io, NotFound, InvalidInput, MissingExtra: As `Dense`.

    Example:
        >>> model = engram.embed.Sparse("models/splade")  # doctest: +SKIP
        >>> model.terms(model.encode("a fast car"), 3)  # doctest: +SKIP
        [('car', 2.4), ('fast', 2.1), ('vehicle', 1.3)]
    """

    __slots__ = (
        "_activation",
        "_encoder",
        "_strategy",
        "_vocabulary",
        "document_prefix",
        "query_prefix",
    )

    kind: Literal["sparse"] = "sparse"
    """The kind of space that keeps its weights."""

    def __init__(  # noqa: PLR0913 - one setting each
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        file: str | None = None,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        max_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """Load the model; the graph runs once on a word, which also tells its vocabulary."""
        encoder = TextEncoder(
            source,
            name=name,
            file=file,
            stems=_STEMS,
            max_length=max_length,
            device=device,
            threads=threads,
            batch_tokens=_BATCH_TOKENS if batch_tokens is None else batch_tokens,
        )
        self._encoder = encoder
        super().__init__(encoder.folder, encoder.session)
        folder = encoder.folder
        known = {"Transformer", "MLMTransformer", "SpladePooling"}
        for module in folder.modules():
            if str(module.get("type", "")).rpartition(".")[2] not in known:
                raise folder.unfit(f"modules.json lists {module['type']}, which is not known")
        pooling = folder.module("SpladePooling") or {}
        self._strategy = pooling.get("pooling_strategy", "max")
        self._activation = pooling.get("activation_function", "relu")
        if self._strategy not in _STRATEGIES or self._activation not in _ACTIVATIONS:
            raise folder.unfit(f"pooling {self._strategy} of {self._activation} is not known")
        prompts = folder.json("config_sentence_transformers.json").get("prompts") or {}
        self.query_prefix = prompts.get("query", "") if query_prefix is None else query_prefix
        own = prompts.get("document", "")
        self.document_prefix = own if document_prefix is None else document_prefix
        self._vocabulary = len(self._rows(["a"], "", None)[0])

    def _settings(self) -> dict[str, Any]:
        return {
            "pooling": [self._strategy, self._activation],
            "prefix": [self.query_prefix, self.document_prefix],
            "max_length": self._encoder.tokens.max_length,
        }

    def _unit_length(self) -> bool:
        return False

    @property
    def dimension(self) -> int:
        """How many words its vocabulary has."""
        return self._vocabulary

    def encode(self, text: str) -> Weights:
        """Embed one document.

        Returns:
            The weights above 0, by the number of the word in the vocabulary, as a sparse space
            takes them.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str], progress: Progress | None = None) -> list[Weights]:
        """Embed documents, texts of like length at a time; weights as `encode` gives them.

        Args:
            texts: The texts.
            progress: Called now and then with the number of texts done so far.
        """
        rows = self._rows(checked_texts(texts), self.document_prefix, progress)
        return [_weights(row) for row in rows]

    def encode_query(self, text: str) -> Weights:
        """Embed one query; weights as `encode` gives them."""
        return _weights(self._rows(checked_texts([text]), self.query_prefix, None)[0])

    def encode_document(self, text: str) -> Weights:
        """Embed one document; the same as `encode`."""
        return self.encode(text)

    def terms(self, weights: str | Mapping[int, float], k: int = 10) -> list[tuple[str, float]]:
        """Read weights: the heaviest words with their weights, heaviest first.

        Args:
            weights: What `encode` gave, or a text.
            k: How many words.
        """
        given = self.encode(weights) if isinstance(weights, str) else weights
        best = sorted(given.items(), key=lambda one: (-one[1], one[0]))[:k]
        name = self._encoder.tokens.tokenizer.id_to_token
        found = []
        for word, weight in best:
            token = name(word)
            if token is None:
                raise InvalidInput("input.invalid", f"the vocabulary has no word {word}")
            found.append((token, weight))
        return found

    def similarity(
        self, query: str | Mapping[int, float], document: str | Mapping[int, float]
    ) -> float:
        """Score a document against a query: the inner product of their weights."""
        one = self.encode_query(query) if isinstance(query, str) else query
        other = self.encode(document) if isinstance(document, str) else document
        return float(sum(weight * other[word] for word, weight in one.items() if word in other))

    def _rows(self, texts: list[str], prefix: str, progress: Progress | None) -> list[Floats]:
        import numpy as np

        ids = self._encoder.tokens.ids([(prefix + text).strip() for text in texts])
        rows: list[Floats] = [None] * len(ids)  # type: ignore[list-item] # each is set below
        for members, outputs, mask in self._encoder.run(ids, None, progress):
            logits = next((one for one in outputs.values() if one.ndim == 3), None)  # noqa: PLR2004
            if logits is None:
                raise self._folder.unfit(
                    f"its graph gives {', '.join(outputs)}, no logits of a vocabulary"
                )
            # In place: logits are by far the largest array here.
            weights = np.log1p(np.maximum(logits, 0, out=logits), out=logits)
            if self._activation == "log1p_relu":
                np.log1p(weights, out=weights)
            weights *= mask[:, :, None]
            pooled = weights.max(axis=1) if self._strategy == "max" else weights.sum(axis=1)
            for row, one in zip(members, pooled, strict=True):
                rows[row] = one
        return rows


def _weights(row: Floats) -> Weights:
    """Keep the weights above 0."""
    places = row.nonzero()[0]
    return dict(zip(places.tolist(), row[places].tolist(), strict=True))
