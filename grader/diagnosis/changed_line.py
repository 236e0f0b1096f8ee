"""The line in which a student's numbers first are those of a known mistake.

Students write differently, so values are compared and not texts. For each misconception the golden
files hold what the wrong reference computes in one small case and the right one does not, and what
its changed expression gives. The student's code runs in that case once more, and the first line
that makes one of these values is where to look. Signs and shapes do not count. No point hangs on
it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.grading.dependencies import without_forward
from grader.grading.endings import Place
from grader.grading.facts import Facts
from grader.grading.rerun import Rerun
from grader.guest.modules import GRADED
from grader.guest.operations import forward_of
from grader.submission.bodies import nodes
from grader.submission.written import Sources
from grader.types import Case, Diagnosis, Suspect

SAME = 1e-9  # of an array's size: rounding, in whatever order sums were taken
MOST_FILES = 20  # that are watched
SIMPLE = 64  # a number that is a small multiple of 1/64 may be anything
MANY = 3  # values that a line takes out of one
FEWEST = 3  # numbers that can be told from others up to a factor
# What a value may be taken for, as bits: it, it with the other sign, its numbers in another order,
# a multiple of it; whether it is that of the changed expression, or of a variable that is used in
# the place of another one.
EXACT, SIGNED, ANY_ORDER, MULTIPLE, CHANGED, NAMED = 1, 2, 4, 8, 16, 32
SAYS = "the numbers of this mistake first appear here"


def find(rerun: Rerun, causes: Mapping[str, Diagnosis]) -> dict[str, tuple[Suspect, ...]]:
    """Return where to look, by item, in each that a known mistake explains."""
    facts, found = rerun.facts, dict[str, tuple[Suspect, ...]]()
    asked = [row for name, why in causes.items() if why.hints for row in _asked(facts, name, why)]
    if not asked or not rerun.has_time:
        return {}
    with rerun.session(new=True) as session:  # near which no hidden input came
        steps = session.steps([(row.case, row.paths) for row in asked])
    for row, seen in zip(asked, steps):
        theirs = (seen[:, 0] == 0) & np.isin(seen[:, 1], _forward_lines(facts, row))
        at = first(seen[~theirs & ~_is_unpacking(seen)], row.known)
        if at is not None and _is_there(row.paths, at, facts.evaluator.sources.files):
            line = _statement(facts.evaluator.sources, row.module, at[1]) if at[0] == 0 else at[1]
            found[row.item] = (*found.get(row.item, ()), Suspect(row.paths[at[0]], line, SAYS))
    return found


@dataclass(frozen=True)
class _Asked:
    """A case that is asked for a mistake in an item; what tells it; the files that are watched."""

    item: str
    module: str
    case: Case
    known: np.ndarray
    paths: tuple[str, ...]


def _asked(facts: Facts, name: str, why: Diagnosis) -> Iterator[_Asked]:
    module = Place.of(facts.rubric.item(name)).module
    own, files = facts.evaluator.sources.path(module), facts.evaluator.sources.files
    if own is None or facts.is_slow(name):
        return
    # Another file that is graded has items of its own; any other one may help.
    graded = tuple(f"/{path}" for path in GRADED.values())
    helpers = sorted(p for p in files if p.endswith(".py") and not p.endswith(graded))
    for mistake in why.cause.id.split("+"):
        case_id, known = facts.known.wrong.steps(mistake)
        cases = (*facts.rubric.ladder, *facts.rubric.cases) if case_id else ()
        case = next((case for case in cases if case.id == case_id and case.public), None)
        if case is not None:
            case = without_forward(case, facts.verdicts)
            yield _Asked(name, module, case, known, (own, *helpers)[:MOST_FILES])


def _is_there(paths: Sequence[str], at: tuple[int, int], files: Mapping[str, bytes]) -> bool:
    """Say whether a file has a line: a child can report what it likes."""
    number, line = at
    return 0 <= number < len(paths) and 0 < line <= files[paths[number]].count(b"\n") + 1


def _forward_lines(facts: Facts, asked: _Asked) -> range:
    """Return the lines of the forward pass that a gradient goes with: an item of its own."""
    forward = forward_of(asked.item)
    node = facts.evaluator.sources.function(asked.module, forward) if forward else None
    return range(node.lineno, (node.end_lineno or 0) + 1) if node else range(0)


def _statement(sources: Sources, module: str, line: int) -> int:
    """Return the first line of the statement that a line belongs to."""
    found = [
        one
        for name in sources.names(module) if (function := sources.function(module, name))
        if function.lineno <= line <= (function.end_lineno or 0)
        for one in nodes(function) if isinstance(one, ast.stmt) and not hasattr(one, "body")
        if one.lineno <= line <= (one.end_lineno or 0)
    ]  # fmt: skip
    return min((one.lineno for one in found), default=line)


def first(steps: np.ndarray, known: np.ndarray) -> tuple[int, int] | None:
    """Return (number of the file, line) of the step (S, 8) at which a mistake begins; None unless
    there is one that is known (K, 6).

    That is the last one with the value of the changed expression, which may be right at other
    places, before the first one with a value that only the wrong reference has. A variable that is
    used in the place of another one is found where it gets another name.
    """
    values, kinds = steps[:, 3:], known[:, 0].astype(int)
    hits = np.zeros(len(steps), dtype=bool)
    for kind in (EXACT, SIGNED, ANY_ORDER, MULTIPLE):
        hits |= alike(values, known[kinds & kind > 0, 1:], kind).any(axis=1)
    end = int(np.argmax(hits)) if hits.any() else len(steps)
    for kind in (NAMED, CHANGED):
        begins = alike(values[:end], known[kinds & kind > 0, 1:], ANY_ORDER).any(axis=1)
        before = np.flatnonzero(begins & (steps[:end, 2] > 0) if kind == NAMED else begins)
        if len(before):
            return int(steps[before[-1], 0]), int(steps[before[-1], 1])
    return None if end == len(steps) else (int(steps[end, 0]), int(steps[end, 1]))


def _is_unpacking(steps: np.ndarray) -> np.ndarray:
    """Return (S,): whether a step only names one of many values at once, as of a cache."""
    begins = np.any(np.diff(steps[:, :3], axis=0, prepend=-1), axis=1)
    run = np.cumsum(begins)
    many: np.ndarray = (steps[:, 2] > 0) & (np.bincount(run)[run] >= MANY)
    return many


def table(right: np.ndarray, wrong: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Return the values (K, 6) that tell a mistake: what each may be taken for, its fingerprint.

    `right` (R, 5) and `wrong` (W, 5) are the fingerprints of what the two references compute;
    `changed` (W,) says which come from the expression in which they differ: CHANGED, NAMED, or 0.
    """
    kinds = changed.astype(int)
    for kind, weaker in ((EXACT, 0), (SIGNED, EXACT), (ANY_ORDER, SIGNED), (MULTIPLE, SIGNED)):
        new = ~alike(wrong, right, kind).any(axis=1)
        kinds |= np.where(new & (kinds & weaker == weaker), kind, 0)
    kept = (kinds % CHANGED > 0) | (kinds > 0) & (wrong[:, 0] > 1)  # a number alone says little
    found: np.ndarray = np.column_stack([kinds, wrong])[kept & ~_is_simple(wrong)]
    return found


def alike(mine: np.ndarray, others: np.ndarray, kind: int) -> np.ndarray:
    """Return (M, N): whether one fingerprint (M, 5) may be taken for the other one (N, 5)."""
    if kind == MULTIPLE:
        mine, others = _of_size_one(mine), _of_size_one(others)
    one, other = mine[:, None, :], others[None, :, :]
    size, _, absolute, square, _ = np.moveaxis(other, -1, 0)
    scale = np.stack([0 * size, absolute, absolute, square, 11 * absolute], axis=-1)
    found = np.zeros((len(mine), len(others)), dtype=bool)
    for sign in (1,) if kind == EXACT else (1, -1):
        close = np.abs(one - other * [1, sign, 1, 1, sign]) <= SAME * scale
        found |= close[..., : 4 if kind == ANY_ORDER else 5].all(axis=-1)
    return found


def _of_size_one(values: np.ndarray) -> np.ndarray:
    """Return the fingerprints of values that are scaled so that their absolutes add up to 1.

    What is told from nothing then, as it has few numbers or all of one size, is like no other.
    """
    size, total, absolute, square, ordered = values.T
    with np.errstate(all="ignore"):
        scaled = np.column_stack([
            size, total / absolute, np.ones_like(size), square / absolute**2, ordered / absolute,
        ])  # fmt: skip
        flat = np.abs(square * size - absolute**2) <= SAME * absolute**2
    scaled[(size < FEWEST) | flat] = np.nan
    return scaled


def _is_simple(values: np.ndarray) -> np.ndarray:
    """Return (N,): whether all numbers of a value are one small number, as 0, 1 or 1/2."""
    size, total, absolute, square, _ = values.T
    constant = np.abs(square * size - total**2) <= SAME * square * size
    number = np.abs(total) / size * SIMPLE
    small = (number <= SIMPLE**2) & (np.abs(number - np.rint(number)) <= SAME)
    simple: np.ndarray = (absolute == 0) | (constant & small)
    return simple
