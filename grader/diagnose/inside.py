"""A net's scores, taken apart: what they would be with something else inside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.probes.nets import parameters
from grader.types import Arrays, Case


def words(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield "hidden units times <factor>" where the scores of a plain net show just that."""
    if case.probe != "nets.net_scores" or case.options.get("normalization"):
        return
    keep = float(case.options.get("keep", 1.0))
    factors = {"keep": keep, "1/keep": 1 / keep} if keep != 1 else {}
    for name, factor in factors.items():
        scores = _scores(inputs, list(case.options["dims"]), factor)
        size = float(np.max(np.abs(scores)))
        if got.shape == scores.shape and np.all(np.abs(got - scores) <= tolerance * size):
            yield f"hidden units times {name}"


def _scores(inputs: Arrays, dims: list[int], factor: float) -> np.ndarray:
    values = parameters(inputs["theta"], dims)
    x = inputs["x"].reshape(len(inputs["x"]), -1)
    for layer in range(1, len(dims) - 1):
        x = factor * np.maximum(0.0, x @ values[f"W{layer}"] + values[f"b{layer}"])
    last = len(dims) - 1
    return np.asarray(x @ values[f"W{last}"] + values[f"b{last}"])
