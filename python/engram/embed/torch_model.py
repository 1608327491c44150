"""Models that have no ONNX form, through sentence-transformers and torch.

Owns: `Torch`. Prompts, pooling, layers and length are the package's own reading of the folder.
Invariants: only files of the folder are read, nothing is fetched, and no code of the folder runs.
Limits: an optional and heavy dependency; a fifth of the speed of ONNX Runtime in int8.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engram.embed.finding import found
from engram.embed.identity import Identity
from engram.embed.local.encoder import checked_texts
from engram.errors import InvalidInput, _missing_extra

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Torch"]

_BATCH = 32
_DEVICES = {"auto": None, "cpu": "cpu", "cuda": "cuda", "mps": "mps"}


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the progress bars of transformers off the terminal, and put them back."""
    from transformers.utils import logging as of_transformers

    logging: Any = of_transformers
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class Torch:
    """A dense text embedder on torch, by sentence-transformers: for folders without an ONNX file.

    Args:
        source: The model's folder, or the name of an installed one, in any layout that
            sentence-transformers reads.
        name: What to call the model; the folder's name, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"`` for what torch prefers here.
        batch_size: Texts that run at a time.

    Raises:
        Io: ``file.not_found`` where there is no such folder.
        NotFound: ``model.not_found`` where no model of that name is known, or installed.
        InvalidInput: ``model.invalid`` where the package does not take the folder;
            ``input.invalid`` for a device that is not there.
        MissingExtra: ``extra.missing`` without ``engram[torch]``.

    Example:
        >>> model = engram.embed.Torch("models/my-model")  # doctest: +SKIP
        >>> model.encode_query("who wrote this?").shape  # doctest: +SKIP
        (384,)
    """

    __slots__ = ("_dimension", "_folder", "_identity", "_model", "batch_size")

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        device: str = "auto",
        batch_size: int = _BATCH,
    ) -> None:
        """Load the model; it runs once on a word."""
        if device not in _DEVICES:
            raise InvalidInput(
                "input.invalid", f"unknown device {device!r}", f"one of: {', '.join(_DEVICES)}"
            )
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InvalidInput("input.invalid", f"batch_size is {batch_size!r}, below 1")
        self._folder = found(source, name)
        try:
            import sentence_transformers
            import torch
        except ImportError as cause:
            raise _missing_extra("sentence-transformers", "torch", 'backend="torch"') from cause
        there = {
            "cpu": True,
            "cuda": bool(torch.cuda.is_available()),
            "mps": bool(torch.backends.mps.is_available()),
        }
        if not there.get(device, True):
            raise InvalidInput(
                "input.invalid", f"no device {device!r}: torch has none here", 'device="auto"'
            )
        if not self._folder.modules():
            raise self._folder.unfit(
                "has no modules.json, so that nothing says how token vectors become one",
                "a folder as sentence-transformers saves it",
            )
        self.batch_size = batch_size
        try:
            with _quietly():
                self._model = sentence_transformers.SentenceTransformer(
                    str(self._folder.path),
                    device=_DEVICES[device],
                    trust_remote_code=False,
                    local_files_only=True,
                )
            self._dimension = int(self.encode("a").shape[0])
        except InvalidInput:
            raise
        except Exception as cause:  # the package's errors have no common class
            raise self._folder.unfit(
                f"sentence-transformers {sentence_transformers.__version__} does not take it:"
                f" {cause}"
            ) from cause
        self._identity: Identity | None = None

    @property
    def identity(self) -> Identity:
        """Name, revision, dimension and normalization.

        The revision is the start of the SHA-256 of all weights in the folder, and of that of every
        setting that changes vectors. It is another than that of the same model in ONNX, whose
        weights lie in another file.
        """
        if self._identity is None:
            modules = [type(module).__name__ for module in self._model]
            settings = {
                "kind": "Torch",
                "max_length": self.max_length,
                "modules": modules,
                "pooling": self._folder.module("Pooling"),
                "prompts": dict(self._model.prompts),
            }
            revision = self._folder.revision(self._weights(), settings)
            unit = modules[-1] == "Normalize"
            self._identity = Identity(self.model, revision, self._dimension, unit)
        return self._identity

    def _weights(self) -> list[Path]:
        """List the files of weights, whole or in parts; the safe kind where there are two."""
        for pattern in ("*.safetensors", "*.bin"):
            files = sorted(self._folder.path.rglob(pattern))
            if files:
                return files
        raise self._folder.unfit("has no weights")

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._dimension

    @property
    def model(self) -> str:
        """The model's name."""
        return self._folder.name

    @property
    def device(self) -> str:
        """Where it runs, as torch calls it: ``"cpu"``, ``"cuda:0"``, ``"mps:0"``."""
        return str(self._model.device)

    @property
    def max_length(self) -> int | None:
        """Most tokens of a text, special ones included; None where the model has no limit."""
        length = self._model.max_seq_length
        return None if length is None else int(length)

    def encode(self, text: str) -> Floats:
        """Embed one document: float32 ``(dimension,)``."""
        row: Floats = self.encode_batch([text])[0]
        return row

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Floats:
        """Embed documents, texts of like length at a time.

        Args:
            texts: The texts.
            progress: Called with the number of texts done, at the end.

        Returns:
            float32 ``(len(texts), dimension)``, C-order, rows in the order of the texts.
        """
        given = checked_texts(texts)
        rows = self._run(self._model.encode_document, given)
        if progress is not None:
            progress(len(given))
        return rows

    def encode_query(self, text: str) -> Floats:
        """Embed one query: float32 ``(dimension,)``."""
        row: Floats = self._run(self._model.encode_query, checked_texts([text]))[0]
        return row

    def encode_document(self, text: str) -> Floats:
        """Embed one document; the same as `encode`."""
        return self.encode(text)

    def _run(self, encode: Callable[..., Any], texts: list[str]) -> Floats:
        import numpy as np

        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        found = encode(texts, batch_size=self.batch_size, show_progress_bar=False)
        return np.ascontiguousarray(found, dtype=np.float32)

    def __repr__(self) -> str:
        """Show model, dimension, device and limits."""
        return (
            f"Torch(model={self.model!r}, dimension={self.dimension}, device={self.device!r}, "
            f"max_length={self.max_length}, batch_size={self.batch_size})"
        )
