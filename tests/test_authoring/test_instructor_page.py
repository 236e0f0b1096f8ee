"""docs/instructor.md, followed word by word on a copy of the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grader.rubric.reading import read_rubric
from tests.support import homes, pages, short_run
from tests.support.pages import ROOT

pytestmark = pytest.mark.together  # the whole page is followed for all tests here
PAGE = "docs/instructor.md"
DEMO = "correction-without-power"  # a mistake that the demo makes


@dataclass
class Walk:
    """A copy of the repository after all that the page asks for; what each shell block said."""

    place: Path
    said: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    def result(self, folder: str) -> Any:
        return json.loads((self.place / "graded" / folder / "result.json").read_bytes())


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """In a short run, a few of the usual mistakes are left once their answers are made anew."""
    walk = Walk(pages.copy_of_the_repository(tmp_path_factory.mktemp("clone") / "backgrade"))
    path = ""
    for block in pages.blocks(PAGE):
        if "grade fixtures build" in block.text and not short_run.EVERYTHING:
            homes.one_mistake_a_part(walk.place, DEMO)
        file = walk.place / block.file
        if block.kind == "diff":
            text = file.read_text(encoding="utf-8")
            file.write_text(pages.edited(text, block.text), encoding="utf-8")
        elif block.kind == "toml":
            assert not file.exists()
            file.write_text(block.text, encoding="utf-8")
        else:
            assert block.kind == "sh", block
            walk.said.append(pages.shell(path + block.text, walk.place))
            if "export PATH" in block.text:
                path = 'export PATH="$PWD/.venv/bin:$PATH"\n'
    yield walk


def test_every_command_of_the_page_ends_well(walk: Walk) -> None:
    assert len(walk.said) >= 5
    for done in walk.said:
        assert done.returncode == 0, done
        assert "Traceback" not in done.stderr


def test_the_new_points_function_and_case_are_in_the_result(walk: Walk) -> None:
    before = {item.id: item for item in read_rubric(ROOT / "rubrics/cs231n-a2.toml").table.items}
    items = {item["id"]: item for item in walk.result("submission")["items"]}
    assert items["relu_forward"]["possible"] == before["relu_forward"].points + 1
    # The demo was made before there was such a function: it is not there, which is nobody's crash.
    assert (items["leaky_relu"]["status"], items["leaky_relu"]["possible"]) == ("missing", 1.0)
    assert "leaky_relu" not in before
    assert items["adam"]["cause"]["id"] == f"adam/{DEMO}"  # with the new seed


def test_the_new_cases_have_golden_answers_by_the_new_seed(walk: Walk) -> None:
    old, new = (
        json.loads((folder / "reference/golden/manifest.json").read_bytes())
        for folder in (ROOT, walk.place)
    )
    assert set(new["cases"]) - set(old["cases"]) == {
        "affine_forward/tall", "leaky_relu/small_1x2", "leaky_relu/matrix", "leaky_relu/images"
    }  # fmt: skip
    hidden = "affine_forward/deep"
    assert old["cases"][hidden]["answers"] != new["cases"][hidden]["answers"]


def test_the_short_rubric_asks_for_less(walk: Walk) -> None:
    ids = {item["id"] for item in walk.result("short")["items"]}
    assert not {name for name in ids if name.startswith("dropout") or name.endswith(".dropout")}
    assert "leaky_relu" in ids


def test_the_release_has_the_new_function_without_its_solution(walk: Walk) -> None:
    with zipfile.ZipFile(walk.place / "release" / "student.zip") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("cs231n/layers.py")]
        layers = archive.read(name).decode()
    assert "def leaky_relu(x, slope=0.125):" in layers and "slope * x)" not in layers
    template = (walk.place / "student_template/cs231n/layers.py").read_text(encoding="utf-8")
    assert template == layers
    with zipfile.ZipFile(walk.place / "release" / "gradescope.zip") as archive:
        assert b"nine green umbrellas" in archive.read("backgrade/rubrics/cs231n-a2.toml")


LINT = """
import shutil, sys
from grader import resources
from grader.authoring import lint
from grader.authoring.lint import trials, whole

made = trials.mutants
trials.mutants = lambda files: [one for one in made(files) if one.function == "leaky_relu"]
home = resources.home()
names = {names} or [path.stem for path in sorted((home / "rubrics").glob("*.toml"))]
all_of_them = [resources.assignment(str(home / "rubrics" / f"{{one}}.toml")) for one in names]
row = lint._mutants(lint.Scope(home, "all"), all_of_them, [], lambda *_: None)
tried, broken = whole.submissions(home, all_of_them)
chosen = [one for one in tried if one.kind in ("template", "reference", "accepted", "wrong")
          or "leaky_relu" in one.place]
print(sorted({{one.kind for one in chosen}}), row.looked_at)
print(*row.problems, *row.warnings, *broken, *whole.run(chosen), sep="\\n")
"""


def test_lint_finds_nothing_wrong_after_the_steps_of_the_page(walk: Walk) -> None:
    """Its quick part has run with each release; here the mutants of the new function, and what
    whole submissions get, of which those in tests/ were made before there was such a function. In a
    short run the rubric that the page is about is asked.
    """
    names = [] if short_run.EVERYTHING else ["cs231n-a2"]
    for kind in ("accepted/compact", "accepted/year2017", "wrong/adam"):
        folder = f"tests/submissions/{kind}"
        shutil.copytree(ROOT / folder, walk.place / folder)
    done = pages.shell(f".venv/bin/python -c '{LINT.format(names=json.dumps(names))}'", walk.place)
    assert done.returncode == 0, done
    first, _, found = done.stdout.partition("\n")
    assert "'accepted', 'reference', 'template', 'usual mistake', 'wrong'" in first
    assert "9 of 9 cost a point (100.0%), 1 as good as right" in first
    assert found.strip() == ""


def test_the_exports_are_written_and_the_summary_printed(walk: Walk) -> None:
    (said,) = [done.stdout for done in walk.said if "github-summary" in str(done.args)]
    assert said.startswith("## ") and "leaky" in said
    for name in ("results.json", "junit.xml"):
        assert (walk.place / "graded" / "ada" / name).stat().st_size > 1000
