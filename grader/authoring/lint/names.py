"""Does everything that is named exist, and is every part of every item failed by something?

Reading a rubric has found dangling probes, judges, needs and sections, and points that do not add
up; here is what it cannot see: the reference, the notebooks, the mistakes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from grader.authoring.fixtures import misconceptions
from grader.authoring.fixtures.misconceptions import Misconception, functions
from grader.authoring.fixtures.reference import of_package
from grader.authoring.lint import known_submissions
from grader.authoring.lint.checks import Check, Defect, counted, of_error
from grader.errors import BackgradeError, GoldenError, UsageError
from grader.notebooks import percent, questions
from grader.rubric.cases import Rubric
from grader.rubric.records import Item

Fails = Sequence[tuple[str, Mapping[str, Sequence[str]]]]  # place, item -> parts that must be lost


def points(rubrics: Sequence[Rubric]) -> Check:
    """Say what the points add up to: a rubric whose parts do not is refused when it is read."""
    said = {f"{sum(i.points for i in one.table.items if not i.bonus):g} points" for one in rubrics}
    counts = {len(one.cases) for one in rubrics}
    cases = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{min(counts)}"
    looked_at = f"{counted(len(rubrics), 'rubric')}, {cases} cases, {' or '.join(sorted(said))}"
    return Check("rubrics", looked_at)


def unreadable(home: Path) -> list[Defect]:
    """Return the files of the reference that are no Python: nothing can be looked at then."""
    problems = []
    paths = sorted((home / "reference" / "cs231n").rglob("*.py"))
    for path in paths:
        try:
            ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            where = f"{path}:{getattr(error, 'lineno', None) or 1}"
            problems.append(Defect(where, f"is no Python ({error})", "mend that line"))
    if not paths:
        place = str(home / "reference" / "cs231n")
        problems.append(Defect(place, "holds no file", "restore it, or set BACKGRADE_HOME"))
    return problems


def check(home: Path, rubrics: Sequence[Rubric], all_rubrics: bool) -> Check:
    """Look up every name that rubrics, mistakes and wrong submissions use."""
    known = _defined(home / "reference")
    asked, broken = _questions(home / "reference")
    problems = [*broken]
    for rubric in rubrics:
        for item in rubric.table.items:
            problems += _of_item(rubric, item, known, asked, home)
    items = {item.id for rubric in rubrics for item in rubric.table.items}
    try:
        usual = misconceptions.read(home / "reference")
    except GoldenError as error:
        usual, problems = (), [*problems, of_error(error)]
    fails: list[tuple[str, Mapping[str, Sequence[str]]]] = [(_place(u), u.fails) for u in usual]
    for path in known_submissions.wrong(home).values():
        try:
            wrong = known_submissions.wrong_submission(home, path)
            fails.append((str(path.relative_to(home)), wrong.fails))
        except UsageError as error:
            problems.append(of_error(error))
    if all_rubrics:
        problems += _of_mistakes(home, usual, fails, rubrics)
        problems += [
            Defect(f"reference/{one}", "is asked in no rubric", "add an item of kind 'question'")
            for one in sorted(asked - items)
        ]
    if usual:  # else it is said already that they cannot be read
        problems += not_failed(fails, rubrics)
    looked_at = f"{counted(len(items), 'item')}, {counted(len(fails), 'mistake')}"
    return Check("names", looked_at, problems)


def _of_item(
    rubric: Rubric, item: Item, known: dict[str, set[str]], asked: set[str], home: Path
) -> Iterator[Defect]:
    place = f"{rubric.place}: item '{item.id}'"
    file = item.file
    if item.kind == "code":
        name = item.function
        if file not in known:
            yield Defect(place, f"where: reference/cs231n has no {file}", "name one of its files")
        elif name not in known[file]:
            yield Defect(place, f"where: {file} has no {name!r}", "name a function or class of it")
        if not item.hints:
            yield Defect(place, "has no hints", "add three, each saying a little more")
        for _ in (hint for hint in item.hints if not hint.strip()):
            yield Defect(place, "has an empty hint", "write it, or take it out")
    elif not (home / "reference" / file.replace(".ipynb", ".py")).is_file():
        yield Defect(place, f"where: reference/ has no notebook {file!r}", "name one of it")
    elif item.kind == "question" and item.id not in asked:
        yield Defect(place, "no notebook of reference/ asks it", "correct its id, or write it")


def _defined(reference: Path) -> dict[str, set[str]]:
    """Return file -> functions and classes of the reference, by path inside the package."""
    folder = reference / "cs231n"
    found = {}
    for path in folder.rglob("*.py"):
        names = {name for name, _ in functions(path.read_text(encoding="utf-8"))}
        names |= {name.partition(".")[0] for name in names}
        found[path.relative_to(folder).as_posix()] = names
    return found


def _questions(reference: Path) -> tuple[set[str], list[Defect]]:
    """Return the ids of all inline questions of the notebooks, and what is wrong about them."""
    asked: set[str] = set()
    problems = []
    for path in sorted(reference.glob("*.py")):
        try:
            cells = percent.parse(path.read_text(encoding="utf-8"), path.name)
            questions.check(cells, path.stem)
        except BackgradeError as error:
            problems.append(of_error(error))
            continue
        asked |= {cell.tags[1] for cell in cells if questions.QUESTION in cell.tags}
    return asked, problems


def _of_mistakes(
    home: Path, usual: Sequence[Misconception], fails: Fails, rubrics: Sequence[Rubric]
) -> Iterator[Defect]:
    parts = _parts(rubrics)
    right = of_package(home / "reference" / "cs231n")
    for one in usual:
        try:
            misconceptions.applied(right, one.change)
        except GoldenError as error:
            yield Defect(_place(one), str(error).rpartition("; ")[0], "mend its `change`")
    for place, failed in fails:
        for item, names in failed.items():
            if not parts.get(item):
                yield Defect(place, f"names the item {item!r}, which is in no rubric", "rename it")
            for name in names:
                if parts.get(item) and name not in parts[item]:
                    known = ", ".join(parts[item])
                    yield Defect(place, f"{item} has no part {name!r}", f"name one of {known}")
    for one in usual:
        if one.item not in parts:
            yield Defect(_place(one), f"{one.item!r} is no item of a rubric", "rename the file")
        elif not one.fails.get(one.item) or not all(one.fails.values()):
            do = f"name one in fails.{one.item}"
            yield Defect(_place(one), "fails no part of its own item", do)


def _place(one: Misconception) -> str:
    return f"reference/misconceptions/{one.item}.toml: {one.id}"


def _parts(rubrics: Sequence[Rubric]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for rubric in rubrics:
        for item in rubric.table.items:
            if item.kind == "code":
                worth = [part.id for part in item.parts if part.points > 0]
                found.setdefault(item.id, {}).update(dict.fromkeys(worth))
    return {item: list(names) for item, names in found.items()}


def not_failed(fails: Fails, rubrics: Sequence[Rubric]) -> Iterator[Defect]:
    """Yield the parts that no known mistake fails: nobody has seen that a check can fail there."""
    failed = {(item, name) for _, one in fails for item, names in one.items() for name in names}
    for item, names in _parts(rubrics).items():
        for name in names:
            if (item, name) not in failed:
                yield Defect(
                    f"item '{item}', part '{name}'", "no known mistake fails it",
                    f"tell of one in reference/misconceptions/{item}.toml",
                )  # fmt: skip
