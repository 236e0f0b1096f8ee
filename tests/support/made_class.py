"""A class of 600 whose truth is known: who made which mistake, which checks are bad.

Nothing is graded: results are written down as they would be. Students have an ability; the weaker
one is, the more mistakes. What was planted is in the lists below.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from grader import resources
from grader.course.dashboard.facts import Facts
from grader.course.dashboard.pupils import Pupil
from grader.course.tasks import Outcome
from grader.report.class_page import ClassRow
from grader.report.text import points
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric

STUDENTS = 600


@dataclass(frozen=True)
class Mistake:
    """A mistake: how many of its item's first checks it fails, and the part that it costs.

    `ease` is the ability from which a student no longer makes it. Without `says` it has no name.
    """

    item: str
    name: str
    checks: int
    part: str
    ease: float
    says: str = ""

    @property
    def cause(self) -> str:
        """The id of its cause, "" for one without a name."""
        return f"{self.item}/{self.name}" if self.says else ""

    @property
    def cases(self) -> list[str]:
        """The checks that it fails."""
        return cases(self.item)[: self.checks]

    def hash(self, case: str) -> str:
        """Return the hash of the wrong numbers in a case."""
        return hashlib.sha256(f"{self.item} {self.name} {case}".encode()).hexdigest()[:16]


NAMED = (
    Mistake("batchnorm_backward", "mean-forgotten", 2, "dx", 0.7, "The mean is left out of dx."),
    Mistake("batchnorm_backward", "dbeta-mean", 1, "dbeta", 0.4, "dbeta is the mean."),
    Mistake("adam", "no-correction", 2, "next_w", 0.5, "The bias correction is missing."),
    Mistake("dropout_forward", "p-drops", 2, "scale", 0.6, "p is read as drop."),
    Mistake("affine_backward", "db-mean", 1, "db", 0.2, "db is the mean."),
)
UNNAMED = (
    Mistake("rmsprop", "odd", 1, "next_w", 0.35),
    Mistake("layernorm_backward", "odd", 1, "dx", 0.45),
)
# It fails four checks of one part together: three of them are redundant.
TOGETHER = Mistake("sgd_momentum", "sign", 4, "next_w", 0.55, "The velocity has the wrong sign.")
PLANTED = (*NAMED, *UNNAMED, TOGETHER)
# The last check of this item is wrong: it fails good students who write it in another way.
WRONG_CHECK = "relu_backward"


@dataclass
class Truth:
    """What one student was given: mistakes, an item left unwritten, whether a good check fails."""

    ability: float
    mistakes: list[Mistake] = field(default_factory=list)
    unwritten: str = ""
    style: bool = False


@cache
def rubric() -> Rubric:
    """Return the default rubric."""
    return read_rubric(resources.rubric_path(resources.DEFAULT_RUBRIC))


def cases(item: str) -> list[str]:
    """Return the names of an item's cases."""
    return [case.id for case in rubric().cases_of(item)]


def truth(seed: int = 18) -> list[Truth]:
    """Return what each student was given."""
    rng = random.Random(seed)
    made = []
    for _ in range(STUDENTS):
        one = Truth(rng.random())
        for mistake in PLANTED:
            if one.ability < mistake.ease and rng.random() < 0.5:
                if not any(m.item == mistake.item for m in one.mistakes):
                    one.mistakes.append(mistake)
        if one.ability < 0.1:
            one.unwritten = "FullyConnectedNet.layernorm"
        one.style = one.ability > 0.5 and rng.random() < 0.2
        made.append(one)
    return made


def outcome(one: Truth, number: int) -> tuple[Outcome, Facts]:
    """Return the result of a student, and its facts."""
    items, wrong, parts, says = [], [], {}, {}
    for item in rubric().table.items:
        mistake = next((m for m in one.mistakes if m.item == item.id), None)
        possible, lost, status = item.points, 0.0, "passed"
        if item.kind != "code":
            items.append((item.id, "skipped", 0.0, possible, "", ""))
            continue
        if mistake is not None:
            lost, status = points_of(item.id, mistake.part), "partial"
            for case in mistake.cases:
                wrong.append((case, "answered", mistake.hash(case)))
                parts[case] = (mistake.part,)
            if mistake.says:
                says[item.id] = (mistake.says, True)
        if item.id == one.unwritten:
            lost, status = possible, "not_written"
            for case in cases(item.id):
                wrong.append((case, "raised", ""))
                parts[case] = ("loss",)
        if item.id == WRONG_CHECK and one.style:
            case = cases(item.id)[-1]
            wrong.append((case, "answered", "5afe" * 4))
            parts[case] = ("dx",)
            lost, status = possible, "failed"
        cause = mistake.cause if mistake else ""
        items.append((item.id, status, possible - lost, possible, cause, ""))
    counted = [i for i in items if i[1] != "skipped"]
    earned, possible = sum(i[2] for i in counted), sum(i[3] for i in counted)
    upload = hashlib.sha256(str(number).encode()).hexdigest()
    flags = (("numeric_gradient", "a gradient is numeric"),) if number % 50 == 7 else ()
    return (
        Outcome(
            upload, "made", "graded", "", earned, possible, 0.0, 0.0, tuple(items), tuple(wrong),
            flags, "", 0.5 + number % 7, 0.25,
        ),
        Facts(parts, says),
    )  # fmt: skip


def pupils(given: Sequence[Truth]) -> list[Pupil]:
    """Return the class as the dashboard gets it."""
    made = []
    for number, one in enumerate(given):
        result, facts = outcome(one, number)
        share = result.earned / result.possible
        score = f"{points(result.earned)} of {points(result.possible)}"
        row = ClassRow(
            f"Student {number} (s{number:04d})", "graded", score, share,
            link=f"reports/s{number:04d}/report.html", flags=len(result.flags),
            group=("Mon", "Tue", "Wed")[number % 3],
        )  # fmt: skip
        made.append(Pupil(row, result, facts, ((1, share),)))
    return made


def points_of(item: str, part: str) -> float:
    """Return what a part of an item is worth."""
    parts = {one.id: one.points for one in rubric().item(item).parts}
    return parts.get(part, rubric().item(item).points)
