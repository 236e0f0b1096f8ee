"""What a person may read of a fault: all of a public case, of a hidden one its kind and its size.

A hidden case shows no input, no shape and no value. Its sentences are those that
grader.judges.wording has for hidden cases; here its numbers, arrays and exceptions are cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from grader.grading import endings
from grader.guest.modules import GRADED
from grader.guest.operations import FUNCTIONS
from grader.judges import Attempt, Finding, wording
from grader.types import Comparison, Evidence, Fault, Raised

MAX_SHOWN = 2_000  # numbers of one array in a comparison; the report shows fewer still
CLEARLY = 0.5  # of the distance to the reference's answer
LARGE = 1e3  # errors of hidden cases are told up to here
OURS = (*FUNCTIONS, *endings.METHODS)  # whose names a hidden case may tell
USUAL = (
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "IndexError",
    "KeyError", "MemoryError", "NameError", "NotImplementedError", "RecursionError", "TypeError",
    "UnboundLocalError", "ValueError", "ZeroDivisionError",
)  # fmt: skip
OF_PROBES = ("ReturnValue", "NotWritten", "Missing")  # exceptions that a probe raises


def of_finding(found: Finding, attempt: Attempt, part: str, public: bool) -> Fault:
    """Return the fault or the warning that a finding is."""
    if not public and found.error is not None:
        found = replace(found, error=_size(found.error))
    says = (wording.public if public else wording.hidden)(found, attempt)
    fault = Fault(attempt.case.id, part, found.output, found.kind or "value", says, public)
    fault = replace(fault, error=found.error, allowed=found.allowed, warning=found.warning)
    return replace(fault, at=found.at, comparison=_comparison(found, attempt)) if public else fault


def _comparison(found: Finding, attempt: Attempt) -> Comparison | None:
    """Return expected beside got, unless there is nothing to compare or too much to read."""
    expected, got = found.expected, found.got
    if expected is None or got is None or max(expected.size, got.size) > MAX_SHOWN:
        return None
    answers = [each[found.output] for each in attempt.expected if found.output in each]
    # What is judged by its properties has no golden answer.
    beside = shown_beside(got, answers) if answers and found.wrong is not None else expected
    return Comparison(found.output, beside, got, found.wrong, attempt.inputs)


def shown_beside(got: np.ndarray, answers: Sequence[np.ndarray]) -> np.ndarray:
    """Return the reference's answer, the first, unless another convention's is clearly nearer.

    Conventions differ in late digits only: whoever mends the mistake compares with what was shown.
    """
    alike = [answer for answer in answers if answer.size == got.size]
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        far = [float(np.max(np.abs(got.reshape(one.shape) - one), initial=0.0)) for one in alike]
    best = min(range(len(far)), key=far.__getitem__, default=0)
    return alike[best] if alike and far[best] < CLEARLY * far[0] else answers[0]


def without_values(evidence: Evidence) -> Evidence:
    """Return evidence without what can carry hidden inputs.

    That is what was printed, and of an exception its message, all but the usual types, and where it
    was raised: by the line, or by the name of a function of their own, code could tell a number.
    Which of our names is missing, not written, or where it stopped may be shown.
    """
    raised = evidence.raised
    if raised is not None:
        kind = raised.type if raised.type in (*USUAL, *OF_PROBES) else "an exception"
        message = raised.message if endings.is_about_a_name(evidence) else ""
        known = [frame for frame in raised.frames if frame[2] in OURS]
        raised = Raised(kind, message, tuple(map(_place, (known or raised.frames)[-1:])))
    text = evidence.text if evidence.outcome == "not_run" else ""
    return replace(evidence, raised=raised, text=text)


def _place(frame: tuple[str, int, str, str]) -> tuple[str, int, str, str]:
    """Return a frame of a hidden case as far as the assignment itself has its names: no line."""
    path, _, function, _ = frame
    known = path.partition("/")[2] in GRADED.values()
    return path if known else "", 0, function if function in OURS else "", ""


def _size(error: float) -> float:
    """Return the next power of ten above an error of a hidden case.

    Its digits, or an odd exponent, could be a number of the case.
    """
    if not 1e-9 < error < LARGE:
        return 1e-9 if error <= 1e-9 else LARGE
    return float(f"1e{math.ceil(math.log10(error))}")


def in_part(name: str, fault: Fault) -> Fault:
    """Return the fault of a stub in an item that is written elsewhere: only a part is missing."""
    if fault.kind == "not_written" and fault.message == f"{name} is not written yet":
        return replace(fault, message=f"this part of {name} is not written yet")
    return fault


def once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Drop faults with the sentence of an earlier one about the same part and kind of case."""
    kept: dict[tuple[str, str, str, bool], Fault] = {}
    for fault in faults:
        kept.setdefault((fault.part, fault.kind, fault.message, fault.public), fault)
    return tuple(kept.values())
