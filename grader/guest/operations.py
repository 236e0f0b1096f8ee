"""The functions of the assignment: all that is known of one stands in its row.

A row says what the docstring of the function says: what it takes and returns, which file holds it,
which forward pass it belongs to. Probes, the smallest cases, the lines that reproduce a mistake,
the second derivation of a gradient and following through read it here, and nowhere else. To add an
operation, write a probe in grader/guest/probes, a row here, and an item in a rubric.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.guest import small
from grader.guest.small import Small

# The files that are loaded for a function of one of them.
REACHED = {
    "layers": ("layers",),
    "layer_utils": ("layers", "layer_utils"),
    "optim": ("optim",),
    "fc_net": ("layers", "layer_utils", "fc_net"),
}
NAMED = ("rule", "backward", "forward", "net")  # options of probes that name the operation


@dataclass(frozen=True)
class Operation:
    """One function of the assignment, or one class of a net.

    `takes` are its arrays in order, and `settings` is the dictionary that comes last ("bn_param"),
    with a "mode" in it if there are `modes`. `forward` is the forward pass of a backward pass; if
    its cache is `promised`, the docstring says what is in it, so a cache made by us must do. A
    normalization takes its means over `axis`; `random` says that two calls differ. `defaults` are
    the settings of an update rule. `probes` are the functions of grader.guest.probes that ask for
    it, as patterns; its own name is one. `minimal` holds the small cases of each probe, the
    smallest first.
    """

    name: str
    takes: tuple[str, ...] = ()
    returns: tuple[str, ...] = ("out", "cache")
    module: str = "layers"
    settings: str = ""
    modes: bool = False
    forward: str = ""
    promised: bool = False
    axis: int | None = None
    random: bool = False
    defaults: Mapping[str, float] = field(default_factory=dict)
    probes: tuple[str, ...] = ()
    minimal: Mapping[str, Sequence[Small]] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[str, ...]:
        """The graded files that must be loaded to call it."""
        return REACHED[self.module]

    @property
    def gradients(self) -> dict[str, str]:
        """Each gradient that it returns, and the array that it belongs to: dx, x."""
        return {name: name[1:] for name in self.returns if name.startswith("d")}


AFFINE, NORM = ("x", "w", "b"), ("x", "gamma", "beta")
OF_AFFINE, OF_NORM = ("dx", "dw", "db"), ("dx", "dgamma", "dbeta")
# Three numbers at least to a mean: of two, all that is left is a sign, and its gradient is 0.
BATCHES, SAMPLES = ((3, 1), (3, 2), (4, 3)), ((1, 3), (2, 3), (3, 4))
AVERAGE = {"cache": "2 +5/2"}
MOMENTS = {"m": "2", "v": "2 +5/2"}
ROWS = (
    Operation("affine_forward", AFFINE, minimal={"affine_forward": small.affine()}),
    Operation(
        "affine_backward", returns=OF_AFFINE, forward="affine_forward", promised=True,
        minimal={"affine_backward": small.affine("dout")},
    ),
    Operation("relu_forward", ("x",), minimal={"relu_forward": small.elementwise("x")}),
    Operation(
        "relu_backward", returns=("dx",), forward="relu_forward", promised=True,
        minimal={"relu_backward": small.elementwise("x", "dout")},
    ),
    Operation(
        "softmax_loss", ("x", "y"), ("loss", "dx"), minimal={"softmax_loss": small.labelled()}
    ),
    Operation("svm_loss", ("x", "y"), ("loss", "dx")),
    Operation(
        "batchnorm_forward", NORM, settings="bn_param", modes=True, axis=0,
        probes=("batchnorm_train", "batchnorm_test"),
        minimal={"batchnorm_train": small.batches(), "batchnorm_test": small.test_batches()},
    ),
    Operation(
        "batchnorm_backward", returns=OF_NORM, forward="batchnorm_forward", axis=0,
        minimal={"batchnorm_backward": small.norm(BATCHES, "dout")},
    ),
    Operation(
        "batchnorm_backward_alt", returns=OF_NORM, forward="batchnorm_forward", axis=0,
        minimal={"batchnorm_backward_alt": small.norm(BATCHES, "dout")},
    ),
    Operation(
        "layernorm_forward", NORM, settings="ln_param", axis=1,
        minimal={"layernorm_forward": small.norm(SAMPLES)},
    ),
    Operation(
        "layernorm_backward", returns=OF_NORM, forward="layernorm_forward", axis=1,
        minimal={"layernorm_backward": small.norm(SAMPLES, "dout")},
    ),
    Operation(
        "dropout_forward", ("x",), settings="dropout_param", modes=True, random=True,
        probes=("dropout_train", "dropout_test", "dropout_seeded"),
        minimal={"dropout_test": small.elementwise("x")},
    ),
    Operation(
        "dropout_backward", returns=("dx",), forward="dropout_forward", promised=True, random=True
    ),
    Operation("affine_relu_forward", AFFINE, module="layer_utils"),
    Operation("affine_relu_backward", returns=OF_AFFINE, module="layer_utils"),
    Operation(
        "sgd", ("w", "dw"), ("next_w", "config"), "optim", "config",
        minimal={"update": small.steps()},
    ),
    Operation(
        "sgd_momentum", ("w", "dw"), ("next_w", "config"), "optim", "config",
        defaults={"learning_rate": 1e-2, "momentum": 0.9},
        minimal={"update": small.steps({"velocity": "2"}, learning_rate=0.5, momentum=0.5)},
    ),
    Operation(
        "rmsprop", ("w", "dw"), ("next_w", "config"), "optim", "config",
        defaults={"learning_rate": 1e-2, "decay_rate": 0.99},
        minimal={
            "update": small.steps(AVERAGE, learning_rate=0.5, decay_rate=0.5, epsilon=0.5)
        },
    ),
    Operation(
        "adam", ("w", "dw"), ("next_w", "config"), "optim", "config",
        defaults={"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999},
        minimal={
            "update": small.steps(
                MOMENTS, learning_rate=0.5, beta1=0.5, beta2=0.75, epsilon=0.5, t=2
            )
        },
    ),
    Operation(
        "TwoLayerNet", returns=(), module="fc_net", probes=("two_layer_*",),
        minimal={
            "two_layer_scores": small.net(small.TWO_LAYER, labels=False),
            "two_layer_loss": small.net(small.TWO_LAYER),
            "two_layer_regularization": small.regularized(small.TWO_LAYER, "nets.two_layer_loss"),
        },
    ),
    Operation(
        "FullyConnectedNet", returns=(), module="fc_net", probes=("net_*",),
        minimal={
            "net_scores": small.net(small.DEEP, labels=False),
            "net_loss": small.net(small.DEEP),
            "net_regularization": small.regularized(small.DEEP, "nets.net_loss"),
            "net_test_mode": small.test_mode(),
        },
    ),
)  # fmt: skip
OPERATIONS: Mapping[str, Operation] = {row.name: row for row in ROWS}
NETS = tuple(row.name for row in ROWS if row.module == "fc_net")
FUNCTIONS = tuple(row.name for row in ROWS if row.module != "fc_net")


def operation_of(probe: str, options: Mapping[str, Any]) -> Operation:
    """Return the operation that a case asks for by its probe, "layers.affine_forward", and options.

    Raises KeyError if no row names the probe.
    """
    for option in NAMED:
        if options.get(option) in OPERATIONS:
            return OPERATIONS[options[option]]
    return _operation_by(probe)


@functools.cache
def _operation_by(probe: str) -> Operation:
    function = probe.partition(".")[2]
    for row in ROWS:
        if any(fnmatch.fnmatchcase(function, pattern) for pattern in (row.name, *row.probes)):
            return row
    raise KeyError(probe)


def forward_of(name: str, promised: bool | None = None) -> str:
    """Return the forward pass of a backward pass; else "".

    With `promised` only if its cache is, or is not.
    """
    row = OPERATIONS.get(name)
    return row.forward if row is not None and promised in (None, row.promised) else ""


def returned(name: str, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what a function of the assignment returns, by name; `otherwise` if it has no row."""
    return OPERATIONS[name].returns or otherwise if name in OPERATIONS else otherwise
