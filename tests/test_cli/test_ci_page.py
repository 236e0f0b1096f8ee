"""docs/ci.md: the snippets are valid, and every command in them does what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest
import yaml

from tests.support import formats, handed_in, pages
from tests.support.formats import TEXT, closed

PAGE = "docs/ci.md"
RIGHT, WRONG, EMPTY = "right", "wrong", "empty"
WITHOUT = ("Without notebooks", "sh")
# What GitHub and GitLab know of the words that the snippets use; a misspelt one is refused.
STEP = closed(
    "", name=TEXT, uses={"type": "string", "pattern": r"^[\w-]+/[\w-]+@\S+$"}, run=TEXT,
    **{"if": TEXT, "with": {"type": "object"}, "env": {"type": "object"}},
) | {"oneOf": [{"required": ["uses"]}, {"required": ["run"]}]}  # fmt: skip
WORKFLOW = closed(
    "name on permissions jobs", name=TEXT,
    on=closed(
        "", push=closed("", paths={"type": "array", "items": TEXT}),
        workflow_dispatch={"type": "null"},
    ),
    permissions=closed("", contents={"enum": ["read", "none"]}),
    concurrency=closed("group", **{"group": TEXT, "cancel-in-progress": {"type": "boolean"}}),
    jobs={"type": "object", "minProperties": 1, "additionalProperties": closed(
        "runs-on timeout-minutes steps",
        **{"runs-on": {"pattern": r"^ubuntu-\d\d\.04$"}, "timeout-minutes": {"type": "integer"},
           "steps": {"type": "array", "items": STEP}},
    )},
)  # fmt: skip
GITLAB_JOB = closed(
    "script artifacts", image=closed("name", name=TEXT, entrypoint={"type": "array"}), timeout=TEXT,
    rules={"type": "array", "items": closed("", exists={"type": "array", "items": TEXT})},
    script={"type": "array", "items": TEXT}, after_script={"type": "array", "items": TEXT},
    coverage={"type": "string", "pattern": "^/.*/$"},
    artifacts=closed(
        "", when={"enum": ["always", "on_success", "on_failure"]}, expose_as=TEXT,
        paths={"type": "array", "items": TEXT}, reports=closed("", junit=TEXT),
    ),
)  # fmt: skip


def snippet(after: str, kind: str) -> str:
    """Return the first block of this kind below a heading."""
    page = (pages.ROOT / PAGE).read_text(encoding="utf-8")
    text = page[page.index(f"\n## {after}\n") :]
    return next(found[2] for found in pages.BLOCK.finditer(text) if found[1] == kind)


def workflow() -> Any:
    found = yaml.safe_load(snippet("GitHub Actions", "yaml"))
    found["on"] = found.pop(True)  # YAML 1.1 takes `on` for true, GitHub does not
    return found


def gitlab() -> Any:
    return yaml.safe_load(snippet("GitLab", "yaml"))


@dataclass
class Ran:
    """A job that was run: the exit code of each step by name, its log, and the folder."""

    place: Path
    codes: dict[str, int]
    logs: dict[str, str]

    def read(self, name: str) -> str:
        return (self.place / name).read_text(encoding="utf-8")


def submission(kind: str, target: Path) -> None:
    """Write submission.zip: a right one, one that loses points, or one with nothing in it."""
    from grader.release.bundle import zipped

    files = dict(handed_in.reference().files)
    if kind == WRONG:
        says = 'raise ValueError("##[error]no\\n::error::mine\\n::set-output name=a::b")'
        files = dict(handed_in.template().files)
        files["cs231n/layers.py"] += f"\n\ndef relu_forward(x):\n    {says}\n".encode()
    target.write_bytes(zipped({} if kind == EMPTY else files))


def holds(condition: str, place: Path, failed: bool) -> bool:
    """Decide `if:` as GitHub does, for the conditions that the page uses."""
    if not condition:
        return not failed
    known = "${{ !cancelled() && hashFiles('graded/result.json') != '' }}"
    assert condition == known, condition
    return (place / "graded" / "result.json").exists()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pages.copy_of_the_repository(tmp_path_factory.mktemp("ci") / "backgrade")


def on_github(kind: str, place: Path) -> Ran:
    """Run the steps of the workflow one after the other; a log has both streams, as there.

    The right one has no notebooks, and is graded as the page says for that.
    """
    graded, code_only = "grade submission.zip -o graded --fail-under 50", snippet(*WITHOUT).strip()
    shutil.rmtree(place / "graded", ignore_errors=True)
    submission(kind, place / "submission.zip")
    summary = place / "summary.md"
    summary.write_text("", encoding="utf-8")
    ran = Ran(place, {}, {})
    (job,) = workflow()["jobs"].values()
    for step in job["steps"]:
        failed = any(ran.codes.values())
        if "run" in step and holds(step.get("if", ""), place, failed):
            script = step["run"].replace(graded, code_only) if kind == RIGHT else step["run"]
            done = pages.shell(f"exec 2>&1\n{script}", place, GITHUB_STEP_SUMMARY=str(summary))
            ran.codes[step["name"]] = done.returncode
            ran.logs[step["name"]] = done.stdout
    return ran


@pytest.fixture(scope="module")
def jobs(clone: Path) -> Iterator[dict[str, Ran]]:
    found = {}
    for kind in (RIGHT, WRONG, EMPTY):
        ran = on_github(kind, clone)
        kept = clone.parent / kind
        shutil.copytree(clone / "graded", kept / "graded") if (clone / "graded").exists() else None
        kept.mkdir(exist_ok=True)
        shutil.copy(clone / "summary.md", kept / "summary.md")
        found[kind] = Ran(kept, ran.codes, ran.logs)
    yield found


def test_the_workflow_has_only_words_that_github_knows() -> None:
    jsonschema.validate(workflow(), WORKFLOW)
    (job,) = workflow()["jobs"].values()
    uploads = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert uploads[0]["with"]["path"] == "graded/" and "cancelled" in uploads[0]["if"]


def test_the_gitlab_job_has_only_words_that_gitlab_knows() -> None:
    (job,) = gitlab().values()
    jsonschema.validate(job, GITLAB_JOB)
    assert job["artifacts"]["reports"]["junit"].startswith(job["artifacts"]["paths"][0])


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (RIGHT, {"Install": 0, "Grade": 0, "Show": 0}),
        (WRONG, {"Install": 0, "Grade": 1, "Show": 0}),
        (EMPTY, {"Install": 0, "Grade": 2, "Show": 2}),
    ],
)
def test_the_job_passes_fails_and_shows_as_the_table_says(
    kind: str, codes: dict[str, int], jobs: dict[str, Ran]
) -> None:
    assert jobs[kind].codes == codes, jobs[kind].logs
    assert "Traceback" not in "".join(jobs[kind].logs.values())


def test_github_gets_the_score_an_annotation_for_each_item_and_the_summary(
    jobs: dict[str, Ran],
) -> None:
    right, wrong = jobs[RIGHT], jobs[WRONG]
    assert right.read("summary.md").startswith("## 64 of 64 points")
    commands = formats.workflow_commands(right.logs["Show"])
    assert [c.name for c in commands] == ["warning", "notice"]
    assert wrong.read("summary.md").startswith("## 0 of 100 points")
    errors = [c for c in formats.workflow_commands(wrong.logs["Show"]) if c.name == "error"]
    assert len(errors) == 10
    assert errors[2].properties["title"] == "relu_forward: stopped with an error"


def test_no_word_of_a_stranger_is_a_command_to_github(jobs: dict[str, Ran]) -> None:
    """Between the two lines of stop-commands the runner takes none but the word itself."""
    log = jobs[WRONG].logs["Grade"]
    start = re.search(r"^::stop-commands::(\w{64})$", log, re.M)
    assert start and log.count(start[1]) == 2 and log.rstrip().endswith(f"::{start[1]}::")
    assert "ValueError" in jobs[WRONG].read("summary.md")
    assert formats.workflow_commands(jobs[WRONG].read("summary.md")) == []
    shown = formats.workflow_commands(jobs[WRONG].logs["Show"])
    assert {c.name for c in shown} <= formats.ANNOTATION
    assert not [c for c in shown if c.data.startswith("mine")]


def test_junit_of_the_jobs_counts_what_was_lost(jobs: dict[str, Ran]) -> None:
    """Nineteen items of code are not right, and twenty items have no notebook."""
    for kind, failures in ((RIGHT, 0), (WRONG, 19 + 20)):
        found = junitparser.JUnitXml.fromstring(jobs[kind].read("graded/junit.xml").encode())
        assert (found.errors, found.failures) == (0, failures)


def gitlab_log(kind: str, place: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run script and after_script as a runner does, with the clone's grade in the path."""
    shutil.rmtree(place / "graded", ignore_errors=True)
    submission(kind, place / "submission.zip")
    path = f"{place}/.venv/bin:{os.environ['PATH']}"
    (job,) = gitlab().values()
    done = pages.shell("\n".join(job["script"]), place, "-eo", "pipefail", PATH=path)
    after = pages.shell("\n".join(job["after_script"]), place, "-eo", "pipefail", PATH=path)
    assert after.returncode == 0, after
    return done, job["coverage"].strip("/")


def test_gitlab_gets_junit_the_report_and_the_points(clone: Path) -> None:
    done, coverage = gitlab_log(RIGHT, clone)
    assert done.returncode == 0
    assert re.search(coverage, done.stdout, re.M)[1] == "64"  # type: ignore[index]
    for name in ("junit.xml", "report.html", "result.json"):
        assert (clone / "graded" / name).exists()


def test_classroom50_gets_its_file(clone: Path) -> None:
    submission(RIGHT, clone / "submission.zip")
    names = {"CLASSROOM": "c", "ASSIGNMENT": "a", "USERNAME": "ada", "SUBMISSION_TAG": "t"}
    path = f"{clone}/.venv/bin:{os.environ['PATH']}"
    done = pages.shell(snippet("Classroom 50", "sh"), clone, PATH=path, **names)
    assert done.returncode == 0, done
    data = json.loads((clone / "result.json").read_bytes())
    jsonschema.validate(data, formats.CLASSROOM50)
    assert (data["score"], data["max-score"]) == (6400, 10000)  # its notebooks are missing


def test_the_check_of_the_assignment_is_one_that_the_platform_test_runs() -> None:
    from tests.test_release.test_platforms import COMMANDS

    words = snippet("The assignment itself", "sh").split()[1:]
    assert tuple(words) in {one.arguments for one in COMMANDS}
