"""Which course years' handed-out files a submission was made from, by the marks they leave in it.

Only text is looked at: nothing is imported or parsed, so that Python 2, a syntax error or any other
content does no harm. A mark points to the generations that have it:

    strong    what a student has no reason to change: a constructor's arguments, classes, what p is
    weak      what students do change: comments, imports, which notebooks there are; these only
              choose among what the strong marks leave

Where strong marks contradict each other, or leave a choice, the generation that asks for more code
is taken: to be asked for too much can be seen and put right, to be asked for too little cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.rubric import generation_marks
from grader.rubric.generation_marks import BEFORE_2021, GENERATIONS, Mark

NO_MARK = "no mark of another course year was found in the files"


@dataclass(frozen=True)
class Generation:
    """A rubric, the sentence that says why, and whether the marks leave no other.

    `possible` are the rubrics that the strong marks allow, `other` the next in question.
    """

    rubric: str
    reason: str
    sure: bool
    possible: frozenset[str]
    other: str

    @property
    def message(self) -> str:
        """What a report says where nobody named a rubric."""
        years = _years(self.rubric)
        return f"Graded as {years}: {self.reason}."

    def other_way(self, rubric: str) -> str:
        """Return the options that grade by another year, for whoever graded by `rubric`."""
        marks_are_others = rubric in GENERATIONS and rubric not in self.possible
        return f"--rubric {self.rubric if marks_are_others else self.other}"

    def against(self, rubric: str) -> str:
        """Return what a report says of a `rubric` that somebody named: nothing unless the marks
        speak against it.
        """
        if rubric not in GENERATIONS or rubric in self.possible:
            return ""
        return (
            f"Graded as {_years(rubric)}, but the files look like those of "
            f"{_years(self.rubric)}: {self.reason}."
        )


def recognise(files: Mapping[str, bytes], package: str) -> Generation:
    """Return the generation of a submission; `files` and `package` are those of a Submission."""
    strong = generation_marks.strong(files, package)
    possible = _undominated(strong)
    agree = all(possible <= mark.rubrics for mark in strong)
    weak = generation_marks.weak(files, package) if agree else []
    left, said = _narrowed(strong if agree else [], weak)
    chosen = _most(left & possible)
    others = [name for name in GENERATIONS if name != chosen]
    other = max(others, key=lambda name: len(_support(name, [*strong, *weak])))
    reason = _listed(said) if agree else _torn(chosen, strong)
    return Generation(chosen, reason or NO_MARK, agree and len(left) == 1, possible, other)


def may_have_losses(files: Mapping[str, bytes], package: str) -> bool:
    """Say whether files can be of years that handed the losses out: before 2021."""
    return bool(recognise(files, package).possible & BEFORE_2021)


def _years(rubric: str) -> str:
    years = GENERATIONS[rubric]
    return f"course years {years}" if "-" in years else f"course year {years}"


def _support(rubric: str, seen: Sequence[Mark]) -> set[int]:
    return {number for number, mark in enumerate(seen) if rubric in mark.rubrics}


def _undominated(seen: Sequence[Mark]) -> frozenset[str]:
    """Return the rubrics for which no other has the same marks and more."""
    support = {rubric: _support(rubric, seen) for rubric in GENERATIONS}
    return frozenset(r for r in support if not any(support[r] < more for more in support.values()))


def _most(rubrics: frozenset[str]) -> str:
    """Return the one of some rubrics that asks for most."""
    return next(name for name in GENERATIONS if name in rubrics)


def _narrowed(strong: Sequence[Mark], weak: Sequence[Mark]) -> tuple[frozenset[str], list[Mark]]:
    """Return the rubrics that marks leave, and the marks by which: the fewest, the strongest first.

    A weak mark that would leave none is not heeded.
    """
    left, said = frozenset(GENERATIONS), []
    for mark in [*sorted(strong, key=lambda mark: len(mark.rubrics)), *weak]:
        if left & mark.rubrics and left - mark.rubrics:
            said.append(mark)
            left &= mark.rubrics
    return left, said


def _torn(chosen: str, strong: Sequence[Mark]) -> str:
    """Return what speaks for a rubric, and what against, as half a sentence."""
    mine, against = (
        min((m for m in strong if (chosen in m.rubrics) is own), key=lambda m: len(m.rubrics))
        for own in (True, False)
    )
    theirs = _years(_most(against.rubrics))
    return (
        f"{_listed([mine])}, though {_listed([against])}, as in {theirs}; "
        "of two generations the one that asks for more is taken"
    )


def _listed(seen: Sequence[Mark]) -> str:
    """Return marks as text, those of one file together."""
    files: dict[str, list[str]] = {}
    for mark in seen:
        files.setdefault(mark.file, []).append(mark.message)
    return ", ".join(f"{file} {' and '.join(marks)}" for file, marks in files.items())
