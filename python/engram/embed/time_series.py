"""Embedders of time series (Chronos-Bolt).

Owns: `TimeSeries`. A series is cut into patches, each of which becomes a vector; values that are
not known are NaN. The graph scales the series itself: embeddings tell its shape, not its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.finding import found
from engram.embed.local.model import LocalModel
from engram.embed.local.session import Session
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["TimeSeries"]

_BATCH = 32
_POOLINGS = ("last", "mean")


class TimeSeries(LocalModel):
    """A model of time series (Chronos-Bolt, Ansari et al., 2024) on ONNX Runtime.

    Args:
        source: The model's folder, or the name of an installed one, with ``encoder_model.onnx``.
        name: What to call the model; the folder's name, unless given.
        pooling: How the vectors of the patches become one: ``"last"`` takes the last, which in
            models with a [REG] token stands for the whole series; ``"mean"`` their mean.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.

    Attributes:
        context_length: Most values of a series; of a longer one the last count.
        pooling: As given.

    Raises:
        Io, NotFound, InvalidInput, MissingExtra: As `Dense`.

    Example:
        >>> model = engram.embed.TimeSeries("models/chronos-bolt-tiny")  # doctest: +SKIP
        >>> model.encode([1.0, 2.0, float("nan"), 4.0]).shape  # doctest: +SKIP
        (256,)
    """

    __slots__ = ("_dimension", "_encoder", "_patch", "context_length", "pooling")

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        pooling: Literal["last", "mean"] = "last",
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Load the model; the graph runs once, which also tells its dimension."""
        if pooling not in _POOLINGS:
            raise InvalidInput(
                "input.invalid", f"unknown pooling {pooling!r}", "one of: last, mean"
            )
        folder = found(source, name)
        settings = folder.json("config.json").get("chronos_config") or {}
        if "input_patch_size" not in settings or "context_length" not in settings:
            raise folder.unfit("config.json has no settings of Chronos-Bolt")
        self._patch = int(settings["input_patch_size"])
        self.context_length = int(settings["context_length"])
        self.pooling = pooling
        path = folder.graph(None, "encoder_model", "encoder/model", "encoder")
        self._encoder = Session(path, device, threads, aside=False)
        super().__init__(folder, self._encoder)
        self._dimension = int(self.patches([0.0, 1.0])[0].shape[1])

    def _settings(self) -> dict[str, Any]:
        return {"pooling": self.pooling, "patch": self._patch, "length": self.context_length}

    def _unit_length(self) -> bool:
        return False

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._dimension

    def encode(self, series: Any) -> Floats:
        """Embed one series.

        Args:
            series: Numbers in order of time, NaN or None where one is not known.

        Returns:
            float32 ``(dimension,)``; compare by cosine.
        """
        row: Floats = self.encode_batch([series])[0]
        return row

    def encode_batch(
        self, series: Sequence[Any], progress: Callable[[int], None] | None = None
    ) -> Floats:
        """Embed series; each comes out as it does alone.

        Args:
            series: The series, of any lengths.
            progress: Called now and then with the number of series done so far.

        Returns:
            float32 ``(n, dimension)``.
        """
        import numpy as np

        rows = [self._checked(one, i) for i, one in enumerate(series)]
        vectors = np.zeros((len(rows), self._dimension), dtype=np.float32)
        by_width: dict[int, list[int]] = {}
        for i, row in enumerate(rows):
            by_width.setdefault(len(row), []).append(i)
        done, size = 0, 1 if self._encoder.alone else _BATCH
        for same in by_width.values():
            for start in range(0, len(same), size):
                members = same[start : start + size]
                found = self._run(np.stack([rows[i] for i in members]))["embeddings"]
                vectors[members] = found[:, -1] if self.pooling == "last" else found.mean(axis=1)
                done += len(members)
                if progress is not None:
                    progress(done)
        return vectors

    def encode_query(self, series: Any) -> Floats:
        """Embed a series to look for; the same as `encode`."""
        return self.encode(series)

    def encode_document(self, series: Any) -> Floats:
        """Embed a series to store; the same as `encode`."""
        return self.encode(series)

    def patches(self, series: Any) -> tuple[Floats, float, float]:
        """Embed the patches of one series.

        Returns:
            float32 ``(patches, dimension)``, the [REG] token's last where the model has one, and
            the mean and deviation that the series was scaled by.
        """
        found = self._run(self._checked(series, 0)[None, :])
        return found["embeddings"][0], float(found["loc"][0]), float(found["scale"][0])

    def similarity(self, one: Any, other: Any) -> float:
        """Compare two series by the cosine of their embeddings, -1 to 1."""
        import numpy as np

        first, second = self.encode_batch([one, other])
        lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
        return float(first @ second) / lengths if lengths else 0.0

    def _run(self, context: Floats) -> dict[str, Floats]:
        found = self._encoder.run({"context": context})
        missing = [name for name in ("embeddings", "loc", "scale") if name not in found]
        if missing:
            raise self._folder.unfit(f"its graph does not give {', '.join(missing)}")
        return found

    def _checked(self, series: Any, index: int) -> Floats:
        """Give the last values of a series, NaN on the left up to whole patches."""
        import numpy as np

        where = {"index": str(index)}
        try:
            values = np.asarray(series, dtype=np.float32)
        except (TypeError, ValueError) as cause:
            raise InvalidInput(
                "input.invalid", "a series holds something that is no number", None, where
            ) from cause
        if values.ndim != 1 or not len(values):
            raise InvalidInput(
                "input.invalid",
                f"a series of shape {values.shape}",
                "one or more numbers in order of time",
                where,
            )
        if np.isinf(values).any():
            raise InvalidInput("input.not_finite", "a series holds Inf", "NaN for unknown", where)
        values = values[-self.context_length :]
        if np.isnan(values).all():
            raise InvalidInput(
                "input.invalid", "a series holds no known value", "leave it out", where
            )
        context = np.full(len(values) + -len(values) % self._patch, np.nan, dtype=np.float32)
        context[len(context) - len(values) :] = values
        return context

    def _facts(self) -> list[str]:
        return [*super()._facts(), f"context_length={self.context_length}"]
