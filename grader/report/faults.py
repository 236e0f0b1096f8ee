"""What went wrong: the sentence, the error against its limit, the example, the line.

Of many faults the smallest public example teaches best; what a hidden check saw stays hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.report.tables import Example, cells, example
from grader.report.text import FRAMES, LINE, index, number, one_line, shown
from grader.types import Fault, ItemResult, Raised

MORE = 8  # further faults that are listed

WORDS: Mapping[str, str] = {
    "passed": "right",
    "partial": "partly right",
    "failed": "not right yet",
    "not_written": "not written yet",
    "missing": "missing",
    "error": "stopped with an error",
    "timeout": "took too long",
    "skipped": "not run",
    "pending": "not graded yet",
    "grader_fault": "our fault, costs nothing",
}
KINDS: Mapping[str, str] = {
    "shape": "has the wrong shape",
    "value": "has wrong values",
    "not_finite": "has nan or inf in it",
    "dtype": "has the wrong dtype",
    "error": "stopped with an error",
    "timeout": "took too long",
    "memory": "needed too much memory",
    "died": "ended the Python process",
    "missing": "is missing",
    "not_written": "is not written yet",
    "mutated_input": "changed its input",
    "not_deterministic": "did not give the same answer twice",
}


@dataclass(frozen=True)
class Frame:
    """A line of the student's."""

    place: str
    source: str
    last: bool


@dataclass(frozen=True)
class ShownFault:
    """A fault that is shown in full; `facts` are (name, value)."""

    message: str
    check: str
    hidden: bool
    facts: tuple[tuple[str, str], ...]
    example: Example | None
    error: str
    error_message: str
    frames: tuple[Frame, ...]


def show_fault(fault: Fault, side: int) -> ShownFault:
    """Return all about one fault, with an example of `side` rows at most; none if it is 0."""
    comparison = fault.comparison if fault.public else None
    raised = fault.raised
    return ShownFault(
        message=_says(fault),
        check=_check(fault),
        hidden=not fault.public,
        facts=_facts(fault),
        example=example(comparison, side) if comparison and side else None,
        error=raised.type if raised and raised.frames else "",
        error_message=raised.message if raised and fault.public else "",
        frames=frames(raised) if raised else (),
    )


def happened(item: ItemResult) -> str:
    """Return one sentence on what happened to an item."""
    picked = chosen(item.faults, file_of(item))
    return one_line(_says(picked[0])) if picked else WORDS[item.status]


def warnings(item: ItemResult) -> tuple[str, ...]:
    """Return what is worth knowing though it cost nothing, each once."""
    return tuple(dict.fromkeys(one_line(_says(fault)) for fault in item.warnings))[:MORE]


def file_of(item: ItemResult) -> str:
    """Return the file that an item is about, as its place has it: "classifiers/fc_net.py"."""
    return item.where.partition(":")[0]


def chosen(faults: Iterable[Fault], file: str = "") -> tuple[Fault, ...]:
    """Return the smallest public example and the first exception; else the first fault.

    An exception that comes from another file than the item's `file` is another item's: it is left
    to that one, where there is anything else to show.
    """
    ranked = sorted((f for f in faults if not f.warning), key=lambda fault: not fault.public)
    ranked = [f for f in ranked if not _is_from_elsewhere(f, file)] or ranked
    compared = [f for f in ranked if f.public and f.comparison is not None]
    best = min(compared, key=lambda f: cells(f.comparison) if f.comparison else 0, default=None)
    stopped = next((f for f in ranked if f.raised is not None), None)
    picked = tuple(f for f in (best, stopped) if f is not None)
    return picked or tuple(ranked[:1])


def _is_from_elsewhere(fault: Fault, file: str) -> bool:
    frames = fault.raised.frames if fault.raised else ()
    return bool(file and frames) and not frames[-1][0].endswith(file)


def in_one_line(fault: Fault) -> str:
    """Return where it went wrong, what, and by how much."""
    sentence = f"{_check(fault)}: {one_line(_says(fault))}"
    if fault.error is None or fault.allowed is None or "off by" in fault.message:
        return sentence
    return f"{sentence} ({number(fault.error)}, allowed {number(fault.allowed)})"


def _says(fault: Fault) -> str:
    return fault.message or f"{fault.output} {KINDS[fault.kind]}".strip()


def _check(fault: Fault) -> str:
    if not fault.public:
        return "a hidden check"
    return f"check {fault.case}" if fault.case else "a public check"


def _facts(fault: Fault) -> tuple[tuple[str, str], ...]:
    limit = f", allowed {number(fault.allowed)}" if fault.allowed is not None else ""
    error = [] if fault.error is None else [("Error", f"{number(fault.error)}{limit}")]
    at = [("Worst cell", f"{fault.output}{index(fault.at)}")] if fault.public and fault.at else []
    return (*error, *at)


def frames(raised: Raised) -> tuple[Frame, ...]:
    """Return the student's last lines, the innermost marked."""
    named = [frame for frame in raised.frames if frame[0]]
    # A comprehension has a frame of its own in the same line.
    kept = [one for one, after in zip(named, [*named[1:], None]) if one[:2] != (after or ())[:2]]
    kept = kept[-FRAMES:]
    return tuple(
        Frame(
            file + (f", line {line}" if line else "") + (f", in {function}" if function else ""),
            shown(source.strip("\n"), LINE),
            position == len(kept),
        )
        for position, (file, line, function, source) in enumerate(kept, start=1)
    )
