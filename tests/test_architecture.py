"""The house: which module may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

GRADER = Path(__file__).resolve().parent.parent / "grader"
# Each module or package belongs to a layer and imports from lower ones, or from its own package.
LAYERS = (
    ("types", "errors", "goals"),
    (
        "wire",
        "inputs",
        "parts",
        "upload",
        "layout",
        "percent",
        "ipynb",
        "png",
        "spool",
        "probes",
        "judges.tolerances",
        "marks",
        "ladder",
        "near",
        "bodies",
    ),
    ("archive", "generation", "judges", "questions", "worker", "images"),
    ("folder", "rubric", "box", "recompute", "bands"),
    ("score", "golden", "doctor", "reading", "evidence"),
    ("leaks", "written"),
    ("endings", "snippets"),
    ("intake", "session", "verdicts", "report", "training", "answers", "recordings"),
    ("observing",),
    ("needs",),
    ("follow", "measure", "notebooks"),
    ("diagnose", "consistent", "smallest", "grafted", "assignment"),
    ("trace",),
    ("folding",),
    ("consequence",),
    ("standing",),
    ("selfcheck", "engine", "exporters"),
    ("release",),
    ("shelf", "bands.build"),
    ("lint",),
    ("cli",),
    ("__main__",),
)
# The code that runs beside a student may know nothing that judges.
BESIDE_THE_STUDENT = {"wire", "errors", "probes", "worker"}
REPORT_READS = {"types", "errors", "report"}


def layer_of(name: str) -> int:
    for key in (name, name.partition(".")[0]):
        for number, names in enumerate(LAYERS):
            if key in names:
                return number
    raise AssertionError(f"grader/{name}: give it a place in LAYERS")


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(GRADER.rglob("*.py")):
        parts = path.relative_to(GRADER).with_suffix("").parts
        name = ".".join(p for p in parts if p != "__init__")
        if name:
            found.append((name, path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: import from grader by its full name"
            if node.module in (
                "grader",
                *(f"grader.{p.name}" for p in GRADER.iterdir() if p.is_dir()),
            ):
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            else:
                names.add(node.module)
    return {name.removeprefix("grader.") for name in names if name.startswith("grader.")}


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_module_imports_only_from_lower_layers(name: str, path: Path) -> None:
    package = name.partition(".")[0]
    for other in imports(path):
        if other.partition(".")[0] in (package, "__version__"):
            continue
        assert layer_of(other) < layer_of(name), (
            f"{name} imports {other} from its own layer or above"
        )


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_what_runs_beside_a_student_knows_nothing_that_judges(name: str, path: Path) -> None:
    if name.partition(".")[0] in BESIDE_THE_STUDENT:
        assert {other.partition(".")[0] for other in imports(path)} <= BESIDE_THE_STUDENT


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_report_reads_records_and_nothing_else(name: str, path: Path) -> None:
    if name.partition(".")[0] == "report":
        assert {other.partition(".")[0] for other in imports(path)} <= REPORT_READS


def test_only_golden_reaches_for_the_reference() -> None:
    for name, path in modules():
        if name.partition(".")[0] not in ("golden", "shelf", "release", "lint", "cli"):
            assert "reference" not in {i.partition(".")[0] for i in imports(path)}, name
            assert "golden.reference" not in imports(path), name
