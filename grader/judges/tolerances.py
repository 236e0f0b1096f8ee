"""How much an answer may differ, by operation and dtype: one table, each row with its reason.

The error of an array is max|got - expected| divided by its scale: the largest expected value in
it, or a thousandth of the largest in the whole case if that is larger (so that a gradient that
is zero but for rounding is not judged by its noise). `benchmarks/spread.py` measures the largest
error among the correct submissions of tests/submissions/accepted; a row must leave a factor of ten
above it, and stay a factor of ten below the smallest mistake that the operation's cases show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Largest relative error by dtype, and why."""

    float64: float
    float32: float
    why: str


TOLERANCES: Mapping[str, Tolerance] = {
    "exact": Tolerance(0.0, 0.0, "values that are only copied or set: any difference is a mistake"),
    "layer": Tolerance(1e-12, 1e-5, "one product and a sum; orders of summation differ by 1e-15"),
    "norm": Tolerance(1e-10, 1e-4, "a variance as E[x^2]-E[x]^2 loses digits on shifted data"),
    "optimizer": Tolerance(1e-11, 1e-5, "six steps of elementwise arithmetic and a power of beta"),
    "net": Tolerance(1e-10, 1e-4, "five layers with normalization, and softmax"),
    "difference": Tolerance(1e-6, 1e-6, "a central difference with a step near 1e-5: 7 digits"),
}
