"""Dense text embedders: one vector for a text, from a transformer that runs here.

Owns: `Dense`. What it does beyond the graph (prompts, pooling, further layers, length) is read
from the model's files, in the layouts of sentence-transformers (old and new) and of the hub.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.embed.local.encoder import TextEncoder, checked_texts
from engram.embed.local.layers import further_layers
from engram.embed.local.model import LocalModel
from engram.embed.local.pooling import POOLINGS, declared_pooling, unit
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.encoder import Progress
    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]

__all__ = ["Dense"]

_STEMS = ("model", "model_optimized", "model_quantized", "model_int8")
_POOLED = ("sentence_embedding", "text_embeds", "pooler_output")
_HIDDEN = ("last_hidden_state", "token_embeddings", "hidden_states")
_MATRYOSHKA = ("matryoshka_dimensions", "matryoshka_dims")
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")


class Dense(LocalModel):
    """A transformer that embeds texts, on ONNX Runtime.

    Texts are documents unless said otherwise: `encode` and `encode_batch` put the model's prompt
    for documents before them, `encode_query` the one for queries.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        file: The ONNX file within the folder, where there are several.
        pooling: How token vectors become one: ``"mean"``, ``"cls"``, ``"lasttoken"``, ``"max"``,
            ``"mean_sqrt_len_tokens"``, ``"weightedmean"``. As the model's files say, unless given.
        normalize: Whether vectors have unit length. As the model's files say, unless given.
        query_prefix: What stands before each query. As the model's files say, unless given.
        document_prefix: What stands before each document. As the model's files say, unless given.
        max_length: Most tokens of a text; what is beyond is cut. As the model's files say, unless
            given.
        dim: Keep that many of the first numbers, and stretch them to unit length again: for models
            trained for it (Matryoshka embeddings, Kusupati et al., 2022).
        matryoshka: The dimensions that `dim` may be, where the model's files do not say.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there. With OpenVINO, the processor.
        threads: Threads of the processor; all that the process may use, unless given.
        batch_tokens: Most tokens that run at a time, padding included.
        backend: What runs the graph: ``"onnx"`` (ONNX Runtime) or ``"openvino"``.
        precision: What OpenVINO computes in: ``"float32"``, ``"bf16"`` or ``"int8"``. With ONNX
            Runtime the file decides.

    Raises:
        Io: ``file.not_found`` where there is no such folder.
        NotFound: ``model.not_found`` where no model of that name is known, or installed.
        InvalidInput: ``model.invalid`` where its files do not make a dense embedder;
            ``input.invalid`` for an argument that it does not take.
        MissingExtra: ``extra.missing`` without ``engram[onnx]``.

    Example:
        >>> model = engram.embed.Dense("models/bge-small-en-v1.5")  # doctest: +SKIP
        >>> model.encode_query("who wrote this?").shape  # doctest: +SKIP
        (384,)
    """

    __slots__ = (
        "_dimension",
        "_encoder",
        "_layers",
        "_pooling",
        "_prompted",
        "_whole",
        "backend",
        "document_prefix",
        "normalize",
        "query_prefix",
    )

    def __init__(  # noqa: PLR0913 - one setting each
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        file: str | None = None,
        pooling: str | None = None,
        normalize: bool | None = None,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        max_length: int | None = None,
        dim: int | None = None,
        matryoshka: Sequence[int] | None = None,
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
        backend: str = "onnx",
        precision: str | None = None,
    ) -> None:
        """Load the model; the graph runs once on a word, which also tells its dimension."""
        self._encoder = TextEncoder(
            source,
            name=name,
            file=file,
            stems=_STEMS,
            max_length=max_length,
            device=device,
            threads=threads,
            batch_tokens=batch_tokens,
            backend=backend,
            precision=precision,
        )
        self.backend = backend
        folder = self._encoder.folder
        super().__init__(folder, self._encoder.session)
        if pooling is not None and pooling not in POOLINGS:
            raise InvalidInput(
                "input.invalid", f"unknown pooling {pooling!r}", f"one of: {', '.join(POOLINGS)}"
            )
        self._pooling = declared_pooling(folder) if pooling is None else (pooling,)
        self._layers, ends_unit = further_layers(folder)
        self.normalize = ends_unit if normalize is None else bool(normalize)
        query, document = _prompts(folder)
        self.query_prefix = query if query_prefix is None else query_prefix
        self.document_prefix = document if document_prefix is None else document_prefix
        # Some models leave their prompt out of the mean.
        self._prompted = (folder.module("Pooling") or {}).get("include_prompt", True)
        self._dimension: int | None = None
        self._whole = self._embed(["a"], "", None).shape[1]
        self._dimension = self._checked_dim(dim, matryoshka)

    def _checked_dim(self, dim: int | None, allowed: Sequence[int] | None) -> int | None:
        if dim is None or dim == self._whole:
            return None
        folder = self._encoder.folder
        if allowed is None:
            config = folder.json("config.json")
            own = next((config[key] for key in _MATRYOSHKA if config.get(key)), ())
            allowed = own or (folder.card.matryoshka if folder.card is not None else ())
        if isinstance(dim, bool) or dim not in allowed:
            raise InvalidInput(
                "input.dimension",
                f"dim is {dim!r}; model {folder.name} has {self._whole} dimensions and "
                + (f"may be cut to {list(allowed)}" if allowed else "does not say it may be cut"),
                None if allowed else "matryoshka=[...] where the model's card lists dimensions",
            )
        return dim

    def _settings(self) -> dict[str, Any]:
        precision = self._encoder.session.precision
        # In float32 any back end gives the same vectors, up to the last digits.
        changed = {"precision": precision} if precision in {"bf16", "int8"} else {}
        return changed | {
            "pooling": self._pooling,
            "prefix": [self.query_prefix, self.document_prefix],
            "max_length": self.max_length,
            "normalize": self.normalize,
            "layers": [layer.digest for layer in self._layers],
        }

    def _unit_length(self) -> bool:
        return self.normalize or self._dimension is not None

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._whole if self._dimension is None else self._dimension

    @property
    def max_length(self) -> int:
        """Most tokens of a text, special tokens included; what is beyond is cut."""
        return self._encoder.tokens.max_length

    def encode(self, text: str) -> Floats:
        """Embed one document.

        Returns:
            float32 ``(dimension,)``.
        """
        row: Floats = self.encode_batch([text])[0]
        return row

    def encode_batch(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """Embed documents, texts of like length at a time.

        Args:
            texts: The texts.
            progress: Called now and then with the number of texts done so far.

        Returns:
            float32 ``(len(texts), dimension)``, C-order, rows in the order of the texts.
        """
        return self._embed(checked_texts(texts), self.document_prefix, progress)

    def encode_query(self, text: str) -> Floats:
        """Embed one query: float32 ``(dimension,)``."""
        row: Floats = self._embed(checked_texts([text]), self.query_prefix, None)[0]
        return row

    def encode_document(self, text: str) -> Floats:
        """Embed one document; the same as `encode`."""
        return self.encode(text)

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, special ones included, beyond the limit too.

        Splitters take it as their ``length``: passages then fit the model.
        """
        return self._encoder.tokens.count(proper_str(text, "a text"))

    def coverage(self, text: str) -> float:
        """Say how much of a text the model can know, 0 to 1: the share of tokens in its vocabulary.

        Hybrid search trusts the vector of a query no more than that.
        """
        known, all_of_them = self._encoder.tokens.known(text)
        return known / all_of_them if all_of_them else 1.0

    def tune(
        self, texts: Sequence[str], candidates: Sequence[int] = (256, 512, 1024, 2048, 4096)
    ) -> int:
        """Try sizes of batches on some texts, and keep the fastest.

        Vectors do not depend on it. A graph that runs texts one by one has nothing to tune.

        Args:
            texts: Texts like those to be embedded, some hundred of them.
            candidates: Most tokens of a batch, padding included.

        Returns:
            The size that was kept.
        """
        given = checked_texts(texts)
        if self._encoder.session.alone or not given or not candidates:
            return self._encoder.batch_tokens
        spent: dict[int, float] = {}
        for tokens in candidates:
            if isinstance(tokens, bool) or tokens < 1:
                raise InvalidInput("input.invalid", f"a batch of {tokens!r} tokens, below 1")
        for tokens in candidates:
            self._encoder.batch_tokens = tokens
            started = perf_counter()
            self._embed(given, self.document_prefix, None)
            spent[tokens] = perf_counter() - started
        self._encoder.batch_tokens = min(spent, key=spent.__getitem__)
        return self._encoder.batch_tokens

    def _embed(self, texts: list[str], prefix: str, progress: Progress | None) -> Floats:
        import numpy as np

        # Blanks around a text are not part of it, as in sentence-transformers.
        ids = self._encoder.tokens.ids([(prefix + text).strip() for text in texts])
        left_out = 0 if self._prompted or not prefix else self._prompt_tokens(prefix)
        rows: list[Floats | None] = [None] * len(ids)
        for members, outputs, mask in self._encoder.run(ids, None, progress):
            mask[:, :left_out] = 0
            for row, vector in zip(members, self._pooled(outputs, mask), strict=True):
                rows[row] = vector
        if not rows:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = np.stack([row for row in rows if row is not None])
        if self._dimension is not None:
            vectors = unit(np.ascontiguousarray(vectors[:, : self._dimension]))
        return vectors

    def _pooled(self, outputs: dict[str, Floats], mask: NDArray[np.int64]) -> Floats:
        """Turn what the graph gives into one vector per row."""
        import numpy as np

        done = next((outputs[name] for name in _POOLED[:1] if name in outputs), None)
        if done is None:
            hidden = next((outputs[name] for name in _HIDDEN if name in outputs), None)
            if hidden is None:
                hidden = next((o for o in outputs.values() if o.ndim == 3), None)  # noqa: PLR2004
            done = self._pool(hidden, mask) if hidden is not None else _flat(outputs)
            if done is None:
                raise self._encoder.folder.unfit(
                    f"its graph gives {', '.join(outputs)}, none of which is an embedding"
                )
            for layer in self._layers:
                done = layer(done)
        if done.ndim != 2:  # noqa: PLR2004
            raise self._encoder.folder.unfit(
                f"its graph gives embeddings of shape {done.shape}, not one vector a text"
            )
        return unit(done) if self.normalize else np.ascontiguousarray(done)

    def _pool(self, hidden: Floats, mask: NDArray[np.int64]) -> Floats:
        import numpy as np

        if not self._pooling:
            raise self._encoder.folder.unfit(
                "its files do not say how token vectors become one", 'pooling="mean" or "cls"'
            )
        known = mask.astype(np.float32)
        parts = [POOLINGS[name](hidden, known) for name in self._pooling]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _prompt_tokens(self, prefix: str) -> int:
        """Count the tokens that a prompt takes, without the closing special token."""
        (ids,) = self._encoder.tokens.ids([prefix])
        (nothing,) = self._encoder.tokens.ids([""])
        return len(ids) - (1 if len(nothing) > 1 else 0)

    def _facts(self) -> list[str]:
        run_by = [f"backend={self.backend!r}", f"precision={self._encoder.session.precision!r}"]
        shown = run_by if self.backend != "onnx" else []
        return [*super()._facts(), f"max_length={self.max_length}", *shown]


def _flat(outputs: dict[str, Floats]) -> Floats | None:
    """Find an output that is one vector per row already."""
    named = [outputs[name] for name in _POOLED if name in outputs]
    flat = named + [output for output in outputs.values() if output.ndim == 2]  # noqa: PLR2004
    return flat[0] if flat else None


def _prompts(folder: ModelFolder) -> tuple[str, str]:
    """Read what stands before queries and documents; a card counts where the files are silent."""
    settings = folder.json("config_sentence_transformers.json")
    prompts: dict[str, str] = settings.get("prompts") or {}
    default = prompts.get(settings.get("default_prompt_name") or "", "")
    if folder.card is not None and not any(prompts.values()):
        return folder.card.query_prefix or "", folder.card.document_prefix or ""
    document = next((prompts[name] for name in _DOCUMENT_PROMPTS if name in prompts), default)
    return prompts.get("query", default), document
