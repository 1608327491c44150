"""What means are worth.

Owns: `Summary`, means with bootstrap intervals. Invariant: equal values give equal figures: every
random draw comes from a fixed seed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Summary", "summarize"]

_RESAMPLES = 9_999
_CHUNK_VALUES = 1_000_000
_MIN_SPREAD = 2


@dataclass(frozen=True)
class Summary:
    """The scores of one metric over many inputs or queries. Frozen.

    Attributes:
        mean: Their mean; None where there is none.
        low: Lower end of the confidence interval of the mean; None below two scores.
        high: Upper end.
        count: How many scores there are.
        errors: How many inputs have an error instead.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int
    errors: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as JSON-able data."""
        return asdict(self)

    def __str__(self) -> str:
        """Show the mean with its interval."""
        if self.mean is None:
            return "-"
        spread = "" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.mean:.3f}{spread}"


def summarize(values: Sequence[float], errors: int = 0, confidence: float = 0.95) -> Summary:
    """Give the mean with its percentile bootstrap interval (Efron, 1979); the seed is fixed.

    Raises:
        InvalidInput: ``input.invalid`` for a confidence that is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InvalidInput("input.invalid", f"confidence is {confidence!r}, not between 0 and 1")
    if not values:
        return Summary(None, None, None, 0, errors)
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(values) < _MIN_SPREAD:
        return Summary(mean, None, None, 1, errors)
    rng = np.random.default_rng(0)
    rows = max(1, _CHUNK_VALUES // len(array))
    means = np.concatenate(
        [
            array[rng.integers(0, len(array), (min(rows, _RESAMPLES - done), len(array)))].mean(1)
            for done in range(0, _RESAMPLES, rows)
        ]
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    # The mean of equal numbers may round to another last digit than their resampled means.
    return Summary(mean, min(float(low), mean), max(float(high), mean), len(values), errors)
