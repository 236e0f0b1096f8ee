"""What is said about a finding: of a public case all that helps, of a hidden one no number of it.

Judges name a reason and hand over data. This is the one module that makes sentences of them, so it
is the one place that keeps what a hidden case holds: a sentence about one is made of SHOWN alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.types import FaultKind

if TYPE_CHECKING:
    from grader.judges import Finding, Look


class Reason(NamedTuple):
    """The kind of a fault and its sentence; `hidden` is that for hidden cases, if it differs."""

    kind: FaultKind
    public: str
    hidden: str = ""


OFF = "off by up to {error:.2g} of its largest value, allowed is {limit}"
UNIT_SCALE = "kept units are multiplied by {factor:.4g}, which does not keep the mean"
ANY_SCALE = "kept units are multiplied by a number that does not keep the mean"
SHARE = "{share:.3f} of the units are kept, it should be {keep:g} (within {allowed:.3f})"
TURNED = ": p is read the other way round"
STD = "params['{subject}'] has standard deviation {std:.3g}, weight_scale asks for {scale:g}"
ANY_STD = "params['{subject}'] has another standard deviation than weight_scale asks for"
LAYER_SHARE = "the net keeps {kept:.2f} of its hidden units, your dropout layer keeps {layers:.2f}"
ANY_LAYER_SHARE = "the net keeps another share of its hidden units than your dropout layer does"
PARAMETER_SHAPE = "params['{subject}'] has shape {got}, expected {want}"

REASONS: Mapping[str, Reason] = {
    # any output
    "missing": Reason("missing", "{subject} is missing{place}"),
    "none": Reason("not_written", "{subject} is still None"),
    "no array": Reason("dtype", "{subject} is {refused}; an array of float64 is expected",
                       "{subject} is no array of float64"),
    "shape": Reason("shape", "{subject} has shape {got}, expected {want}",
                    "{subject} has the wrong shape"),
    "wrong shape": Reason("shape", "{subject} has the wrong shape"),
    "unit axis": Reason("shape", "{subject} has right values in shape {got}, expected {want}",
                        "{subject} has right values, with an extra axis of length 1"),
    "nan": Reason("not_finite",
                  "{subject} has nan in {bad} of {size} cells, the first at {at}",
                  "{subject} has nan in it"),
    "inf": Reason("not_finite",
                  "{subject} has inf in {bad} of {size} cells, the first at {at}",
                  "{subject} has inf in it"),
    "not finite": Reason("not_finite", "{subject} has nan or inf in it"),
    "cells": Reason("value", "{what} has wrong values: {bad} of {size} cells differ, " + OFF,
                    "{what} is wrong: " + OFF),
    "number": Reason(
        "value", "{what} is wrong: off by {error:.2g} of its value, allowed is {limit}"),
    "float32": Reason("dtype", "{subject} is in single precision: float32 where float64 came in"),
    "float32 rounding": Reason(
        "dtype", "{subject} is right to single precision: float32 where float64 came in"),
    "float32 inside": Reason(
        "dtype", "{subject} is right to single precision: it is computed from float32 arrays"),
    "incomplete grads": Reason(
        "missing", "grads is not complete: the Solver needs a gradient for every key of params"),
    # dropout
    "all dropped": Reason("value", "every unit was dropped"),
    "none dropped": Reason("value", "no unit was dropped"),
    "many factors": Reason(
        "value", "units are multiplied by many different numbers, not by 0 or one factor"),
    "rows alike": Reason(
        "value", "every row of the batch got the same mask: draw one number for each unit"),
    "units alike": Reason(
        "value", "every unit of an example got the same mask: draw one number for each unit"),
    "share": Reason("value", SHARE, "the share of units that are kept is wrong"),
    "share turned": Reason("value", SHARE + TURNED,
                           "the share of units that are kept is wrong" + TURNED),
    "no scale": Reason("value", "no unit is left to see the scale of"),
    "float32 scale": Reason(
        "dtype", "kept units are scaled right to single precision: the mask is float32"),
    "not scaled": Reason("value", "kept units are not scaled: divide by the share that is kept"),
    "scale": Reason("value", UNIT_SCALE, ANY_SCALE),
    "same draws": Reason("value", "two calls without a seed drop the same units"),
    "seed ignored": Reason("value", "the same seed in dropout_param gives different masks"),
    "other mask": Reason("value", "dx is not dout times the mask of the forward pass"),
    "other mask, no scale": Reason(
        "value", "dx is not dout times the mask of the forward pass: the scale of the forward "
        "pass is missing"),
    "test mode": Reason("value", "dx is not dout in test mode"),
    "no mask": Reason(
        "missing", "the forward pass keeps or drops all units: there is no mask to hand back"),
    # nets
    "no parameter": Reason("missing", "params has no '{subject}'; it has {names}"),
    "parameter shape": Reason("shape", PARAMETER_SHAPE, "params['{subject}'] has the wrong shape"),
    "parameter unit axis": Reason("shape", PARAMETER_SHAPE,
                                  "params['{subject}'] has an extra axis of length 1"),
    "standard deviation": Reason("value", STD, ANY_STD),
    "mean": Reason("value", "params['{subject}'] has mean {mean:.3g}, it should be drawn around 0",
                   "params['{subject}'] is not drawn around 0"),
    "not normal": Reason("value", "params['{subject}'] is not drawn from a normal distribution"),
    "not zeros": Reason("value", "params['{subject}'] should start as zeros"),
    "not ones": Reason("value", "params['{subject}'] should start as ones"),
    "no dropout": Reason(
        "value", "no unit is ever dropped behind hidden layer {layer} in training"),
    "no dropout beside normalization": Reason(
        "value",
        "equal batches give equal losses: no unit is dropped when a normalization is on"),
    "share of the net": Reason("value", LAYER_SHARE, ANY_LAYER_SHARE),
    "pixels dropped": Reason(
        "value", "input pixels are dropped; dropout belongs behind the hidden layers only"),
    "scores dropped": Reason(
        "value", "the output scores are changed by dropout; it belongs behind the hidden layers "
        "only"),
    "penalty": Reason(
        "value",
        "the penalty in the loss grows with gamma and beta; only the weights are penalized"),
    "seed of the net": Reason(
        "value", "two equal calls with the same seed give different losses"),
    "constant loss": Reason("value", "the loss does not change when the parameters do"),
    "gradients of the net": Reason(
        "value", "the gradients are not those of the net's own loss: they are {error:.2g} of "
        "their size off"),
    # a backward pass against its own forward pass: nobody reads these
    "not normalized": Reason("missing", "the forward pass does not normalize"),
    "other gradient": Reason("value", "{subject} is not the gradient of the forward pass"),
}  # fmt: skip

# What a sentence about a hidden case may be made of: names of the assignment, how wrong it is.
SHOWN = ("subject", "what", "place", "names", "error", "limit", "layer")
NAME = re.compile(r"[A-Za-z_]{1,12}\d?")  # of a parameter; longer ones could hold a hidden number


def public(found: Finding, look: Look) -> str:
    """Return the sentence about a finding of a public case."""
    return REASONS[found.reason].public.format_map(_facts(found, look, sorted(look.arrays)))


def hidden(found: Finding, look: Look) -> str:
    """Return the sentence about a finding of a hidden case: none of its inputs, sizes, values."""
    reason = REASONS[found.reason]
    facts = _facts(found, look, [name for name in sorted(look.arrays) if NAME.fullmatch(name)])
    shown = {name: facts[name] for name in SHOWN if name in facts}
    return (reason.hidden or reason.public).format_map(shown)


def _facts(found: Finding, look: Look, names: list[str]) -> dict[str, Any]:
    """Return all that a sentence may name; `names` are arrays that the student's code gave."""
    subject, probe = found.subject or found.output, look.case.probe
    # Where two runs are subtracted, the output is not what the student's code returns.
    added = "what reg adds to " if probe.endswith("_regularization") else ""
    return {
        **found.facts,
        "subject": subject,
        "what": f"{added}{subject}",
        "place": _place(subject, probe),
        "refused": look.refused.get(subject),
        "names": ", ".join(names[:12]) or "nothing that is an array",
        "error": found.error,
        "allowed": found.allowed,
        "limit": f"{found.allowed:.0e}".replace("e-0", "e-") if found.allowed else "0",
        "at": found.at,
    }


def _place(name: str, probe: str) -> str:
    """Return where a net or an update rule should have put an output, to say that it did not."""
    if probe.startswith("nets.") and name.startswith("d"):
        return f": grads has no '{name[1:]}'"
    if probe.startswith("optim.") and name != "next_w":
        return f": config has no '{name}' after the step"
    return ""
