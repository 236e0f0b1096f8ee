"""An output taken apart: scores by their hidden units, a normalized x without gamma and beta."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis import plain_net
from grader.diagnosis.plain_net import same
from grader.guest.probes.models import parameters
from grader.types import Arrays, Case


def words(
    case: Case, output: str, inputs: Arrays, got: np.ndarray, want: np.ndarray, tolerance: float
) -> Iterator[str]:
    """Yield what shows only inside of an output, where just that is wrong."""
    yield from _hidden_units(case, inputs, got, tolerance)
    if case.probe == "layers.affine_forward" and got.ndim == 2:
        mine, right = got - inputs["b"], want - inputs["b"]
        factor = float(np.sum(mine * right) / np.sum(right * right))
        size = float(np.max(np.abs(got)) + np.max(np.abs(want)))
        if factor and np.all(np.abs(mine - factor * right) <= tolerance * size):
            yield "product factor"
    if case.probe == "norms.layernorm_forward" and got.ndim == 2:
        yield from _rows(inputs, got, want, tolerance)


def _rows(inputs: Arrays, got: np.ndarray, want: np.ndarray, tolerance: float) -> Iterator[str]:
    """Yield how the rows are off before gamma and beta, each of them in the same way."""
    gamma, beta = inputs["gamma"], inputs["beta"]
    if got.shape[1] < 3 or not np.all(gamma):
        return
    mine, right = ((array - beta) / gamma for array in (got, want))
    allowed = tolerance * (np.abs(want).max() + np.abs(beta).max()) / np.abs(gamma).min()
    left, wanted = (a - a.mean(axis=1, keepdims=True) for a in (mine, right))
    size = np.sum(wanted**2, axis=1, keepdims=True)
    factor = np.sum(left * wanted, axis=1, keepdims=True) / size
    if not np.all(factor) or np.any(np.abs(left - factor * wanted) > allowed):
        return
    if np.all(np.abs(mine - right - (mine - right).mean(axis=1, keepdims=True)) <= allowed):
        yield "normalized row offset"
    elif np.all(np.abs(mine - factor * right) <= allowed):
        yield "normalized row factor"
    else:
        yield "normalized row line"


def _hidden_units(case: Case, inputs: Arrays, got: np.ndarray, tolerance: float) -> Iterator[str]:
    """Yield "hidden units times <factor>" where the scores of a plain net show just that."""
    if case.probe != "nets.net_scores" or case.options.get("normalization"):
        return
    keep = float(case.options.get("keep", 1.0))
    values = parameters(inputs["theta"], list(case.options["dims"]))
    for name, factor in (("keep", keep), ("1/keep", 1 / keep)) if keep != 1 else ():
        scores = plain_net.forward(values, inputs["x"], factor)["scores"]
        if same(got, scores, tolerance):
            yield f"hidden units times {name}"
