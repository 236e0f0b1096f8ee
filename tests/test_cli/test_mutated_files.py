"""Rubrics, golden files and results that are broken: one line, by the contract, or as if whole.

Uploads are in tests/test_submission/test_mutated_uploads.py.
"""

from __future__ import annotations

import functools
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from grader import resources
from grader.errors import BackgradeError, GoldenError, GraderFault, RubricError, UsageError
from grader.golden import misconceptions
from grader.golden.bands import Bands
from grader.golden.misconceptions import Misconceptions
from grader.golden.store import Golden
from grader.grading.assignment import Assignment
from grader.report import result
from grader.report.export import classroom50, github, gradescope, junit
from grader.report.export.reading import read_result
from grader.rubric import reading
from tests.support.mutated_files import bytes_mutant, json_mutant, toml_mutant
from tests.test_cli.running import run
from tests.test_report import samples

pytestmark = pytest.mark.usefixtures("lent_box")

RUBRICS, GOLDEN, RESULTS, AT_ONCE = 2_500, 1_500, 1_500, 25
MOST_S = 5.0
ITEMS = ("adam", "sgd_momentum")
WHO = dict.fromkeys(
    ("CLASSROOM", "ASSIGNMENT", "USERNAME", "SUBMISSION_TAG"), "x"
)  # of Classroom 50


@functools.lru_cache(maxsize=1)
def rubric() -> Mapping[str, Any]:
    """Return the default rubric as one table."""
    return reading._read_merged(resources.rubric_path(resources.DEFAULT_RUBRIC), {}, ())


def reads_a_rubric(number: int, place: Path, assignment: Assignment) -> None:
    """Read a broken rubric, and hold it against the golden answers."""
    file = place / "broken.toml"
    file.write_bytes(toml_mutant(number, rubric()))
    found = reading.read_rubric(file)
    assignment.golden.check(found.cases, found.table.seed)


@functools.lru_cache(maxsize=1)
def golden() -> Mapping[str, bytes]:
    """Return golden files of a few items by path."""
    folder = resources.golden_folder()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    names = {f"{item}.npy" for item in ITEMS}
    manifest["files"] = {n: digest for n, digest in manifest["files"].items() if n in names}
    cases = manifest["cases"].items()
    manifest["cases"] = {name: case for name, case in cases if case["file"] in names}
    wrong = misconceptions.FOLDER
    rest = [
        *sorted(names),
        "curves.json",
        f"{wrong}/manifest.json",
        f"{wrong}/{misconceptions.ARRAYS}",
    ]
    files = {name: (folder / name).read_bytes() for name in rest}
    return {"manifest.json": json.dumps(manifest).encode(), **files}


def reads_golden_files(number: int, place: Path, assignment: Assignment) -> None:
    """Read golden files of which one is broken, as grading does."""
    files = dict(golden())
    name = sorted(files)[number % len(files)]
    is_json = name.endswith(".json")
    broken = json_mutant(number, json.loads(files[name])) if is_json else None
    files[name] = bytes_mutant(number, files[name]) if broken is None else broken
    reads_golden(files, place, assignment)


def reads_golden(files: Mapping[str, bytes], place: Path, assignment: Assignment) -> None:
    shutil.rmtree(place / "golden", ignore_errors=True)
    for path, data in files.items():
        (place / "golden" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "golden" / path).write_bytes(data)
    found = Golden.read(place / "golden")
    cases = tuple(case for case in assignment.rubric.cases if case.item in ITEMS)
    found.check(cases, assignment.rubric.table.seed)
    for case in cases:
        found.expected(case)
    known = Misconceptions.read(place / "golden" / misconceptions.FOLDER, found.reference)
    for item in ITEMS:
        for variant in known.answers(item):
            known.explanation(variant.partition("+")[0])
    bands = Bands.read(place / "golden", assignment.rubric.table.data.synthetic, False)
    bands.beside(samples.report().trained)


@functools.lru_cache(maxsize=1)
def results() -> tuple[Any, ...]:
    """Return whole results, as JSON has them."""
    made = (samples.report(), samples.report(samples.item(0)))
    return tuple(json.loads(result.write(one)) for one in made)


def writes_exports(number: int, place: Path, _: Assignment) -> None:
    """Read a broken result, and write it for all who may read it."""
    (place / "result.json").write_bytes(json_mutant(number, results()[number % 2]))
    found = read_result(place)
    for write in (gradescope.write, github.summary, github.annotations):
        assert write(found).encode()
    ElementTree.fromstring(junit.write(found))
    json.loads(classroom50.write(found, WHO))


Reads = Callable[[int, Path, Assignment], None]
KINDS: dict[str, tuple[int, Reads, tuple[type[BackgradeError], ...]]] = {
    "rubric": (RUBRICS, reads_a_rubric, (RubricError, GoldenError)),
    "golden": (GOLDEN, reads_golden_files, (GoldenError,)),
    "result": (RESULTS, writes_exports, (UsageError, GraderFault)),
}


@pytest.mark.parametrize(
    ("kind", "start"),
    [(kind, n) for kind, (many, *_) in KINDS.items() for n in range(0, many, AT_ONCE)],
)
@pytest.mark.long_trial(0.02)
def test_a_broken_file_of_ours_ends_in_one_line(
    kind: str, start: int, tmp_path: Path, assignments: dict[str, Assignment]
) -> None:
    _, reads, allowed = KINDS[kind]
    refused = 0
    for number in range(start, start + AT_ONCE):
        began = time.process_time()
        try:
            reads(number, tmp_path, assignments[resources.DEFAULT_RUBRIC])
        except allowed as error:
            assert str(error).strip() and "\n" not in str(error), (number, str(error))
            refused += 1
        assert time.process_time() - began < MOST_S, number
    assert refused > 0


DEEP, LONG = b"[" * 5_000, b"9" * 5_000


@pytest.mark.parametrize("data", [b"a = " + DEEP, b"a = " + LONG, b"[items]\nid = 'a'", b"\xff"])
def test_a_rubric_that_is_too_deep_or_too_long_is_told(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_bytes(data)
    with pytest.raises(RubricError, match="broken.toml: "):
        reading.read_rubric(tmp_path / "broken.toml")


def test_an_option_that_is_too_deep_is_told(tmp_path: Path) -> None:
    """TOML and the records take it; what says a rubric's hash does not."""
    text = "[[items]]\nid = 'adam'\n[[items.cases]]\nid = 'deep'\noptions = { a = %s1%s }\n"
    base = resources.rubric_path(resources.DEFAULT_RUBRIC)
    shutil.copytree(base.parent, tmp_path / "rubrics")
    path = tmp_path / "rubrics" / "broken.toml"
    path.write_text("extends = 'cs231n-a2'\nid = 'broken'\n" + text % ("[" * 300, "]" * 300))
    with pytest.raises(RubricError, match="broken.toml"):
        reading.read_rubric(path)


@pytest.mark.parametrize("data", [DEEP, LONG, b"{}", b"[]", b'{"form": 1, "synthetic": []}'])
@pytest.mark.parametrize("name", ["manifest.json", "curves.json", "wrong/manifest.json"])
def test_a_golden_file_that_is_too_deep_or_of_another_form_is_told(
    name: str, data: bytes, tmp_path: Path, assignments: dict[str, Assignment]
) -> None:
    with pytest.raises(GoldenError, match=name.partition("/")[0]):
        reads_golden({**golden(), name: data}, tmp_path, assignments[resources.DEFAULT_RUBRIC])


@pytest.mark.parametrize("row", [[], [1], [[0], [0, "2"]], [[99], [0, [2]]], [["x"], 3]])
def test_a_wrong_answer_of_another_form_is_told(row: Any) -> None:
    manifest = {"mistakes": {"a": {}}, "variants": ["a"], "answers": {"adam": {"c": {"x": [row]}}}}
    known = Misconceptions(manifest, np.zeros(3))
    with pytest.raises(GoldenError, match="adam"):
        known.answers("adam")
    with pytest.raises(GoldenError, match="wrong answers to a"):
        known.explanation("a")


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("kind", ["rubric", "golden", "result"])
@pytest.mark.long_trial(0.05)
def test_the_whole_command_ends_by_the_contract(
    kind: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    arguments = ["demo/submission", "--notebooks=skip", f"-o{tmp_path / 'out'}"]
    codes = {0, 2, 3}
    if kind == "rubric":
        (tmp_path / "broken.toml").write_bytes(toml_mutant(number, rubric()))
        arguments.append(f"--rubric={tmp_path / 'broken.toml'}")
    elif kind == "golden":
        home = tmp_path / "home"
        for name in ("reference", "rubrics", "student_template"):
            shutil.copytree(resources.home() / name, home / name)
        file = home / "reference" / "golden" / "manifest.json"
        file.write_bytes(json_mutant(number, json.loads(file.read_bytes())))
        monkeypatch.setenv("BACKGRADE_HOME", str(home))
        codes = {0, 3}
    else:
        (tmp_path / "result.json").write_bytes(json_mutant(number, results()[0]))
        arguments = ["export", str(tmp_path), "--format", "gradescope"]
        codes = {0, 2}
    ended = run(monkeypatch, capfd, *arguments)
    assert ended.code in codes and "Traceback" not in ended.err, ended
    assert ended.err.count("\n") == (ended.code != 0), ended
    assert ended.code == 0 or not (tmp_path / "out").exists()
