"""Dropout, seen only through what goes in and comes out: the mask is out / x."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import Implementation, ask_whether_written, cache_of, stack


def dropout_train(nn: Implementation, x: Array, keep: float) -> Outputs:
    """x of any shape without zeros, training mode, no seed -> out like x, and a second draw."""
    param = {"mode": "train", "p": nn.conventions.p(keep)}
    first, _ = nn.dropout_forward(x.copy(), dict(param))
    second, _ = nn.dropout_forward(x.copy(), dict(param))
    return {"out": first, "out_again": second}


def dropout_test(nn: Implementation, x: Array, keep: float) -> Outputs:
    """x of any shape, test mode -> out like x."""
    out, _ = nn.dropout_forward(x, {"mode": "test", "p": nn.conventions.p(keep)})
    return {"out": out}


def dropout_seeded(nn: Implementation, x: Array, keep: float, seeds: list[int]) -> Outputs:
    """One training pass for each seed -> outs (len(seeds), *x.shape)."""
    param = {"mode": "train", "p": nn.conventions.p(keep)}
    outs = [nn.dropout_forward(x.copy(), {**param, "seed": seed})[0] for seed in seeds]
    return {"outs": stack(outs, "out")}


def dropout_backward(
    nn: Implementation, x: Array, dout: Array, keep: float, mode: str, own_forward: bool = True
) -> Outputs:
    """Forward, then backward with that cache -> out and dx, both like x.

    In training, if the own forward pass shows no mask (every unit is kept, or none is) or is not
    to be asked, also dx_of_scaled and dx_of_plain: backward with the cache that the
    docstring promises, (dropout_param, mask), for a mask of our own, scaled by 1/keep or not. What
    stops with it is left out: a cache of the student's own form is no mistake. Test mode is handed
    out by the course: it counts once training mode is written.
    """
    param = {"mode": mode, "p": nn.conventions.p(keep)}
    promised = (param | {"mode": "train"}, np.ones_like(x))
    ask_whether_written(nn.dropout_backward, dout.copy(), promised)
    given = dout.copy()
    outputs: Outputs = {}
    if own_forward:
        outputs = _own(nn, x, dout, param)
    elif mode == "test":
        return {"dx": nn.dropout_backward(given, (param, None))}
    if mode == "train" and not (own_forward and _shows_mask(outputs["out"])):
        kept = x > 0  # which the judge can make of x, too
        for name, mask in (("dx_of_scaled", kept / keep), ("dx_of_plain", kept)):
            try:
                outputs[name] = nn.dropout_backward(given.copy(), (dict(param), mask))
            except Exception:  # noqa: BLE001 - see above
                continue
    return outputs


def _own(nn: Implementation, x: Array, dout: Array, param: dict[str, Any]) -> Outputs:
    seen: list[Any] = []

    def forward() -> tuple[Any, Any]:
        seen[:] = nn.dropout_forward(x.copy(), param)
        return seen[0], seen[1]

    cache = cache_of(forward, (), nn.dropout_backward, dout)
    out = seen[0].copy() if isinstance(seen[0], np.ndarray) else seen[0]  # backward may change it
    return {"out": out, "dx": nn.dropout_backward(dout, cache)}


def _shows_mask(out: Any) -> bool:
    """Say whether an output drops some units and keeps others."""
    dropped = np.equal(out, 0) if isinstance(out, np.ndarray) else np.zeros(1, dtype=bool)
    return bool(dropped.any() and not dropped.all())
