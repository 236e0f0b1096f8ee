"""The house: its packages by floor, what each promises, and who may import whom.

A package imports from lower floors only, and from itself. The table below is the plan; a package or
a module that it does not name fails, and so does a name that it lists and nothing bears.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.box import plan
from grader.notebooks import run_cache
from grader.release import modules as modules_of_selfcheck
from grader.release.selfcheck import children

GRADER = Path(__file__).resolve().parent.parent / "grader"
# floor -> package or module -> its promise
FLOORS: tuple[dict[str, str], ...] = (
    {
        "types": "the words: frozen records that all others pass on",
        "errors": "what stops a command, with what to do next",
    },
    {
        "guest": "all that is loaded beside the student, and nothing that knows an answer",
        "judges": "pure functions: arrays against arrays or properties, one Finding per output",
        "report": "one record in; terminal, JSON, HTML and export formats out",
    },
    {"rubric": "what is asked: parsed, checked, seeded; operations, cases, inputs"},
    {
        "submission": "from a stranger's path to bytes by name; what a person should look at",
        "box": "runs cases of one submission, confined, and returns Evidence; never hangs",
        "golden": "stored answers of the reference and of known mistakes, read only",
    },
    {
        "grading": "from evidence to verdicts, points and item results; training",
        "notebooks": "reads, runs, caches and writes notebooks; finds inline answers",
    },
    {"diagnosis": "why an item failed, on the smallest case; costs no point"},
    {
        "engine": "grade_one: one submission, from bytes to a Report",
        "release": "what people get, self-check included, and the proof that it holds no secret",
        "files": "files that commands write: whole or not at all",
        "resources": "where rubrics, reference, golden answers and template lie",
    },
    {
        "authoring": "what the author runs before the first submission: fixtures, lint",
        "staff": "the page for staff: each check that was not right, hidden ones too",
        "whole": "one submission with its notebooks: from its files to the files of its result",
    },
    {"course": "many submissions: read from a class's export, kept, graded, resumed"},
    {"cli": "arguments, files, exit codes, the one place that prints"},
    {"__main__": "python -m grader"},
)
MOST_FLOORS, MOST_ROOMS = 11, 36
# Beside the student's code nothing may know what judges; a report reads records and nothing else.
READS = {"guest": {"errors", "guest"}, "report": {"types", "errors", "report"}}
# Who may run the assignment's solution; the machine that grades need not hold it.
REFERENCE = "reference"
LONGEST_MODULE, LONGEST_FUNCTION = 350, 60  # lines


def modules() -> dict[str, Path]:
    """Return dotted name without "grader." -> file; a package has the name of its folder."""
    found = {}
    for path in sorted(GRADER.rglob("*.py")):
        parts = path.relative_to(GRADER).with_suffix("").parts
        if "handout" not in parts:  # these run in a student's folder
            found[".".join(part for part in parts if part != "__init__")] = path
    del found[""]
    return found


MODULES = modules()
ROOT_MODULE = GRADER / "__init__.py"


@dataclass(frozen=True)
class Source:
    """A file: the full name of each module that it imports, wherever it does so; its lengths."""

    imports: tuple[str, ...]
    lines: int
    functions: tuple[tuple[str, int], ...]


@functools.cache
def read(path: Path) -> Source:
    """Read a file, once for all tests."""
    text = path.read_text(encoding="utf-8")
    imports, functions = list[str](), list[tuple[str, int]]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in names if name.removeprefix("grader.") in MODULES]
            imports += inside or [node.module or ""]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append((node.name, (node.end_lineno or 0) - node.lineno + 1))
    return Source(tuple(imports), text.count("\n"), tuple(functions))


def ours(path: Path) -> set[str]:
    """Return what a file imports of this house, without "grader."."""
    return {
        name.removeprefix("grader.") for name in read(path).imports if name.startswith("grader.")
    }


def imported_by(code: str) -> set[str]:
    """Return the modules of ours that a piece of code imports, with "grader."."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    found = [(node.module or "", alias.name) for node in nodes for alias in node.names]
    inside = {f"{module}.{name}" for module, name in found if module == "grader.guest"}
    return inside | {module for module, _ in found if module not in ("grader.guest", "")}


def floor_of(name: str) -> int:
    top = name.partition(".")[0]
    for number, packages in enumerate(FLOORS, start=1):
        if top in packages:
            return number
    raise AssertionError(f"grader/{top}: give it a floor and a sentence in FLOORS")


def rises(name: str, path: Path) -> list[str]:
    """Return the imports of a module that do not come from a lower floor or its own package."""
    top = name.partition(".")[0]
    others = {other for other in ours(path) if other.partition(".")[0] != top}
    return sorted(other for other in others if floor_of(other) >= floor_of(name))


def solutions(name: str, path: Path) -> list[str]:
    """Return the imports that reach for the reference."""
    return sorted(one for one in read(path).imports if one.partition(".")[0] == REFERENCE)


def rooms() -> set[str]:
    """Return what stands by itself: top modules, packages, and inner ones that others import."""
    found = {name.partition(".")[0] for name in MODULES}
    packages = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    for name, path in MODULES.items():
        for other in ours(path):
            inner = {one for one in packages if other == one or other.startswith(f"{one}.")}
            found |= {one for one in inner if name != one and not name.startswith(f"{one}.")}
    return found


# One test for all modules: hundreds of tests of a millisecond take longer than what they do.
def test_a_module_imports_only_from_lower_floors() -> None:
    assert {n: found for n, path in MODULES.items() if (found := rises(n, path))} == {}


def test_nothing_imports_the_reference() -> None:
    """It is handed over as files: a solution that is imported could be anywhere."""
    assert {n: found for n, path in MODULES.items() if (found := solutions(n, path))} == {}


@pytest.mark.parametrize(("top", "allowed"), READS.items())
def test_a_package_reads_no_more_than_it_may(top: str, allowed: set[str]) -> None:
    for name, path in MODULES.items():
        if name.partition(".")[0] == top:
            assert {other.partition(".")[0] for other in ours(path)} <= allowed, name


def test_every_name_of_the_plan_exists_and_has_a_sentence() -> None:
    planned = {name: promise for floor in FLOORS for name, promise in floor.items()}
    assert set(planned) == {name.partition(".")[0] for name in MODULES}
    assert all(len(promise.split()) > 2 or name == "__main__" for name, promise in planned.items())
    assert len(planned) == sum(len(floor) for floor in FLOORS)


def test_the_house_stays_small() -> None:
    assert len(FLOORS) <= MOST_FLOORS
    assert len(rooms()) <= MOST_ROOMS, sorted(rooms())


def test_texts_that_name_modules_point_somewhere() -> None:
    """An import that moves takes these along only if somebody thinks of them."""
    names = {f"grader.{name}" for name in MODULES}
    files = {f"grader/{path.relative_to(GRADER).as_posix()}" for path in MODULES.values()}
    assert set(modules_of_selfcheck.STARTS) <= names
    assert set(modules_of_selfcheck.WITHHELD) <= files
    assert all((GRADER / name).exists() for name in (*plan.VISIBLE, *run_cache.OURS))
    for code in (children.ENTRY, plan.BOOT):
        assert imported_by(code) <= names and imported_by(code)


GUIDE = GRADER.parent / "docs" / "how-it-works.md"
LONGEST_GUIDE = 120  # lines


def test_the_guide_names_what_is_there() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_GUIDE
    named = re.findall(r"`((?!tests)[a-z_]+(?:/[a-z_]+)*\.py)(?:: ([A-Za-z_.]+))?`", text)
    assert len(named) > 30
    for file, name in named:
        paths = [GRADER / file, *GRADER.rglob(file)] if "/" not in file else [GRADER / file]
        code = "".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
        assert code, f"{GUIDE.name}: there is no {file}"
        last = name.rpartition(".")[2]
        defined = rf"^\s*(def|class) {last}\b|^{last}\b"
        assert not name or re.search(defined, code, re.MULTILINE), f"{file} has no {name}"


def test_pages_and_comments_name_files_that_are_there() -> None:
    root, ends = GRADER.parent, (".md", ".toml")
    files = (path for name in ("docs", "rubrics", "reference") for path in (root / name).rglob("*"))
    paths = [path for path in files if path.suffix in ends]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    named = {(name, path) for path, text in texts.items()
             for name in re.findall(r"\bgrader/[a-z_/]+\.py", text)}  # fmt: skip
    assert named
    assert [f"{path}: {name}" for name, path in named if not (root / name).is_file()] == []


def test_the_guide_has_every_floor() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for floor in FLOORS[:-1]:
        for name in floor:
            assert re.search(rf"`{name}(/|\.py)`", text), name


# The tests above can fail: a wrong module is seen for what it is.
WRONG = {
    "imports upwards": ("rubric.cases", "from grader.engine import grade_one", rises),
    "imports a whole package above": ("judges.values", "from grader import golden", rises),
    "imports its own floor": ("report.cards", "import grader.judges.values", rises),
    "imports upwards in a function": ("box.plan", "def f():\n    from grader import cli", rises),
    "imports the reference": ("engine", "import reference.cs231n.layers", solutions),
    "takes a name of the reference": ("engine", "from reference.cs231n import layers", solutions),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_import_is_found(what: str, tmp_path: Path) -> None:
    name, text, finds = WRONG[what]
    path = tmp_path / "module.py"
    path.write_text(text)
    assert len(finds(name, path)) == 1


def test_a_module_without_a_place_is_found() -> None:
    with pytest.raises(AssertionError, match="give it a floor"):
        floor_of("helpers.strings")


def too_long(path: Path) -> list[str]:
    """Return the functions of a file that are too long, and "" where the file is."""
    source = read(path)
    long = [""] if source.lines > LONGEST_MODULE else []
    return long + [name for name, lines in source.functions if lines > LONGEST_FUNCTION]


def test_modules_and_functions_are_short() -> None:
    assert {n: found for n, path in MODULES.items() if (found := too_long(path))} == {}


def test_what_is_too_long_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("def f():\n" + "    f()\n" * LONGEST_FUNCTION + "x = 1\n" * LONGEST_MODULE)
    assert too_long(path) == ["", "f"]
