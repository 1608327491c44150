"""Cross-encoders: a transformer that reads query and text together.

Owns: `CrossEncoder`. What turns a logit into a score is read from the model's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.embed.local.encoder import TextEncoder
from engram.errors import InvalidInput
from engram.rerank.texts import TextReranker, several_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.encoder import Progress

    Floats = NDArray[np.float32]

__all__ = ["CrossEncoder"]

_STEMS = ("model", "model_optimized", "model_quantized", "model_int8")
_ACTIVATIONS = ("Sigmoid", "Identity")
_PAIR = 2


class CrossEncoder(TextReranker):
    """A cross-encoder on ONNX Runtime: exact, and as slow as one run for each pair.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        file: The ONNX file within the folder, where there are several.
        activation: ``"Sigmoid"`` for scores from 0 to 1, ``"Identity"`` for logits. As the model's
            files say, unless given; Sigmoid where they do not.
        max_length: Most tokens of query and text together; the longer of the two is cut. As the
            model's files say, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.
        batch_tokens: Most tokens that run at a time, padding included.
        backend: What runs the graph: ``"onnx"`` (ONNX Runtime) or ``"openvino"``.
        precision: What OpenVINO computes in: ``"float32"``, ``"bf16"`` or ``"int8"``. With ONNX
            Runtime the file decides.

    Raises:
        Io: ``file.not_found`` where there is no such folder.
        NotFound: ``model.not_found`` where no model of that name is known, or installed.
        InvalidInput: ``model.invalid`` where its files do not make a cross-encoder with one score.
        MissingExtra: ``extra.missing`` without ``engram[onnx]``.

    Example:
        >>> judge = engram.rerank.CrossEncoder("models/ms-marco-MiniLM-L-6-v2")  # doctest: +SKIP
        >>> notes.query("who wrote it?", rerank=judge, rerank_depth=50)  # doctest: +SKIP
    """

    def __init__(  # noqa: PLR0913 - one setting each
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        file: str | None = None,
        activation: str | None = None,
        max_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
        backend: str = "onnx",
        precision: str | None = None,
    ) -> None:
        """Load the model; the graph runs once on a pair of words."""
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
        chosen = self._declared_activation() if activation is None else activation
        if chosen not in _ACTIVATIONS:
            raise InvalidInput(
                "input.invalid" if activation is not None else "model.invalid",
                f"activation {chosen!r} is not known",
                f"activation= one of: {', '.join(_ACTIVATIONS)}",
            )
        self.activation = chosen
        self.predict([("a", "b")])

    def _declared_activation(self) -> str:
        """Read the activation: from the form of version 6, of 4 and 5, of 3; Sigmoid by default."""
        folder = self._encoder.folder
        config = folder.json("config.json")
        named = (
            folder.json("config_sentence_transformers.json").get("activation_fn")
            or (config.get("sentence_transformers") or {}).get("activation_fn")
            or config.get("sbert_ce_default_activation_function")
            or "Sigmoid"
        )
        return str(named).rpartition(".")[2]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"CrossEncoder({self.model})"

    @property
    def model(self) -> str:
        """The model's name."""
        return self._encoder.folder.name

    @property
    def device(self) -> str:
        """Where it runs: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``."""
        return self._encoder.session.device

    @property
    def max_length(self) -> int:
        """Most tokens of a pair, special tokens included."""
        return self._encoder.tokens.max_length

    def score(self, query: str, texts: Sequence[str], /) -> Floats:
        """Score texts for a query: float32 ``(len(texts),)``, higher is better."""
        proper_str(query, "the query")
        return self.predict([(query, text) for text in several_texts(texts)])

    def predict(self, pairs: Sequence[tuple[str, str]], progress: Progress | None = None) -> Floats:
        """Score pairs of query and text, pairs of like length at a time.

        Args:
            pairs: The pairs.
            progress: Called now and then with the number of pairs done so far.

        Returns:
            float32 ``(len(pairs),)``.
        """
        import numpy as np

        for pair in pairs:
            if len(pair) != _PAIR:
                raise InvalidInput("input.invalid", f"{len(pair)} texts in a pair", "(query, text)")
        given = [(proper_str(a, "a query"), proper_str(b, "a text")) for a, b in pairs]
        # Blanks around a text are not part of it, as in sentence-transformers.
        encoded = self._encoder.tokens.pair_ids([(a.strip(), b.strip()) for a, b in given])
        ids = [one for one, _ in encoded]
        scores = np.zeros(len(ids), dtype=np.float32)
        for rows, outputs, _ in self._encoder.run(ids, [kinds for _, kinds in encoded], progress):
            scores[rows] = self._one_score(outputs)
        if self.activation == "Sigmoid":
            return np.asarray(1 / (1 + np.exp(-scores)), dtype=np.float32)
        return scores

    def _one_score(self, outputs: dict[str, Any]) -> Any:
        found = outputs.get("logits")
        if found is None:
            found = next(iter(outputs.values()))
        if found.ndim == _PAIR and found.shape[1] == 1:
            return found[:, 0]
        if found.ndim == 1:
            return found
        raise self._encoder.folder.unfit(
            f"its graph gives an array of shape {found.shape}, not one score a pair",
            "a model with one label, as those for ms-marco are",
        )

    def __repr__(self) -> str:
        """Show model, device and limits."""
        return (
            f"CrossEncoder(model={self.model!r}, device={self.device!r}, "
            f"threads={self._encoder.session.threads}, max_length={self.max_length}, "
            f"activation={self.activation!r})"
        )
