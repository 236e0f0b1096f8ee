"""Update rules, run over several steps with the config carried along as a Solver would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import BadReturn, Implementation, stack


def update(
    nn: Implementation,
    w: Array,
    dw: Array,
    rule: str,
    watch: list[str],
    config: dict[str, Any] | None = None,
    **state: Array,
) -> Outputs:
    """w of any shape, one gradient for each step in dw (T, *w.shape).

    `config` holds scalars and `state` arrays to start from (velocity, cache, m, v); with neither,
    the rule is called without a config. -> next_w (T, *w.shape) and, for each name in `watch`,
    what the config holds under it after each step.
    """
    carried: Any = {**(config or {}), **state} or None
    weights = []
    watched: dict[str, list[Any]] = {name: [] for name in watch}
    for gradient in dw:
        w, carried = nn.update_rule(rule)(w.copy(), gradient.copy(), carried)
        weights.append(None if w is None else np.array(w))
        if w is None:
            break
        if not isinstance(carried, Mapping):
            what = f"its config is a {type(carried).__name__}"
            raise BadReturn(f"{rule} must return (next_w, config), {what}")
        for name in [name for name in watch if name in carried]:
            value = carried[name]
            watched[name].append(None if value is None else np.array(value))
    outputs = {"next_w": stack(weights, "next_w")}
    if outputs["next_w"] is None:
        return {"next_w": None}
    # What the config does not hold after every step is missing, which is not the same as None.
    whole = {name: values for name, values in watched.items() if len(values) == len(dw)}
    return outputs | {name: stack(values, name) for name, values in whole.items()}
