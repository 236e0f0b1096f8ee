"""Word findings: of a public case all that helps is shown, of a hidden one no number of it.

Judges name a reason and hand over data. This is the one module that makes sentences of them, so it
is the one place that keeps what a hidden case holds: a sentence about one is made of SHOWN alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from grader.types import FaultKind

if TYPE_CHECKING:
    from grader.judges import Attempt, Finding


class Reason(NamedTuple):
    """The kind of a fault and its sentences: for public cases, and for hidden ones."""

    kind: FaultKind
    public: str
    hidden: str


MANY = 10_000  # times
OFF = "off by up to {much} of its largest value{rounding}"
PLAIN = 0.01  # an error from which on nobody takes it for rounding
SHARE = "{share:.3f} of the units are kept, it should be {keep:g} (within {allowed:.3f})"
TURNED = ": p is read the other way round"
OTHER_MASK = "dx is not dout times the mask of the forward pass"
MASKED_LOSS = "the loss is not that of the net without the units that it dropped: "
MASKED_GRADIENTS = "the gradients are not those of the net without the units that it dropped: "
OWN_GRADIENTS = "the gradients are not those of the net's own loss: "
SINGLE = "{subject} is right to single precision: "

# Reason by kind: one sentence for both, or those for (public, hidden) cases.
SENTENCES: Mapping[FaultKind, Mapping[str, str | tuple[str, str]]] = {
    "missing": {
        "missing": "{subject} is missing{place}",
        "incomplete grads":
            "grads is not complete: the Solver needs a gradient for every key of params",
        "no mask": "the forward pass keeps or drops all units: there is no mask to hand back",
        "no parameter": ("params has no '{subject}'; it has {names}", "params has no '{subject}'"),
        "not normalized": "the forward pass does not normalize",  # nobody reads this one
    },
    "not_written": {"none": "{subject} is still None"},
    "shape": {
        "shape": ("{subject} has shape {got}, expected {want}", "{subject} has the wrong shape"),
        "wrong shape": "{subject} has the wrong shape",
        "unit axis": ("{subject} has right values in shape {got}, expected {want}",
                      "{subject} has right values, with an extra axis of length 1"),
        "parameter shape": ("params['{subject}'] has shape {got}, expected {want}",
                            "params['{subject}'] has the wrong shape"),
        "parameter unit axis": ("params['{subject}'] has shape {got}, expected {want}",
                                "params['{subject}'] has an extra axis of length 1"),
    },
    "not_finite": {
        "nan": ("{subject} has nan in {bad} of {size} cells, the first at {at}",
                "{subject} has nan in it"),
        "inf": ("{subject} has inf in {bad} of {size} cells, the first at {at}",
                "{subject} has inf in it"),
        "not finite": "{subject} has nan or inf in it",
    },
    "dtype": {
        "no array": ("{subject} is {refused}; an array of float64 is expected",
                     "{subject} is no array of float64"),
        "float32": "{subject} is in single precision: float32 where float64 came in",
        "float32 rounding": SINGLE + "float32 where float64 came in",
        "float32 inside": SINGLE + "it is computed from float32 arrays",
        "float32 scale": "kept units are scaled right to single precision: the mask is float32",
    },
    "value": {
        "cells": ("{what} has wrong values: {bad} of {size} cells differ, " + OFF,
                  "{what} is wrong: " + OFF),
        "number": ("{what} is wrong: off by {much} of its value{rounding}",
                   "{what} is wrong: off by up to {much} of its value{rounding}"),
        # dropout
        "all dropped": "every unit was dropped",
        "none dropped": "no unit was dropped",
        "many factors": "units are multiplied by many different numbers, not by 0 or one factor",
        "rows alike": "every row of the batch got the same mask: draw one number for each unit",
        "units alike":
            "every unit of an example got the same mask: draw one number for each unit",
        "share": (SHARE, "the share of units that are kept is wrong"),
        "share turned": (SHARE + TURNED, "the share of units that are kept is wrong" + TURNED),
        "no scale": "no unit is left to see the scale of",
        "not scaled": "kept units are not scaled: divide by the share that is kept",
        "scale": ("kept units are multiplied by {factor:.4g}, which does not keep the mean",
                  "kept units are multiplied by a number that does not keep the mean"),
        "same draws": "two calls without a seed drop the same units",
        "seed ignored": "the same seed in dropout_param gives different masks",
        "one seed": "every seed in dropout_param gives the same mask",
        "other mask": OTHER_MASK,
        "other mask, no scale": OTHER_MASK + ": the scale of the forward pass is missing",
        "test mode": "dx is not dout in test mode",
        # nets
        "standard deviation": (
            "params['{subject}'] has standard deviation {std:.3g}, weight_scale asks for {scale:g}",
            "params['{subject}'] has another standard deviation than weight_scale asks for"),
        "mean": ("params['{subject}'] has mean {mean:.3g}, it should be drawn around 0",
                 "params['{subject}'] is not drawn around 0"),
        "not normal": "params['{subject}'] is not drawn from a normal distribution",
        "same weights": "two new nets start with the same numbers in params['{subject}']",
        "not zeros": "params['{subject}'] should start as zeros",
        "not ones": "params['{subject}'] should start as ones",
        "no dropout": "no unit is ever dropped behind hidden layer {layer} in training",
        "no gradient": "the gradients of the hidden weights are zero: they do not show which units "
                       "were dropped",
        "no dropout beside normalization":
            "equal batches give equal losses: no unit is dropped, or always the same ones, when a "
            "normalization is on",
        "share of the net": (
            "the net keeps {kept:.2f} of its hidden units, your dropout layer keeps {layers:.2f}",
            "the net keeps another share of its hidden units than your dropout layer does"),
        "share of the net turned": (
            "the net keeps {kept:.2f} of its hidden units, and should drop so many: your dropout "
            "layer keeps {layers:.2f}",
            "the net keeps as many of its hidden units as it should drop"),
        "pixels dropped":
            "input pixels are dropped; dropout belongs behind the hidden layers only",
        "scores dropped":
            "the output scores are changed by dropout; it belongs behind the hidden layers only",
        "penalty":
            "the penalty in the loss grows with gamma and beta; only the weights are penalized",
        "seed of the net": "two equal calls with the same seed give different losses",
        "masked loss": (MASKED_LOSS + "it is {much} of its size off",
                        MASKED_LOSS + "it is up to {much} of its size off"),
        "masked gradients": (MASKED_GRADIENTS + "they are {much} of their size off",
                             MASKED_GRADIENTS + "they are up to {much} of their size off"),
        "constant loss": "the loss does not change when the parameters do",
        "gradients of the net": (OWN_GRADIENTS + "they are {much} of their size off",
                                 OWN_GRADIENTS + "they are up to {much} of their size off"),
        "other gradient": "{subject} is not the gradient of the forward pass",  # nor this one
    },
}  # fmt: skip
REASONS: Mapping[str, Reason] = {
    name: Reason(kind, *((text, text) if isinstance(text, str) else text))
    for kind, reasons in SENTENCES.items()
    for name, text in reasons.items()
}

# What a sentence about a hidden case may be made of: names of the assignment, how wrong it is.
# Names of a student's own could spell what a hidden case holds.
SHOWN = ("subject", "what", "place", "much", "rounding", "layer")


def public(found: Finding, attempt: Attempt) -> str:
    """Return the sentence about a finding of a public case."""
    return REASONS[found.reason].public.format_map(_facts(found, attempt))


def hidden(found: Finding, attempt: Attempt) -> str:
    """Return the sentence about a finding of a hidden case: none of its inputs, sizes, values.

    There is none, "", about an output that is right.
    """
    if not found.reason:
        return ""
    reason = REASONS[found.reason]
    facts = _facts(found, attempt)
    shown = {name: facts[name] for name in SHOWN if name in facts}
    return reason.hidden.format_map(shown)


def share(part: float, digits: int = 2) -> str:
    """Write a part of something without a notation to be learned: 66 %, 0.0000001 %."""
    if not part < MANY:
        return f"more than {100 * MANY:,} %"
    if part >= 1:
        return f"{100 * part:,.0f} %"
    percent = np.format_float_positional(100 * part, digits, fractional=False, trim="-")
    return f"{percent} %"


def _facts(found: Finding, attempt: Attempt) -> dict[str, Any]:
    """Return all that a sentence may name."""
    subject, probe = found.subject or found.output, attempt.case.probe
    # Where two runs are subtracted, the output is not what the student's code returns.
    added = "what reg adds to " if probe.endswith("_regularization") else ""
    return {
        **found.facts,
        "subject": subject,
        "what": f"{added}{subject}",
        "place": _place(subject, probe),
        "refused": attempt.refused.get(subject),
        "names": ", ".join(sorted(attempt.arrays)[:12]) or "nothing that is an array",
        "much": share(found.error or 0.0),
        "allowed": found.allowed,
        "rounding": _rounding(found),
        "at": found.at,
    }


def _rounding(found: Finding) -> str:
    """Return what rounding would be, beside an error that could be taken for it."""
    if not found.allowed:
        return "; it has to be exact"
    return f"; rounding would be {share(found.allowed, 1)}" if (found.error or 0) < PLAIN else ""


def _place(name: str, probe: str) -> str:
    """Return where a net or an update rule should have put an output that is missing."""
    if probe.startswith("nets.") and name.startswith("d"):
        return f": grads has no '{name[1:]}'"
    if probe.startswith("optim.") and name != "next_w":
        return f": config has no '{name}' after the step"
    return ""
