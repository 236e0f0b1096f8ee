"""A stretch of training: from one state over some steps to the next (grader.guest.training_state).

The same lines run on the reference, to see what a right solution makes of a student's state, and on
a student's own code, to see whether the run can be repeated at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import Implementation
from grader.guest.training_state import packed, unpacked


def advance(
    nn: Implementation,
    images: Array,
    mean: Array,
    labels: Array,
    chosen: Array,
    noise: Array,
    net: str,
    dims: Sequence[int],
    setup: Mapping[str, Any],
    rule: str,
    decays: Sequence[int] = (),
    lr_decay: float = 1.0,
    **state: Array,
) -> Outputs:
    """Return the state after len(chosen) steps, and `losses` (steps,).

    `images` are bytes (N, 3072) and `mean` their mean training image; `chosen` (steps, batch) are
    the rows of each minibatch. After the steps `decays` the learning rate is multiplied. `setup`
    are arguments of the net.
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
    update, losses = nn.update_rule(rule), []
    for step, rows in enumerate(chosen, start=1):
        batch = (images[rows].astype(np.float64) - mean).reshape(len(rows), 3, 32, 32)
        loss, grads = model.loss(batch, labels[rows])
        losses.append(float(loss))
        for name, w in model.params.items():
            model.params[name], configs[name] = update(w, grads[name], configs[name])
        for config in configs.values() if step in decays else ():
            config["learning_rate"] *= lr_decay
    after: Outputs = {f"params/{name}": value for name, value in model.params.items()}
    for name, config in configs.items():
        for key, value in config.items():
            value = np.asarray(value)
            after[f"config/{name}/{key}"] = value if value.ndim else value.astype(np.float64)
    for layer, averages in enumerate(getattr(model, "bn_params", []), start=1):
        for key in ("running_mean", "running_var"):
            if key in averages:
                after[f"bn/{layer}/{key}"] = averages[key]
    return {**after, "noise": packed(np.random), "losses": np.array(losses)}


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
