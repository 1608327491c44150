"""Whether a difference is more than chance.

Owns: the paired tests. Invariant: equal scores and an equal seed give equal figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.errors import _missing_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PairedTest", "paired_test"]

_RESAMPLES = 9_999
_CHUNK_VALUES = 1_000_000
_MIN_SPREAD = 2


@dataclass(frozen=True)
class PairedTest:
    """Whether two lists of scores of the same queries differ by more than chance. Frozen.

    Attributes:
        p_randomization: Two-sided p-value of the paired randomization test: how often a difference
            of means at least as large comes up where each query's two scores are swapped or not by
            chance.
        p_t: Two-sided p-value of the paired t-test; None where all differences are equal.
        exact: Whether every way to swap was tried, rather than a random sample of them.
    """

    p_randomization: float
    p_t: float | None
    exact: bool


def paired_test(a: Sequence[float], b: Sequence[float], seed: int) -> PairedTest:
    """Compare paired scores (Fisher's randomization test, as Smucker et al., 2007, recommend).

    Raises:
        MissingExtra: ``extra.missing`` without SciPy.
    """
    try:
        from scipy import stats
    except ImportError as cause:
        raise _missing_extra("scipy", "evaluate", "a significance test") from cause
    import numpy as np

    differences = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    # A query without a difference is the same swapped or not: it adds nothing but time.
    moved = differences[differences != 0]
    if not len(moved):
        return PairedTest(1.0, None, exact=True)
    exact = 2 ** len(moved) <= _RESAMPLES
    if len(moved) < _MIN_SPREAD:
        p_randomization = 1.0
    else:
        found = stats.permutation_test(
            (moved,),
            np.sum,
            permutation_type="samples",
            vectorized=True,
            n_resamples=_RESAMPLES,
            batch=max(1, _CHUNK_VALUES // len(moved)),
            rng=np.random.default_rng(seed),
        )
        p_randomization = float(found.pvalue)
    p_t = None
    if len(differences) >= _MIN_SPREAD and differences.std() > 0:
        p_t = float(stats.ttest_1samp(differences, 0.0).pvalue)
    return PairedTest(p_randomization, p_t, exact)
