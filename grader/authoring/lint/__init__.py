"""Is the assignment itself right? Everything that can be known before the first submission.

    names         everything named exists, every part is failed by a known mistake
    fresh         golden answers, template, notebooks and schemas are what the sources give
    whole         submissions of a known score get it: the reference, the template, every mistake
    mutations     small changes to the reference ...
    trials        ... each costs a point under the very same probes and judges
    equivalent    those that may live, each with its reason
    proposals     for those that may not, a case that notices them

What students get is searched for secrets by grader.release.secret_scan. `run` yields one row for
each check.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from grader import resources
from grader.authoring.lint import equivalent, fresh, names, proposals, trials, whole
from grader.authoring.lint.checks import Check, Defect, counted, of_error
from grader.authoring.lint.known_submissions import FOLDER
from grader.errors import BackgradeError, UsageError
from grader.grading.assignment import Assignment
from grader.release import bundle, secret_scan
from grader.release.shape import marked
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.rubric.records import RubricFile
from grader.types import Progress

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Scope:
    """What to look at: all shipped rubrics or one, everything or what is quick."""

    home: Path
    rubric: str = ""
    quick: bool = False


def run(scope: Scope, progress: Progress = lambda what, i, n: None) -> Iterator[Check]:
    """Yield a row for each check, as soon as it is done."""
    shipped, problems = _each(read_rubric, sorted((scope.home / "rubrics").glob("*.toml")))
    rubrics = shipped
    if scope.rubric:
        path = resources.rubric_path(scope.rubric)
        rubrics, problems = _each(read_rubric, [path])
        if path.resolve() not in {Path(one.place).resolve() for one in shipped}:
            shipped = rubrics  # golden answers are made for it alone
    elif not shipped and not problems:
        raise UsageError(f"{scope.home / 'rubrics'}: holds no rubric; restore it")
    problems += names.unreadable(scope.home)
    if problems:
        yield Check("rubrics", counted(len(rubrics), "rubric"), problems)
        return
    yield names.points(rubrics)
    yield names.check(scope.home, rubrics, not scope.rubric)
    yield fresh.template(scope.home)
    yield fresh.schemas(scope.home)
    assignments, problems = _each(resources.assignment, [one.place for one in rubrics])
    if not problems:
        yield _leaks(scope.home, assignments)
    progress("golden answers", 0, 1)
    yield fresh.golden(scope.home, shipped, scope.quick)
    if problems:
        yield Check("grading", "", problems, "secrets, mutants and submissions")
    elif scope.quick:
        yield Check("mutants", "", left_out="mutants and submissions, by --quick")
    elif sys.platform != "linux":
        yield Check("mutants", "", left_out="mutants and submissions, which need Linux (or Docker)")
    else:
        yield _mutants(scope, assignments, shipped, progress)
        yield from _submissions(scope.home, assignments, progress)


def _each(make: Callable[[A], B], given: Iterable[A]) -> tuple[list[B], list[Defect]]:
    """Return what is made of each thing given, and the problems of those of which it cannot be."""
    found, problems = [], []
    for one in given:
        try:
            found.append(make(one))
        except BackgradeError as error:
            problems.append(of_error(error))
    return found, problems


def _leaks(home: Path, assignments: Sequence[Assignment]) -> Check:
    """Search what students get for what they must not have, by what each rubric leaves to write."""
    first, rubrics = assignments[0], [one.rubric for one in assignments]
    template = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted((home / "student_template").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    known, looked_at, left_out = set(template.values()), len(template), ""
    problems: list[Defect] = []
    try:
        numbers = secret_scan.secrets(rubrics, first.golden, first.wrong, {})
        for one in assignments:
            table = one.rubric.table
            solution = marked(home / "reference", table)
            secret = numbers.with_texts(secret_scan.texts(rubrics, solution))
            if table.years == RubricFile.years:
                problems += _given_away(secret, template)
            try:
                zipped = bundle.student_files(one, home)
            except (BackgradeError, OSError) as error:
                left_out = f"student.zip, which cannot be made ({error})"
                continue
            place = f"student.zip of {table.id}"
            new = {f"{place}: {n}": data for n, data in zipped.items() if data not in known}
            problems += _given_away(secret, new)
            looked_at += len(new)
    except BackgradeError as error:
        return Check("secrets", "", [of_error(error)])
    return Check("secrets", counted(looked_at, "file"), list(dict.fromkeys(problems)), left_out)


def _given_away(secret: secret_scan.Secrets, files: Mapping[str, bytes]) -> Iterator[Defect]:
    for path, data in files.items():
        for leak in secret.leaks(path, data):
            yield Defect(leak.place, f"gives away {leak.what}", "take it out of what students get")


def _mutants(
    scope: Scope, assignments: Sequence[Assignment], shipped: Sequence[Rubric], progress: Progress
) -> Check:
    """Try the mutants of the reference, and hold what lives against what is explained."""
    folder = scope.home / "reference"
    path = folder / equivalent.FILE
    try:
        rows = equivalent.read(path)
    except UsageError as error:
        return Check("mutants", "", [of_error(error)])
    wanted = {one.rubric.table.id for one in assignments}
    # One rubric by itself cannot tell what it leaves out from what it is too weak for.
    places = [one.place for one in shipped if one.table.id not in wanted]
    others = _each(resources.assignment, places)[0]
    rubrics = [whole.in_own_words(one).rubric for one in (*assignments, *others)]
    found = trials.run(rubrics, folder, assignments[0].golden, progress).within(wanted)
    return mutants_row(found, rubrics, rows, path, scope.home, not scope.rubric)


def mutants_row(
    found: trials.MutantResults,
    rubrics: Sequence[Rubric],
    rows: Sequence[equivalent.Explained],
    path: Path,
    home: Path,
    all_rubrics: bool,
) -> Check:
    """Return what is said of the mutants that were tried.

    Where a strict rubric lets one live it is a problem, elsewhere a warning.
    """
    score = equivalent.score(found, rows, path, all_rubrics)
    alive = score.unexplained
    lines = proposals.run(alive, rubrics, home / "reference") if alive else {}
    strict = {one.table.id for one in rubrics if one.table.mutants == "strict"}
    problems = list(score.problems)
    warnings: list[Defect] = []
    for survivor in alive:
        problem = equivalent.lives(survivor, lines.get(survivor.mutant.key, ""))
        (problems if strict & set(survivor.rubrics) else warnings).append(problem)
    (problems if strict else warnings).extend(equivalent.too_few(score))
    looked_at = f"{score.killed} of {score.counted} cost a point ({score.share:.1%})"
    looked_at += f", {score.equivalent} as good as right"
    return Check("mutants", looked_at, problems, warnings=warnings)


def _submissions(
    home: Path, assignments: Sequence[Assignment], progress: Progress
) -> Iterator[Check]:
    """Grade all submissions of a known score; yield a row for each kind."""
    try:
        tried, broken = whole.submissions(home, assignments)
    except BackgradeError as error:
        yield Check("submissions", "", [of_error(error)])
        return
    wrong = whole.run(tried, progress)
    for kind in dict.fromkeys(trial.kind for trial in tried):
        places = {trial.place for trial in tried if trial.kind == kind}
        problems = [one for one in wrong if one.place in places]
        yield Check(kind, counted(len(places), "submission"), problems)
    if broken:
        yield Check("submissions", "", broken)
    if not (home / FOLDER).is_dir():
        yield Check("accepted, wrong", "", left_out=f"no {FOLDER}/ here")
