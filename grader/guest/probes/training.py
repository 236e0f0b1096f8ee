"""Stretches of training: from one state over some steps to the next (grader.guest.training_state).

The same lines run on the reference, to see what a right solution makes of a student's state, and on
a student's own code, to see whether the run can be repeated at all.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import Implementation
from grader.guest.training_state import digest, learned, packed, unpacked

PIECE = 32 * 1024  # numbers: what the caches hold of seven arrays


def advance(
    nn: Implementation,
    images: Array,
    mean: Array,
    labels: Array,
    chosen: Array,
    after: Array,
    noise: Array,
    net: str,
    dims: Sequence[int],
    setup: Mapping[str, Any],
    rule: str,
    stretches: Sequence[tuple[int, str, bool]],
    decays: Sequence[int],
    lr_decay: float,
    in_pieces: bool,
    **state: Array,
) -> Outputs:
    """Return the state after the first stretch that comes to another one than it should.

    Besides, `met` are the stretches before it, and `losses` (steps,) those of all steps; if all are
    met there is no state. A stretch is (steps, hash of the state behind it or "", whether that
    hash stands for all of it and not for what was learned). `images` are bytes (N, 3072), `mean`
    their mean training image; `chosen` (steps, batch) are the rows of each minibatch, and `after`
    (stretches, 625) the states of the Solver's generator. After the steps `decays` the learning
    rate is multiplied. `setup` are arguments of the net. `in_pieces` says that the update rule
    moves each number by itself.
    """
    model = _net(nn, net, dims, setup, state["params/W1"].dtype)
    model.params = {name: array.copy() for name, array in _below("params/", state)}
    configs: dict[str, dict[str, Any]] = {name: {} for name in model.params}
    for name, array in _below("config/", state):
        parameter, _, key = name.partition("/")
        number = int(array) if key == "t" else float(array) if array.ndim == 0 else array.copy()
        configs[parameter][key] = number
    for name, array in _below("bn/", state):
        place, _, key = name.partition("/")
        model.bn_params[int(place) - 1][key] = array.copy()
    np.random.set_state(unpacked(noise))
    update, losses, step = nn.update_rule(rule), list[float](), 0
    update = functools.partial(_in_pieces, update) if in_pieces else update
    for met, (steps, wanted, whole) in enumerate(stretches):
        for rows in chosen[step : step + steps]:
            X = (images[rows] - mean).reshape(len(rows), 3, 32, 32)
            loss, grads = model.loss(X, labels[rows])
            losses.append(float(loss))
            for name, w in model.params.items():
                model.params[name], configs[name] = update(w, grads[name], configs[name])
            step += 1
            for config in configs.values() if step in decays else ():
                config["learning_rate"] *= lr_decay
        found = _state(model, configs)
        if (digest({**found, "rng": after[met]}) if whole else learned(found)) != wanted:
            return {**found, "met": np.array(met), "losses": np.array(losses)}
    return {"met": np.array(len(stretches)), "losses": np.array(losses)}


def _in_pieces(update: Any, w: Array, dw: Array, config: dict[str, Any]) -> Any:
    """Apply an update rule piece by piece; `w` and what the rule remembers change in place.

    Each number comes out as if the rule had seen the whole array. But its many passes then are over
    what the caches hold, which takes less than half the time.
    """
    is_same = (w.shape, w.dtype) == (dw.shape, dw.dtype)
    if w.size <= PIECE or not is_same or not w.flags.c_contiguous:
        return update(w, dw, config)
    flat, gradient, before = w.reshape(-1), dw.reshape(-1), dict(config)
    for start in range(0, w.size, PIECE):
        part = slice(start, start + PIECE)
        mine = {n: v.reshape(-1)[part] if np.ndim(v) else v for n, v in before.items()}
        flat[part], after = update(flat[part], gradient[part], mine)
        for name, value in after.items():
            if np.ndim(value):
                if name not in config:
                    config[name] = np.zeros(w.shape, value.dtype)
                config[name].reshape(-1)[part] = value
            else:
                config[name] = value
    return w, config


def _state(model: Any, configs: Mapping[str, Mapping[str, Any]]) -> Outputs:
    """Return the state that a net and its update rule are in, without the Solver's generator."""
    state: Outputs = {f"params/{name}": value for name, value in model.params.items()}
    for name, config in configs.items():
        for key, value in config.items():
            value = np.asarray(value)
            state[f"config/{name}/{key}"] = value if value.ndim else value.astype(np.float64)
    for layer, averages in enumerate(getattr(model, "bn_params", []), start=1):
        for key in ("running_mean", "running_var"):
            if key in averages:
                state[f"bn/{layer}/{key}"] = averages[key]
    return {**state, "noise": packed(np.random)}


def _net(
    nn: Implementation, net: str, dims: Sequence[int], setup: Mapping[str, Any], dtype: Any
) -> Any:
    if net == "TwoLayerNet":
        sizes = dict(zip(("input_dim", "hidden_dim", "num_classes"), dims))
        return nn.two_layer_net(**sizes, reg=setup["reg"])
    inner = {"input_dim": dims[0], "num_classes": dims[-1], "dtype": dtype.type}
    return nn.fully_connected_net(list(dims[1:-1]), **inner, **setup)


def _below(prefix: str, state: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [(n[len(prefix) :], array) for n, array in state.items() if n.startswith(prefix)]
