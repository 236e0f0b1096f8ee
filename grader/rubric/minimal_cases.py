"""The ladder: small public cases of every code item, from 1x1 upwards, in numbers to check by hand.

They decide nothing. Once an item has failed, the first of them that fails is the example that its
report shows. A rung belongs to a probe; an item has those of the probes that its own cases ask, and
takes over from them what is no number: the update rule, the normalization, the part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.types import Case

PREFIX = "small_"
# Options of an item's own cases that a rung takes over.
TAKEN = ("rule", "watch", "normalization")


@dataclass(frozen=True)
class Rung:
    """One small case: its size as a name, inputs, options, and the part it counts for, if only one.

    `probe` is another one than that of the cases it belongs to.
    """

    name: str
    inputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None
    probe: str | None = None


def of(cases: Sequence[Case], parts: Sequence[str]) -> tuple[Case, ...]:
    """Return the ladder of an item with these cases and parts, the smallest rung first."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(case.probe, case)
    found = [
        _case(case, rung, parts)
        for probe, case in first.items()
        for rung in _rungs(probe, case)
        if _fits(rung, case)
    ]
    return tuple(sorted(found, key=_numbers))


def _case(like: Case, rung: Rung, parts: Sequence[str]) -> Case:
    taken = {name: like.options[name] for name in TAKEN if name in like.options}
    keep = {"keep": 0.5} if "keep" in like.options else {}
    whole = rung.probe is not None  # then it is about the same as the cases it stands for
    return replace(
        like,
        id=f"{like.item}/{PREFIX}{rung.name}",
        probe=rung.probe or like.probe,
        inputs={name: f"{text} halves" if "labels" not in text else text
                for name, text in rung.inputs.items()},
        options={**taken, **keep, **rung.options},
        public=True,
        judge="values.close",
        part=rung.part if rung.part in parts else like.part if whole or like.part else None,
        only=like.only if whole else (),
        needs=(),
    )  # fmt: skip


def _fits(rung: Rung, case: Case) -> bool:
    """Say whether a rung makes sense: a normalized net has three units at least to a mean."""
    dims = rung.options.get("dims")
    is_wide = dims is not None and min(dims[1:-1]) > 2
    return dims is None or is_wide == bool(case.options.get("normalization"))


def _numbers(case: Case) -> int:
    """Return how many numbers go into a case."""
    sizes = (text.split()[0].split("x") for text in case.inputs.values())
    return sum(math.prod(map(int, size)) for size in sizes)


def _rungs(probe: str, case: Case) -> Iterator[Rung]:
    if probe == "optim.update":
        yield from _steps(str(case.options.get("rule")))
    yield from LADDERS.get(probe, ())


SIZES = ((1, 1, 1), (1, 2, 1), (2, 1, 2), (2, 3, 2))  # N, D, M


def _affine(backward: bool) -> Iterator[Rung]:
    for n, d, m in SIZES:
        out = {"dout": f"{n}x{m}"} if backward else {}
        yield Rung(f"{n}x{d}", {"x": f"{n}x{d}", "w": f"{d}x{m}", "b": f"{m}", **out})
    out = {"dout": "2x2"} if backward else {}
    yield Rung("2x2x2", {"x": "2x2x2", "w": "4x2", "b": "2", **out})


def _elementwise(*names: str, **options: Any) -> Iterator[Rung]:
    for size in ("1x1", "1x2", "2x1", "2x3", "2x2x2"):
        yield Rung(size, dict.fromkeys(names, size), options)


def _softmax() -> Iterator[Rung]:
    for n, c in ((1, 2), (1, 3), (2, 2), (2, 3)):
        yield Rung(f"{n}x{c}", {"x": f"{n}x{c}", "y": f"{n} labels={c}"})


def _norm(sizes: Sequence[tuple[int, int]], backward: bool) -> Iterator[Rung]:
    for n, d in sizes:
        out = {"dout": f"{n}x{d}"} if backward else {}
        yield Rung(f"{n}x{d}", {"x": f"{n}x{d}", "gamma": f"{d}", "beta": f"{d}", **out})
    if not backward:
        eps = {"x": "2x3", "gamma": "3", "beta": "3"}
        yield Rung("eps", eps, {"eps": 0.25}, "options")


def _batchnorm_train() -> Iterator[Rung]:
    for t, n, d in ((1, 2, 1), (1, 3, 2), (2, 3, 2)):
        name = f"{n}x{d}" if t == 1 else f"{n}x{d}_twice"
        yield Rung(name, {"x": f"{t}x{n}x{d}", "gamma": f"{d}", "beta": f"{d}"})
    for option, value in (("momentum", 0.5), ("eps", 0.25)):
        x = {"x": "1x3x2", "gamma": "2", "beta": "2"}
        yield Rung(option, x, {option: value}, "options")


def _batchnorm_test() -> Iterator[Rung]:
    for n, d in ((1, 1), (1, 2), (2, 3)):
        names = ("gamma", "beta", "running_mean")
        inputs = {"x": f"{n}x{d}", **dict.fromkeys(names, f"{d}"), "running_var": f"{d} +5/2"}
        yield Rung(f"test_{n}x{d}", inputs)


GIVEN: Mapping[str, tuple[Mapping[str, str], Mapping[str, float]]] = {
    "sgd_momentum": ({"velocity": "2"}, {"learning_rate": 0.5, "momentum": 0.5}),
    "rmsprop": (
        {"cache": "2 +5/2"}, {"learning_rate": 0.5, "decay_rate": 0.5, "epsilon": 0.5},
    ),
    "adam": (
        {"m": "2", "v": "2 +5/2"},
        {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.5, "t": 2},
    ),
}  # fmt: skip


def _steps(rule: str) -> Iterator[Rung]:
    for steps, size in ((1, 1), (1, 2), (2, 2), (3, 2)):
        name = f"{size}" if steps == 1 else f"{size}_{steps}_steps"
        yield Rung(name, {"w": f"{size}", "dw": f"{steps}x{size}"})
    if rule in GIVEN:
        state, config = GIVEN[rule]
        yield Rung("given", {"w": "2", "dw": "1x2", **state}, {"config": config}, "options")


NETS: Mapping[str, Sequence[tuple[int, tuple[int, ...]]]] = {  # N and dims, from small to large
    "two_layer": ((1, (1, 1, 2)), (1, (2, 2, 2)), (2, (2, 3, 2))),
    "net": (
        (1, (1, 1, 1, 2)),
        (1, (2, 1, 2)),
        (2, (2, 2, 2, 2)),
        (3, (1, 3, 2)),
        (3, (2, 3, 3, 2)),
    ),
}


def _net(net: str, labels: bool, name: str = "", **more: Any) -> Iterator[Rung]:
    probe = f"nets.{net}_loss" if more else None
    for n, dims in NETS[net]:
        size = "x".join(map(str, dims))
        inputs = {"x": f"{n}x{dims[0]}", "theta": f"{_parameters(dims)} *1/2"}
        y = {"y": f"{n} labels={dims[-1]}"} if labels else {}
        kind = name or ("loss" if labels else "scores")
        options = {"dims": list(dims), **more}
        yield Rung(f"{kind}_{size}", {**inputs, **y}, options, probe=probe)


def _test_mode() -> Iterator[Rung]:
    for dims in ((1, 3, 2), (2, 3, 3, 2)):
        size, d = "x".join(map(str, dims)), dims[0]
        x = {"x": f"1x3x{d}", "y": "1x3 labels=2", "x_test": f"1x{d}"}
        theta = {"theta": f"{_parameters(dims)} *1/2"}
        yield Rung(f"test_{size}", {**x, **theta}, {"dims": list(dims)})


def _parameters(dims: Sequence[int]) -> int:
    """Return how many numbers fill a net, gamma and beta of each hidden layer included."""
    pairs = zip(dims[:-1], dims[1:], strict=True)
    return sum((rows + 1) * columns for rows, columns in pairs) + 2 * sum(dims[1:-1])


# Three numbers at least to a mean: of two, all that is left is a sign, and its gradient is 0.
BATCHES, ROWS = ((3, 1), (3, 2), (4, 3)), ((1, 3), (2, 3), (3, 4))
LADDERS: Mapping[str, Sequence[Rung]] = {
    "layers.affine_forward": tuple(_affine(backward=False)),
    "layers.affine_backward": tuple(_affine(backward=True)),
    "layers.relu_forward": tuple(_elementwise("x")),
    "layers.relu_backward": tuple(_elementwise("x", "dout")),
    "layers.softmax_loss": tuple(_softmax()),
    "norms.batchnorm_train": tuple(_batchnorm_train()),
    "norms.batchnorm_test": tuple(_batchnorm_test()),
    "norms.batchnorm_backward": tuple(_norm(BATCHES, backward=True)),
    "norms.batchnorm_backward_alt": tuple(_norm(BATCHES, backward=True)),
    "norms.layernorm_forward": tuple(_norm(ROWS, backward=False)),
    "norms.layernorm_backward": tuple(_norm(ROWS, backward=True)),
    "dropout.dropout_test": tuple(_elementwise("x")),
    "nets.two_layer_scores": tuple(_net("two_layer", labels=False)),
    "nets.two_layer_loss": tuple(_net("two_layer", labels=True)),
    "nets.two_layer_regularization": tuple(_net("two_layer", True, "regularized", reg=0.5)),
    "nets.net_scores": tuple(_net("net", labels=False)),
    "nets.net_loss": tuple(_net("net", labels=True)),
    "nets.net_regularization": tuple(_net("net", True, "regularized", reg=0.5)),
    "nets.net_test_mode": tuple(_test_mode()),
}
