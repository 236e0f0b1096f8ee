"""A case as a student calls it: named inputs, and three lines of Python that show what comes out.

    import numpy as np; from cs231n.layers import relu_forward
    out, cache = relu_forward(np.array([[-0.5, 1.5]]))
    print("yours:", out, "expected:", np.array([[0.0, 1.5]]), sep="\\n")

Nothing of the student's is in them but the name of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.guest.operations import OPERATIONS, Operation, operation_of
from grader.guest.probes.models import parameters
from grader.submission.written import Sources
from grader.types import Arrays, Case

DIGITS = (4, 6, 8, 10, 12, 15)


@dataclass(frozen=True)
class Place:
    """Whose code it is: the package, its files, and the year's reading of dropout's p."""

    package: str
    files: Mapping[str, bytes]
    dropout_p: str = "keep"


@dataclass(frozen=True)
class Shown:
    """A case as it is called: `imports` from the package, the `call`, and what to look at."""

    inputs: Arrays
    imports: str
    call: str
    look: str
    settings: str = ""


def of(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """Return how a student calls the case to see `output`, for cases in steps up to `step`."""
    return OTHERWISE.get(case.probe, _function)(case, arrays, output, step, place)


def steps_of(case: Case) -> bool:
    """Say whether the first axis of the answers is the step."""
    return case.probe in ("optim.update", "norms.batchnorm_train")


def text(
    shown: Shown,
    expected: np.ndarray,
    got: np.ndarray | None,
    place: Place,
    whose: str = "yours",
) -> str:
    """Return the three lines; `whose` numbers they show beside what is expected."""
    digits = _digits(expected, got)
    precise = f"np.set_printoptions(precision={digits}); " if digits > DIGITS[2] else ""
    want = literal(expected, digits)
    return "\n".join([
        f"import numpy as np; {precise}from {place.package}.{shown.imports}",
        shown.call,
        f'print("{whose}:", {shown.look}, "expected:", {want}, sep="\\n")',
    ])  # fmt: skip


def _digits(expected: np.ndarray, got: np.ndarray | None) -> int:
    """Return how many digits show the difference wherever there is one."""
    if got is None or got.shape != expected.shape:
        return DIGITS[1]
    size = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    far = np.abs(got - expected) > 1e-12 * size
    pairs = list(zip(np.ravel(expected[far]), np.ravel(got[far]), strict=True))
    enough = (d for d in DIGITS[1:] if all(f"{a:.{d}g}" != f"{b:.{d}g}" for a, b in pairs))
    return next(enough, DIGITS[-1])


def literal(array: Any, digits: int = 17) -> str:
    """Return an array as Python."""
    array = np.asarray(array)
    if array.dtype.kind == "f":
        numbers = [float(f"{value:.{digits}g}") for value in array.ravel()]
        array = np.array(numbers).reshape(array.shape)
    return f"np.array({array.tolist()!r})"


# ------------------------------------------------------------------------------------- functions


def _function(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """A function of layers.py: out, cache = relu_forward(x), and the backward pass behind it."""
    operation = operation_of(case.probe, case.options)
    if not operation.forward:
        called, said = _call(operation, case, arrays, place)
        call = f"{', '.join(operation.returns)} = {called}"
        return Shown(arrays, f"layers import {operation.name}", call, output, said)
    forward = OPERATIONS[operation.forward]
    called, said = _call(forward, case, arrays, place)
    if case.options.get("own_forward", True):
        imports, cache = f"{forward.name}, {operation.name}", f"{called}[1]"
    else:
        x = [literal(arrays[name]) for name in forward.takes]
        imports, cache = operation.name, x[0] if len(x) == 1 else f"({', '.join(x)})"
    dout = literal(arrays["dout"])
    call = f"{', '.join(operation.returns)} = {operation.name}({dout}, {cache})"
    return Shown(arrays, f"layers import {imports}", call, output, said)


def _call(operation: Operation, case: Case, arrays: Arrays, place: Place) -> tuple[str, str]:
    """Return a call of a forward pass, and what its settings are if there are any."""
    given = [literal(arrays[name]) for name in operation.takes]
    settings = {k: v for k, v in case.options.items() if k not in ("keep", "mode", "own_forward")}
    if not operation.settings:
        said = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"{operation.name}({', '.join([*given, said] if said else given)})", said
    if operation.random:
        settings = {"mode": case.options.get("mode", "test"), "p": _p(case, place)}
    elif operation.modes:
        settings = {"mode": "train", **settings}
    said = f"{operation.settings} = {settings!r}" if settings else ""
    return f"{operation.name}({', '.join([*given, repr(settings)])})", said


def _p(case: Case, place: Place) -> float:
    keep = float(case.options["keep"])
    return keep if place.dropout_p == "keep" else 1 - keep


def _batchnorm_train(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """Batches one after the other, with one bn_param."""
    batches = arrays["x"][: step + 1]
    gamma, beta = (literal(arrays[name]) for name in ("gamma", "beta"))
    param = f"bn_param = { ({'mode': 'train', **case.options})!r}"
    calls = [
        f"out, cache = batchnorm_forward({literal(batch)}, {gamma}, {beta}, bn_param)"
        for batch in batches
    ]
    names = ["x"] if len(batches) == 1 else [f"x, batch {n + 1}" for n in range(len(batches))]
    given = {**dict(zip(names, batches)), "gamma": arrays["gamma"], "beta": arrays["beta"]}
    look = "out" if output == "out" else f'bn_param.get("{output}")'
    imports = "layers import batchnorm_forward"
    return Shown(given, imports, "; ".join([param, *calls]), look, param)


def _batchnorm_test(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """One batch in test mode, with running averages that are given."""
    entries = {name: literal(arrays[name]) for name in ("running_mean", "running_var")}
    entries |= {name: repr(value) for name, value in case.options.items()}
    more = "".join(f', "{name}": {value}' for name, value in entries.items())
    param = f'bn_param = {{"mode": "test"{more}}}'
    x, gamma, beta = (literal(arrays[name]) for name in ("x", "gamma", "beta"))
    call = f"{param}; out, cache = batchnorm_forward({x}, {gamma}, {beta}, bn_param)"
    look = "out" if output == "out" else f'bn_param.get("{output}")'
    return Shown(arrays, "layers import batchnorm_forward", call, look, "test mode")


def _update(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """Some steps of an update rule, config handed on."""
    rule = str(case.options["rule"])
    state = {name: array for name, array in arrays.items() if name not in ("w", "dw")}
    values = case.options.get("config", {})
    config = [f'"{name}": {value!r}' for name, value in values.items()]
    config += [f'"{name}": {literal(array)}' for name, array in state.items()]
    handed = f", {{{', '.join(config)}}}" if config else ""
    calls = []
    for n, gradient in enumerate(arrays["dw"][: step + 1]):
        w = "w.copy()" if n else literal(arrays["w"])
        calls.append(f"w, config = {rule}({w}, {literal(gradient)}{', config' if n else handed})")
    names = ["dw"] if step == 0 else [f"dw, step {n + 1}" for n in range(step + 1)]
    given = {"w": arrays["w"], **dict(zip(names, arrays["dw"])), **state}
    look = "w" if output == "next_w" else f'config.get("{output}")'
    said = ", ".join(f"{name} = {value!r}" for name, value in values.items())
    return Shown(given, f"optim import {rule}", "; ".join(calls), look, said)


# ------------------------------------------------------------------------------------------ nets


def _net(case: Case, arrays: Arrays, output: str, step: int, place: Place) -> Shown:
    """A net with given parameters: its scores, its loss or a gradient."""
    options = dict(case.options)
    dims, normalization = list(options["dims"]), options.get("normalization")
    two_layer = case.probe.startswith("nets.two_layer")
    name = "TwoLayerNet" if two_layer else "FullyConnectedNet"
    made = _arguments(case, place, two_layer, _constructor(name, place))
    values = parameters(arrays["theta"], dims, normalization)
    used = {k: v for k, v in values.items() if normalization or k[0] in "Wb" and k[:4] != "beta"}
    params = ", ".join(f'"{key}": {literal(value)}' for key, value in used.items())
    calls = [f"net = {name}({made})", f"net.params.update({{{params}}})"]
    data = {key: array for key, array in arrays.items() if key != "theta"}
    if case.probe.endswith("test_mode"):
        data = {"x": data["x"][0], "y": data["y"][0], "x_test": data["x_test"]}
        calls.append(f"net.loss({literal(data['x'])}, {literal(data['y'])})")
        look = f"net.loss({literal(data['x_test'])})"
    elif output.startswith("scores"):
        look = f"net.loss({literal(data['x'])})"
    else:
        calls.append(f"loss, grads = net.loss({literal(data['x'])}, {literal(data['y'])})")
        look = "loss" if output == "loss" else f'grads.get("{output[1:]}")'
    imports = f"classifiers.fc_net import {name}"
    return Shown({**data, **used}, imports, "; ".join(calls), look, f"{name}({made})")


def _arguments(case: Case, place: Place, two_layer: bool, known: Collection[str] | None) -> str:
    """Return the constructor's arguments, as the year spells them."""
    options, dims = case.options, case.options["dims"]
    given = {"input_dim": dims[0], **({"hidden_dim": dims[1]} if two_layer else {})}
    given["num_classes"] = dims[-1]
    given |= {"reg": options["reg"]} if options.get("reg") else {}
    normalization = options.get("normalization")
    if normalization and known and "use_batchnorm" in known and "normalization" not in known:
        given["use_batchnorm"] = True
    elif normalization:
        given["normalization"] = normalization
    if "keep" in options and (known is None or "dropout_keep_ratio" in known):
        given["dropout_keep_ratio"] = options["keep"]
    elif "keep" in options:
        given["dropout"] = _p(case, place)
    first, last = ([], {}) if two_layer else ([repr(list(dims[1:-1]))], {"dtype": "np.float64"})
    texts = {name: repr(value) for name, value in given.items()} | last
    said = [f"{name}={value}" for name, value in texts.items() if known is None or name in known]
    return ", ".join([*first, *said])


def _constructor(name: str, place: Place) -> tuple[str, ...] | None:
    """Return the arguments of a class's constructor; None where it takes any, or is not found."""
    made = Sources(place.files).function("fc_net", f"{name}.__init__")
    if made is None or made.args.kwarg:
        return None
    return tuple(one.arg for one in (*made.args.args, *made.args.kwonlyargs))


# What is called in another way than one function with arrays and settings.
PLAIN = ("layers", "norms", "dropout")  # modules of probes that call one function
NETS = ("two_layer_scores", "two_layer_loss", "net_scores", "net_loss", "net_test_mode")
OTHERWISE: Mapping[str, Callable[[Case, Arrays, str, int, Place], Shown]] = {
    "norms.batchnorm_train": _batchnorm_train,
    "norms.batchnorm_test": _batchnorm_test,
    "optim.update": _update,
    **{f"nets.{name}": _net for name in NETS},
}
# Every probe that a case can be written out for.
KNOWN = frozenset({*OTHERWISE, *(f"{module}.{name}" for name in OPERATIONS for module in PLAIN)})
