"""Dropout, seen only through what goes in and comes out: the mask is out / x."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.probes.nn import Implementation, NotWritten, cache_of, stack

Outputs = dict[str, Any]


def dropout_train(nn: Implementation, x: np.ndarray, keep: float) -> Outputs:
    """x of any shape without zeros, training mode, no seed -> out like x, and a second draw."""
    param = {"mode": "train", "p": nn.conventions.p(keep)}
    first, _ = nn.dropout_forward(x.copy(), dict(param))
    second, _ = nn.dropout_forward(x.copy(), dict(param))
    return {"out": first, "out_again": second}


def dropout_test(nn: Implementation, x: np.ndarray, keep: float) -> Outputs:
    """x of any shape, test mode -> out like x."""
    out, _ = nn.dropout_forward(x, {"mode": "test", "p": nn.conventions.p(keep)})
    return {"out": out}


def dropout_seeded(nn: Implementation, x: np.ndarray, keep: float, seeds: list[int]) -> Outputs:
    """One training pass for each seed -> outs (len(seeds), *x.shape)."""
    outs = []
    for seed in seeds:
        param = {"mode": "train", "p": nn.conventions.p(keep), "seed": seed}
        outs.append(nn.dropout_forward(x.copy(), param)[0])
    return {"outs": stack(outs, "out")}


def dropout_backward(
    nn: Implementation, x: np.ndarray, dout: np.ndarray, keep: float, mode: str
) -> Outputs:
    """Forward, then backward with that cache -> out and dx, both like x.

    Test mode is handed out by the course: it counts once training mode is written.
    """
    param = {"mode": mode, "p": nn.conventions.p(keep)}
    _ask_whether_written(nn, dout, (param | {"mode": "train"}, np.ones_like(x)))
    seen: list[Any] = []

    def forward() -> tuple[Any, Any]:
        seen[:] = nn.dropout_forward(x.copy(), param)
        return seen[0], seen[1]

    cache = cache_of(forward, (), nn.dropout_backward, dout)
    return {"out": seen[0], "dx": nn.dropout_backward(dout, cache)}


def _ask_whether_written(nn: Implementation, dout: np.ndarray, cache: Any) -> None:
    """Raise NotWritten if backward is a stub, with the cache that forward's docstring promises."""
    try:
        nn.dropout_backward(dout.copy(), cache)
    except (NotWritten, NotImplementedError):
        raise
    except Exception:  # noqa: BLE001 - it is written, and has a cache of its own
        return
