"""The smallest case that is shown fails by itself, and shows numbers that no convention gives.

Every usual mistake and a seeded part of the mutants of the reference are tried in this process
(all of them with BACKGRADE_ALL=1): each is a wrong implementation of known origin.
"""

from __future__ import annotations

import functools
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.authoring.fixtures import reference
from grader.authoring.fixtures.misconceptions import Misconception
from grader.authoring.lint.mutations import Mutant, mutants
from grader.box.evidence import asked, evidence_of
from grader.diagnosis import minimal_example
from grader.diagnosis.snippets import Place, steps_of
from grader.grading.assignment import Assignment
from grader.grading.faults import shown_beside
from grader.grading.verdicts import Evaluator
from grader.guest.observe import observe
from grader.guest.probes.nn import Implementation
from grader.judges.tolerances import TOLERANCES
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence, Smallest
from tests.support import handed_in
from tests.support.short_run import Part

REFERENCE = handed_in.ROOT / "reference"
MISTAKES = handed_in.usual_mistakes()
GRADED = ("layers.py", "optim.py", "fc_net.py")
SHARE = 0.07  # of about 900 mutants, in the short run
LIMIT_S = 2  # of one mutant; some of them never end


class InThisProcess:
    """What a Session is to smallest.find: it runs cases on an implementation that is right here."""

    loaded = SimpleNamespace(
        modules=dict.fromkeys(("layers", "layer_utils", "optim", "fc_net"), {"outcome": "loaded"})
    )

    def __init__(self, nn: Implementation, rubric: Rubric) -> None:
        self._nn = nn
        self._rubric = rubric

    def once(self, cases: Sequence[Case], alone: bool = True) -> dict[str, Evidence]:
        return {case.id: self._run(case) for case in cases}

    def _run(self, case: Case) -> Evidence:
        row = asked(case) | {"strided": []}
        stdout, stderr = sys.stdout, sys.stderr
        try:
            say, arrays = observe(self._nn, row, self._rubric.case_inputs(case), {})
        finally:
            sys.stdout, sys.stderr = stdout, stderr
        return evidence_of(case, say, arrays, {})


@pytest.fixture(scope="module")
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    return assignments["cs231n-a2"]


def shown(nn: Implementation, assignment: Assignment) -> dict[str, Smallest]:
    """Return the smallest example of each item, whichever parts it lost."""
    rubric = assignment.rubric
    lost = {item.id: frozenset(part.id for part in item.parts) for item in rubric.table.items}
    session: Any = InThisProcess(nn, rubric)
    evaluator = Evaluator(rubric, assignment.golden)
    return minimal_example.find(
        session, rubric.ladder, rubric, evaluator, lost, Place("cs231n", {})
    )


def not_honest(small: Smallest, assignment: Assignment) -> str:
    """Return what an example shows as wrong though some convention gives it; "" if nothing."""
    if small.got is None or small.wrong is None:
        return ""
    case = next(case for case in assignment.rubric.ladder if case.id == small.case)
    if not small.wrong.any():
        return f"{small.case}: nothing is marked as wrong"
    row = TOLERANCES[assignment.rubric.item(case.item).tolerance]
    allowed = row.float32 if small.got.dtype == np.float32 else row.float64
    step = int((re.findall(r"after step (\d+)", small.message) or [1])[0]) - 1
    expected = assignment.golden.expected(case)
    scale = max(float(np.max(np.abs(one))) for one in expected[0].values())
    for want in [answers[small.output] for answers in expected if small.output in answers]:
        if steps_of(case):
            want = want[step]
        same = np.abs(small.got.reshape(want.shape) - want) <= allowed * 1e-3 * scale
        if (same & small.wrong.reshape(want.shape)).any():
            return f"{small.case}: {small.output} marks a right number as wrong"
    return ""


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_no_usual_mistake_is_shown_by_a_number_that_is_right(
    mistake: Misconception, assignment: Assignment
) -> None:
    with reference.implementation(REFERENCE, change=mistake.change) as nn:
        found = shown(nn, assignment)
    assert [says for one in found.values() if (says := not_honest(one, assignment))] == []


@pytest.mark.parametrize("alternative", ["adam_eps_hat", "adam_eps_inside", "norm_eps_outside"])
@pytest.mark.parametrize(
    "mistake", ["adam/late-count", "batchnorm_forward/variance-over-n-minus-1"]
)
def test_a_mistake_over_another_convention_is_not_shown_by_that_convention(
    alternative: str, mistake: str, assignment: Assignment
) -> None:
    change = MISTAKES[mistake].change
    with reference.implementation(REFERENCE, alternative, change=change) as nn:
        found = shown(nn, assignment)
    assert [says for one in found.values() if (says := not_honest(one, assignment))] == []


def test_adam_right_at_the_first_step_is_shown_from_the_second(assignment: Assignment) -> None:
    change = MISTAKES["adam/correction-without-power"].change
    with reference.implementation(REFERENCE, change=change) as nn:
        small = shown(nn, assignment)["adam"]
    assert small.case == "adam/small_2_2_steps" and small.message.startswith("next_w after step 2")


def test_no_mutant_is_shown_by_a_number_that_is_right(
    assignment: Assignment, part: Part[Mutant]
) -> None:
    tried = part("smallest, mutants", sorted(_mutants(), key=lambda one: one.key), SHARE)
    problems = []
    with reference.implementation(REFERENCE) as nn:
        for mutant in tried:
            found: dict[str, Smallest] = {}
            with _changed(_function(mutant), mutant), _limited():
                found = shown(nn, assignment)
            problems += [
                f"{mutant.key}: {says}"
                for one in found.values()
                if (says := not_honest(one, assignment))
            ]
    assert problems == []


def _files() -> dict[str, str]:
    paths = sorted((REFERENCE / "cs231n").rglob("*.py"))
    return {path.relative_to(REFERENCE).as_posix(): path.read_text("utf-8") for path in paths}


def _mutants() -> list[Mutant]:
    return [one for one in mutants(_files()) if one.file.endswith(GRADED)]


def _function(mutant: Mutant) -> Any:
    dotted = mutant.file.removesuffix(".py").partition("/")[2].replace("/", ".")
    module = sys.modules[f"{reference.PACKAGE}.{dotted}"]
    return functools.reduce(getattr, mutant.function.split("."), module)


@contextmanager
def _changed(function: Any, mutant: Mutant) -> Iterator[None]:
    right, function.__code__ = function.__code__, mutant.code
    try:
        yield
    finally:
        function.__code__ = right


class _TooLong(BaseException):
    """A mutant that does not end."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S, 1)  # again: a probe takes it for an exception
    try:
        yield
    except _TooLong:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


FIRST, SECOND = np.array([1.0, 2.0]), np.array([1.00001, 2.00001])


@pytest.mark.parametrize(
    ("got", "shown"),
    [([3.0, 2.0], FIRST), ([0.5, 2.1], FIRST), ([np.nan, 2.0], FIRST),
     ([1.0, 2.0, 3.0], FIRST), ([1.00001, 2.0000101], SECOND)],
)  # fmt: skip
def test_the_references_numbers_stand_beside_unless_another_convention_is_clearly_nearer(
    got: list[float], shown: np.ndarray
) -> None:
    """Whoever mends the mistake compares with them to the last digit."""
    assert shown_beside(np.array(got), [FIRST, SECOND]) is shown
