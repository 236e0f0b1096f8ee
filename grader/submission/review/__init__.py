"""What a person should look at in a submission's source; read with `ast`, never run.

    submission -> sources (only what the graded modules import) -> things seen -> flags

A flag says what is there and never what somebody meant by it, and no flag changes a score. Honest
homework of every course year must raise none, so each rule keeps to what homework never needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from grader.rubric.cases import Rubric
from grader.submission.review import gradients, hidden_code, reach, tables
from grader.submission.review.source import Remark, SourceFile, read
from grader.submission.upload import shown
from grader.types import Case, Flag, Submission

LIMIT = 35  # flags of one submission; a report lists 40 of all kinds
LONGEST = 300  # characters of one flag
GoldenArrays = Callable[[Case], Iterable[np.ndarray]]


def flags(
    submission: Submission, rubric: Rubric, answers: GoldenArrays = lambda case: ()
) -> tuple[Flag, ...]:
    """Return the flags of a submission, in the order of its files and lines; at most LIMIT.

    `answers` gives the golden arrays of a case. Never raises for anything in the submission: a file
    that cannot be read is a flag of its own, unless it has a plain syntax error.
    """
    sources, seen = read(submission)
    seen = [*_copies(submission), *seen]
    reach_of = partial(reach.remarks, reading=rubric.table.reading)
    rules = (hidden_code.remarks, reach_of, tables.remarks)
    for source in sources:
        seen += _guarded([source], (remark for rule in rules for remark in rule(source)))
    seen += _guarded(sources, gradients.remarks(sources))
    seen += _guarded(sources, tables.known_numbers(sources, rubric, answers))
    return _merged(seen, {source.place: number for number, source in enumerate(sources)})


def _guarded(sources: list[SourceFile], remarks: Iterator[Remark]) -> list[Remark]:
    """Return all remarks; one in their place if code is nested too deeply to make them."""
    try:
        return list(remarks)
    except (RecursionError, MemoryError):
        return [Remark("unread", "is nested too deeply to be looked at here", sources[0].place)]


def _copies(submission: Submission) -> Iterator[Remark]:
    """Yield files of the upload with the name of a graded one and other content."""
    copies: dict[str, list[str]] = {}
    for path, graded in sorted(submission.doubles.items()):
        copies.setdefault(graded, []).append(path)
    for graded, paths in copies.items():
        is_source = paths[0].endswith(".py")
        what = "another version of" if is_source else "compiled code with the name of"
        more = f", and {len(paths) - 1:,} more are like it" if len(paths) > 1 else ""
        message = f"'{shown(paths[0])}' in the upload is {what} {graded}, which was graded{more}"
        yield Remark("source_differs", message, graded.removeprefix(f"{submission.package}/"))


def _merged(seen: Iterable[Remark], order: dict[str, int]) -> tuple[Flag, ...]:
    """Return flags in order, the same words about the same file only once."""
    same: dict[tuple[str, str, str], list[Remark]] = {}
    for one in sorted(seen, key=lambda one: (order.get(one.place, -1), one.place, one.line, one)):
        same.setdefault((one.place, one.kind, one.message), []).append(one)
    found = [_flag(each[0], len(each)) for each in same.values()]
    if len(found) <= LIMIT:
        return tuple(found)
    more = len(found) - LIMIT + 1
    return (*found[: LIMIT - 1], Flag("more", f"… {more:,} more", ""))


def _flag(seen: Remark, times: int) -> Flag:
    often = f" ({times:,} times)" if times > 1 else ""
    where = f"{seen.place}:{seen.line}" if seen.line else seen.place
    return Flag(seen.kind, shown(seen.message, LONGEST) + often, shown(where, 120))
