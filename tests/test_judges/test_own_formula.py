"""A right backward formula over what a wrong forward pass normalizes by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grader.judges import Attempt, Rules, own_formula
from grader.types import Case

N, D = 6, 4
ALL = frozenset({"dx", "dgamma", "dbeta"})
Parts = tuple[np.ndarray, np.ndarray]  # m and s, as they broadcast to (N, D)
BY_COLUMN = {"keepdims": True, "axis": 0}
BY_ROW = {"keepdims": True, "axis": 1}


def question() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    given = {name: rng.standard_normal((N, D)) for name in ("x", "dout")}
    return {**given, "gamma": rng.standard_normal(D), "beta": rng.standard_normal(D)}


def short(g: np.ndarray, h: np.ndarray, m: np.ndarray, s: np.ndarray, axis: int) -> np.ndarray:
    """The gradient in one formula."""
    along = (g * h).mean(axis=axis, keepdims=True)
    return np.asarray((g - g.mean(axis=axis, keepdims=True) - h * along) / s)


def by_nodes(g: np.ndarray, h: np.ndarray, c: np.ndarray, s: np.ndarray, axis: int) -> np.ndarray:
    """The same, one node after the other; c is what is left of x."""
    dvar = (g * c * -0.5 * s**-3).sum(axis=axis, keepdims=True)
    dc = g / s + dvar * 2 * c / g.shape[axis]
    return np.asarray(dc - dc.mean(axis=axis, keepdims=True))


def found(
    parts: Callable[[np.ndarray], Parts],
    backward: Callable[..., np.ndarray] = short,
    axis: int = 0,
    asked: str = "batchnorm_forward",
    scale: float = 1.0,
) -> frozenset[str]:
    """Return what is right of a layer that takes m off and divides by s."""
    given = question()
    m, s = parts(given["x"])
    h = scale * (given["x"] - m) / s
    g = given["dout"] * given["gamma"]
    dx = backward(g, h, given["x"] - m, s / scale, axis)
    arrays = {"plain": h, "dx": dx, "dgamma": (given["dout"] * h).sum(axis=0)}
    arrays["dbeta"] = given["dout"].sum(axis=0)
    case = Case(
        "c", "a", "p.q", {}, {"forward": asked}, True, "", None, (), (), ()
    )  # fmt: skip
    return own_formula.right(Attempt(case, given, arrays, {}, (), Rules(0.0, 0.0)))


WRONG: dict[str, Callable[[np.ndarray], Parts]] = {
    "a variance over N - 1": lambda x: (x.mean(0), np.sqrt(x.var(0, ddof=1) + 1e-5)),
    "no division by N": lambda x: (x.mean(0), np.sqrt(x.var(0) * N + 1e-5)),
    "all numbers": lambda x: (x.mean(keepdims=True), np.sqrt(x.var(keepdims=True) + 1e-5)),
    "the other axis": lambda x: (x.mean(**BY_ROW), np.sqrt(x.var(**BY_ROW) + 1e-5)),
    "the mean over the other axis": lambda x: (x.mean(**BY_ROW), np.sqrt(x.var(0) + 1e-5)),
    "no root": lambda x: (x.mean(0), x.var(0) + 1e-5),
    "no mean": lambda x: (np.zeros(D), np.sqrt(x.var(0) + 1e-5)),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("backward", [short, by_nodes])
def test_a_right_formula_over_a_wrong_normalization_is_right(
    what: str, backward: Callable[..., np.ndarray]
) -> None:
    assert found(WRONG[what], backward) == ALL


def test_layer_normalization_has_the_formula_along_its_rows() -> None:
    def over_columns(x: np.ndarray) -> Parts:
        return x.mean(**BY_COLUMN), np.sqrt(x.var(**BY_COLUMN) + 1e-5)

    assert found(over_columns, axis=1, asked="layernorm_forward") == ALL
    assert found(over_columns, axis=0, asked="layernorm_forward") == frozenset()


@pytest.mark.parametrize(
    "backward",
    [lambda g, h, c, s, axis: g / s, lambda g, h, c, s, axis: (g - g.mean(axis=axis)) / s,
     lambda g, h, c, s, axis: 1.000001 * short(g, h, c, s, axis),
     lambda g, h, c, s, axis: np.zeros_like(g), lambda g, h, c, s, axis: g[:-1]],
)  # fmt: skip
def test_without_a_right_dx_nothing_is_right(backward: Callable[..., np.ndarray]) -> None:
    assert found(WRONG["all numbers"], backward) == frozenset()


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_a_scale_that_hides_a_term_of_the_formula_earns_nothing(scale: float) -> None:
    assert found(WRONG["all numbers"], scale=scale) == frozenset()


def test_a_forward_pass_that_is_none_of_these_earns_nothing() -> None:
    assert found(lambda x: (x * 0 + x.mean(0), np.exp(x))) == frozenset()
    assert found(WRONG["no mean"], asked="affine_forward") == frozenset()
