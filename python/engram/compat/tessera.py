"""Code written for Tessera, on engram: change the import line, keep the rest.

Owns: the names of Tessera's Python package over `engram.embed`. A model is given by name or folder.
What cannot be loaded or run is a `TesseraError`, which is a RuntimeError as it was there; wrong
arguments stay ValueErrors, files that are not there OSErrors.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engram import __version__
from engram.embed import (
    Dense,
    MultiVector,
    QuantizedTokens,
    Sparse,
    TimeSeries,
    Vision,
    get_embedder,
    quantize,
)
from engram.errors import EngramError, InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = [
    "TesseraDense",
    "TesseraError",
    "TesseraMultiVector",
    "TesseraSparse",
    "TesseraTimeSeries",
    "TesseraVision",
    "__version__",
]


class TesseraError(EngramError, RuntimeError):
    """A model could not be loaded, or failed while it ran. ``code`` says which."""


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn errors of models into the class that Tessera raises; `code` and hint stay."""
    try:
        yield
    except TesseraError:
        raise
    except EngramError as error:
        if error.code.startswith("model.") or error.code == "extra.missing":
            raise TesseraError(error.code, error.message, error.hint, error.details) from error
        raise


class _Tessera:
    """What every embedder here has."""

    _kind: type

    def __init__(
        self,
        model_id: str | os.PathLike[str],
        *,
        device: str = "auto",
        threads: int | None = None,
        dimension: int | None = None,
    ) -> None:
        """Load a model.

        Args:
            model_id: A name that `engram.embed.get_embedder` knows, or a folder.
            device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``.
            threads: Threads of the processor.
            dimension: Length of the vectors, for models that may be cut (Matryoshka).

        Raises:
            TesseraError: Where it cannot be loaded, or is of another kind.
            ValueError: For an argument that it does not take.
        """
        with _mapped():
            inner = get_embedder(model_id, device=device, threads=threads, dim=dimension)
            if not isinstance(inner, self._kind):
                raise InvalidInput(
                    "model.invalid",
                    f"{model_id} is a model for {type(inner).__name__}, not {self._kind.__name__}",
                    f"Tessera{type(inner).__name__}",
                )
        self._inner: Any = inner
        self._model_id = str(model_id)

    def encode(self, item: Any) -> Any:
        """Embed one text, image or series; shapes as in docs/reference/embed.md."""
        with _mapped():
            return self._inner.encode(item)

    def encode_batch(self, items: Sequence[Any]) -> Any:
        """Embed several."""
        with _mapped():
            return self._inner.encode_batch(list(items))

    def similarity(self, item_a: Any, item_b: Any) -> float:
        """Compare two: the first is what is looked for."""
        with _mapped():
            return float(self._inner.similarity(item_a, item_b))

    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._inner.dimension)

    def model(self) -> str:
        """The name or folder that it was made with."""
        return self._model_id

    def device(self) -> str:
        """Where it runs."""
        return str(self._inner.device)

    def __repr__(self) -> str:
        """Show model and dimension."""
        return f"{type(self).__name__}(model={self._model_id!r}, dimension={self.dimension()})"


class TesseraMultiVector(_Tessera):
    """ColBERT: ``encode`` gives float32 ``(tokens, dimension)``, ``encode_batch`` a list."""

    _kind = MultiVector

    def quantize(
        self, embeddings: Floats, bits: Literal["binary", "int8"] = "binary"
    ) -> QuantizedTokens:
        """Put token vectors into fewer bits; compare by ``similarity`` of the result."""
        return quantize(embeddings, bits)

    def encode_quantized(
        self, text: str, bits: Literal["binary", "int8"] = "binary"
    ) -> QuantizedTokens:
        """Embed a text in fewer bits."""
        return quantize(self.encode(text), bits)


class TesseraDense(_Tessera):
    """One vector a text: float32 ``(dimension,)``, and ``(n, dimension)`` for several."""

    _kind = Dense

    def similarity(self, item_a: str, item_b: str) -> float:
        """Compare two texts by cosine."""
        import numpy as np

        one, other = self.encode_batch([item_a, item_b])
        length = float(np.linalg.norm(one) * np.linalg.norm(other))
        return float(one @ other) / length if length else 0.0


class TesseraSparse(_Tessera):
    """SPLADE: ``encode`` gives weights by word number; ``terms`` reads them."""

    _kind = Sparse

    def terms(self, text: str, k: int = 10) -> list[tuple[str, float]]:
        """Give the heaviest words of a text."""
        with _mapped():
            found: list[tuple[str, float]] = self._inner.terms(text, k)
            return found


class TesseraVision(_Tessera):
    """CLIP and ColPali: ``encode`` takes an image, ``encode_query`` a text to look for."""

    _kind = Vision

    def encode_query(self, text: str) -> Any:
        """Embed a text in the space of the images."""
        with _mapped():
            return self._inner.encode_query(text)


class TesseraTimeSeries(_Tessera):
    """Chronos-Bolt: ``encode`` takes numbers in order of time, NaN where one is missing."""

    _kind = TimeSeries
