"""What a person may read of a fault: all of a public case, of a hidden one its kind and its size.

A hidden case shows no input, no shape and no value. Its sentences are those that
grader.judges.wording has for hidden cases; here its numbers, arrays and exceptions are cut.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import replace

from grader.grading import endings
from grader.judges import Attempt, Finding, wording
from grader.types import Comparison, Evidence, Fault, Raised

MAX_SHOWN = 2_000  # numbers of one array in a comparison; the report shows fewer still
OF_PROBES = ("ReturnValue", "NotWritten", "Missing")  # exceptions that a probe raises


def of_finding(found: Finding, attempt: Attempt, part: str, public: bool) -> Fault:
    """Return the fault or the warning that a finding is."""
    says = (wording.public if public else wording.hidden)(found, attempt)
    fault = Fault(attempt.case.id, part, found.output, found.kind or "value", says, public)
    fault = replace(fault, error=found.error, allowed=found.allowed, warning=found.warning)
    if public:
        return replace(fault, at=found.at, comparison=_comparison(found, attempt))
    # Two digits of an error: the others could be numbers of the case.
    return fault if found.error is None else replace(fault, error=float(f"{found.error:.2g}"))


def _comparison(found: Finding, attempt: Attempt) -> Comparison | None:
    """Return expected beside got, unless there is nothing to compare or too much to read."""
    expected, got = found.expected, found.got
    if expected is None or got is None or max(expected.size, got.size) > MAX_SHOWN:
        return None
    return Comparison(found.output, expected, got, found.wrong, attempt.inputs)


def without_values(evidence: Evidence) -> Evidence:
    """Return evidence without what can carry hidden inputs.

    That is what was printed, and of an exception its message, a class name of its own, and the line
    numbers of all frames but the last. Which of our names is missing or not written may be shown.
    """
    raised = evidence.raised
    if raised is not None:
        builtin = isinstance(getattr(builtins, raised.type, None), type)
        kind = raised.type if builtin or raised.type in OF_PROBES else "an exception"
        message = raised.message if endings.is_about_a_name(evidence) else ""
        raised = Raised(kind, message, raised.frames[-1:])
    text = evidence.text if evidence.outcome == "not_run" else ""
    return replace(evidence, raised=raised, text=text)


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
