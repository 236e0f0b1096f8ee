"""Small cases, from 1x1 upwards, in numbers that a person checks by hand.

They decide nothing. Once an item has failed, the first of its small cases that fails is the example
that its report shows (grader.rubric.minimal_cases).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SIZES = ((1, 1, 1), (1, 2, 1), (2, 1, 2), (2, 3, 2))  # N, D, M
Nets = Sequence[tuple[int, tuple[int, ...]]]  # N and dims, from small to large
TWO_LAYER: Nets = ((1, (1, 1, 2)), (1, (2, 2, 2)), (2, (2, 3, 2)))
DEEP: Nets = (
    (1, (1, 1, 1, 2)), (1, (2, 1, 2)), (2, (2, 2, 2, 2)), (3, (1, 3, 2)), (3, (2, 3, 3, 2)),
)  # fmt: skip


@dataclass(frozen=True)
class Small:
    """One small case: its size as a name, inputs, options, and the part it counts for, if only one.

    `probe` is another one than that of the cases it belongs to.
    """

    name: str
    inputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None
    probe: str | None = None


def affine(*more: str) -> tuple[Small, ...]:
    """x (N, D), w (D, M), b (M,), and `more` arrays like the output."""
    shapes = [(f"{n}x{d}", d, m, f"{n}x{m}") for n, d, m in SIZES] + [("2x2x2", 4, 2, "2x2")]
    return tuple(
        Small(x, {"x": x, "w": f"{d}x{m}", "b": f"{m}", **dict.fromkeys(more, out)})
        for x, d, m, out in shapes
    )


def elementwise(*names: str) -> tuple[Small, ...]:
    """Arrays of one shape."""
    sizes = ("1x1", "1x2", "2x1", "2x3", "2x2x2")
    return tuple(Small(size, dict.fromkeys(names, size)) for size in sizes)


def labelled() -> tuple[Small, ...]:
    """Scores x (N, C) and labels y (N,)."""
    sizes = ((1, 2), (1, 3), (2, 2), (2, 3))
    return tuple(Small(f"{n}x{c}", {"x": f"{n}x{c}", "y": f"{n} labels={c}"}) for n, c in sizes)


def norm(sizes: Sequence[tuple[int, int]], *more: str) -> tuple[Small, ...]:
    """x and `more` (N, D), gamma and beta (D,); a forward pass with another eps, too."""
    cases = tuple(
        Small(f"{n}x{d}", {"x": f"{n}x{d}", "gamma": f"{d}", "beta": f"{d}",
                           **dict.fromkeys(more, f"{n}x{d}")})
        for n, d in sizes
    )  # fmt: skip
    eps = Small("eps", {"x": "2x3", "gamma": "3", "beta": "3"}, {"eps": 0.25}, "options")
    return cases if more else (*cases, eps)


def batches() -> tuple[Small, ...]:
    """x (T, N, D): one batch or two, then another momentum and eps."""
    sizes = {"2x1": (1, 2, 1), "3x2": (1, 3, 2), "3x2_twice": (2, 3, 2)}
    cases = [
        Small(name, {"x": f"{t}x{n}x{d}", "gamma": f"{d}", "beta": f"{d}"})
        for name, (t, n, d) in sizes.items()
    ]
    x = {"x": "1x3x2", "gamma": "2", "beta": "2"}
    options = {"momentum": 0.5, "eps": 0.25}
    return (*cases, *(Small(name, x, {name: value}, "options") for name, value in options.items()))


def test_batches() -> tuple[Small, ...]:
    """x (N, D) in test mode, with running averages."""
    cases = []
    for n, d in ((1, 1), (1, 2), (2, 3)):
        given = dict.fromkeys(("gamma", "beta", "running_mean"), f"{d}")
        cases.append(Small(f"test_{n}x{d}", {"x": f"{n}x{d}", **given, "running_var": f"{d} +5/2"}))
    return tuple(cases)


def steps(state: Mapping[str, str] | None = None, **config: float) -> tuple[Small, ...]:
    """w (D,) and dw (T, D); one step more from a `state` and a `config` that are given."""
    sizes = {"1": (1, 1), "2": (1, 2), "2_2_steps": (2, 2), "2_3_steps": (3, 2)}
    cases = tuple(Small(name, {"w": f"{d}", "dw": f"{t}x{d}"}) for name, (t, d) in sizes.items())
    given = Small("given", {"w": "2", "dw": "1x2", **(state or {})}, {"config": config}, "options")
    return (*cases, given) if config else cases


def net(nets: Nets, labels: bool = True) -> tuple[Small, ...]:
    """x (N, D), theta for all parameters, and labels y (N,) if there are any."""
    kind = "loss" if labels else "scores"
    return tuple(
        Small(f"{kind}_{_size(dims)}", _data(n, dims, labels), {"dims": list(dims)})
        for n, dims in nets
    )


def regularized(nets: Nets, probe: str) -> tuple[Small, ...]:
    """The same with a penalty, as a loss that `probe` asks for."""
    return tuple(
        Small(f"regularized_{_size(dims)}", _data(n, dims), {"dims": list(dims), "reg": 0.5},
              probe=probe)
        for n, dims in nets
    )  # fmt: skip


def test_mode() -> tuple[Small, ...]:
    """One batch (1, N, D) in training, then one sample in test mode."""
    cases = []
    for dims in ((1, 3, 2), (2, 3, 3, 2)):
        x = {"x": f"1x3x{dims[0]}", "y": "1x3 labels=2", "x_test": f"1x{dims[0]}"}
        inputs = {**x, "theta": _theta(dims)}
        cases.append(Small(f"test_{_size(dims)}", inputs, {"dims": list(dims)}))
    return tuple(cases)


def _data(n: int, dims: Sequence[int], labels: bool = True) -> dict[str, str]:
    y = {"y": f"{n} labels={dims[-1]}"} if labels else {}
    return {"x": f"{n}x{dims[0]}", "theta": _theta(dims), **y}


def _theta(dims: Sequence[int]) -> str:
    """Return the numbers that fill a net, gamma and beta of each hidden layer included."""
    pairs = zip(dims[:-1], dims[1:])
    count = sum((rows + 1) * columns for rows, columns in pairs) + 2 * sum(dims[1:-1])
    return f"{count} *1/2"


def _size(dims: Sequence[int]) -> str:
    return "x".join(map(str, dims))
