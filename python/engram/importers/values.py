"""What a record of another system may hold and engram cannot.

Owns: which values become another form, which are left out, and the counts of both.
Invariant: a value is put as it was, or counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from engram.importers.carrying import Rows

__all__ = ["Values", "checked_vectors"]

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


class _Unfit(ValueError):
    """A value that no metadata can hold; the argument says what it is."""


class Values:
    """Makes metadata of another system into JSON, counting what that changes.

    Attributes:
        changed: How many values became another form, by what they were.
        left_out: How many values were left out, by what they were.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.changed: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def mapping(self, metadata: Mapping[Any, Any] | None) -> dict[str, Any] | None:
        """Give the metadata that can be put; a key whose value does not fit is left out."""
        if metadata is None:
            return None
        kept: dict[str, Any] = {}
        for key, value in metadata.items():
            try:
                kept[str(key)] = self._plain(value)
            except _Unfit as unfit:  # noqa: PERF203 - each value stands alone
                self.left_out[f"{key}: {unfit}"] += 1
        return kept

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, int):
            if _INT_MIN <= value <= _INT_MAX:
                return int(value)
            raise _Unfit("integer beyond 64 bits")
        if isinstance(value, float):
            if math.isfinite(value):
                return float(value)
            raise _Unfit("number that is not finite")
        if isinstance(value, Mapping):
            return {str(key): self._plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(one) for one in value]
        return self._other(value)

    def _other(self, value: Any) -> Any:
        """Make text of dates, numbers and ids that JSON has no form for."""
        if isinstance(value, (datetime, date, time)):
            self.changed[f"{type(value).__name__} to text"] += 1
            return value.isoformat()
        if isinstance(value, (Decimal, UUID)):
            self.changed[f"{type(value).__name__} to text"] += 1
            return str(value)
        if hasattr(value, "tolist"):
            return self._plain(value.tolist())
        raise _Unfit(type(value).__name__)


def checked_vectors(rows: Rows, metric: str, values: Values) -> dict[str, Any]:
    """Give the vectors that can be put; those that cannot become None, and are counted."""
    return {
        space: _checked(column, space, metric, values) for space, column in rows.vectors.items()
    }


def _checked(column: Any, space: str, metric: str, values: Values) -> Any:
    """Check one space: a matrix stays one where every vector can be put."""
    if isinstance(column, np.ndarray):
        matrix = column.astype(np.float32, copy=False)
        finite = np.isfinite(matrix).all(axis=1)
        fit = finite & matrix.any(axis=1) if metric == "cosine" else finite
        if fit.all():
            return matrix
        return [_counted(row, space, metric, values) for row in matrix]
    return [None if one is None else _counted(one, space, metric, values) for one in column]


def _counted(vector: Any, space: str, metric: str, values: Values) -> Any:
    """Give a vector that can be put, or None for one that is counted."""
    if isinstance(vector, Mapping):
        weights = {int(key): float(weight) for key, weight in vector.items() if weight != 0}
        if all(math.isfinite(weight) and weight > 0 for weight in weights.values()) and weights:
            return weights
        why = "weights that are not all above 0" if weights else "vector of zeros"
    else:
        array = np.asarray(vector, dtype=np.float32)
        finite = bool(np.isfinite(array).all())
        if finite and array.size and (metric != "cosine" or bool(array.any(axis=-1).all())):
            return array
        why = "vector that is not finite" if not finite else "vector of zeros"
    values.left_out[f"{space}: {why}"] += 1
    return None
