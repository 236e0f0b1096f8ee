"""The image: small, root's own, grades in every kind of container, and the box holds in there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.docker.containers import (
    CONTAINERS,
    IMAGE,
    UNCONFINED,
    WITH_TESTS,
    Container,
    docker,
    run,
)
from tests.support.handed_in import ROOT
from tests.test_engine.test_hostile import REACHES_OUT

pytestmark = pytest.mark.skipif(
    not IMAGE, reason="NOT TESTED in containers: `make test-docker` builds the image and runs these"
)
AS_IT_COMES, AS_ROOT = CONTAINERS["as it comes"], CONTAINERS["root"]
HOME = "/opt/backgrade"
ALL = ("root", "uid 1000")  # every hostile submission; in the others those that reach out
NOT_AS_ROOT = ("limits_lifted", "root_again")  # they also ask not to be root by name
SCORE = "tests/test_engine/test_hostile.py::test_a_hostile_submission_gets_its_true_score"
# Boxes of other kinds, and a user whom the image does not let read the answers.
OTHERS = "not bubblewrap- and not proc- and not none- and not ordinary"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder to mount, with the demo in it, that every user may write in."""
    shutil.copytree(ROOT / "demo" / "submission", tmp_path / "hw")
    tmp_path.chmod(0o777)
    return tmp_path


def graded(one: Container, work: Path, *words: str) -> dict[str, Any]:
    done = run(one, ("hw", "-o", "out", *words), "--volume", f"{work}:/work")
    assert done.returncode == 0, done.stderr
    assert (work / "out" / "report.html").stat().st_size > 10_000
    return json.loads((work / "out" / "result.json").read_text())  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------ the image itself


def test_it_is_small_and_not_for_root() -> None:
    size, user = docker("inspect", "--format", "{{.Size}} {{.Config.User}}", IMAGE).stdout.split()
    assert int(size) < 365e6
    assert user == "10001:0"


def test_answers_are_for_root_and_its_group_only() -> None:
    where = [f"{HOME}/rubrics", f"{HOME}/reference"]
    argv = [*where, "-printf", "%U:%G %m %p\\n"]
    lines = run(AS_ROOT, argv, entrypoint="find").stdout.splitlines()
    assert len(lines) > 20 and any(line.endswith("golden/manifest.json") for line in lines)
    assert {line.rpartition(" ")[0] for line in lines} == {"0:0 640", "0:0 750"}


def test_the_user_of_the_image_can_write_nothing_but_its_folder() -> None:
    """Also where nobody said --read-only: the mode of each file protects it."""
    argv = ["run", "--rm", "--network", "none", "--entrypoint", "find", IMAGE, "/", "-xdev"]
    argv += ["-writable", "-not", "-type", "l", "-not", "-path", "/proc/*"]
    found = set(docker(*argv).stdout.split())
    assert found == {"/work", "/tmp", "/var/tmp", "/run/lock"}


def test_no_compiler_no_package_lists_no_tests() -> None:
    script = f"ls /var/lib/apt/lists /var/cache/apt; ls {HOME}; command -v gcc make git curl"
    done = run(AS_IT_COMES, ["-c", script], entrypoint="sh")
    names = {name for name in done.stdout.split() if not name.startswith("/var/")}
    made_from = {"grader", "reference", "rubrics", "student_template", "docs", "requirements.lock"}
    made_from |= {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE"}
    assert names == made_from


@pytest.mark.parametrize("how", [("--jobs", "2"), ("--dask", "local", "--jobs", "1")])
def test_a_class_is_graded(how: tuple[str, ...], work: Path) -> None:
    for login in ("ada", "ben"):
        shutil.copytree(work / "hw", work / "class" / login)
    words = ("class", "class", "-o", "out", "--notebooks", "skip", "--yes", *how)
    done = run(AS_IT_COMES, words, "--volume", f"{work}:/work")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 students graded" in done.stdout


def test_a_user_who_may_not_read_the_answers_is_told_what_to_do(work: Path) -> None:
    done = run(Container(("--user", "1000:1000"), ()), ("hw",), "--volume", f"{work}:/work")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "may not read it" in done.stderr and "--group-add 0" in done.stderr


# ------------------------------------------------------------------------------ every container


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_demo_is_graded_and_the_report_says_how_it_was_confined(name: str, work: Path) -> None:
    one = CONTAINERS[name]
    result = graded(one, work)
    assert result["box"] == {"outer": one.outer, "inner": list(one.inner), "isolated": True}
    assert 0 < result["score"]["earned"] < result["score"]["possible"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_doctor_is_right(name: str) -> None:
    one = CONTAINERS[name]
    done = run(one, ("doctor",))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Isolated: student code is confined here ({_listed(one)})." in done.stdout
    layer = {
        "": "- bubblewrap not here", "fresh": ", a /proc of its own",
        "host": ", the system's /proc, read-only",
    }[one.proc]  # fmt: skip
    assert layer in done.stdout
    no_program = "there is no bwrap" in done.stdout
    assert no_program == bool(one.without)


def _listed(one: Container) -> str:
    return ", ".join([*(["bubblewrap"] if one.proc else []), *one.inner])


@pytest.mark.parametrize("name", CONTAINERS)
def test_hostile_submissions_are_contained(name: str) -> None:
    one = CONTAINERS[name]
    mode = "bubblewrap" if one.proc else "landlock"
    names = [each for each in REACHES_OUT if not (one.stays_root and each in NOT_AS_ROOT)]
    chosen = [f"{SCORE}[{mode}-{each}]" for each in names]
    done = run(
        one, ["-n", "2", *([SCORE.partition("::")[0], "-k", OTHERS] if name in ALL else chosen)],
        "--tmpfs", "/tmp", image=WITH_TESTS, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    count = int(done.stdout.rpartition(" passed")[0].split()[-1])
    assert count > 150 if name in ALL else count == len(names)


# ------------------------------------------------------------------------------ answers

READER = """

def relu_forward(x):
    import os
    known = {known!r}
    words = ("golden", "manifest", "rubric", "reference")
    opened, tried, below = [], 0, ("", "/proc/1/root", "/proc/self/root", "/proc/%d/root" % os.getppid())

    def attempt(path):
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError:
            return
        opened.append(path)

    for path in known:
        for top in below:
            tried += 1
            attempt(top + path)
    for path in ("/proc/1/environ", "/proc/1/mem", "/proc/%d/mem" % os.getppid()):
        attempt(path)
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
        for name in names:
            if any(word in name.lower() for word in words):
                tried += 1
                attempt(os.path.join(folder, name))
    raise ValueError("tried %d, opened %d %s" % (tried, len(opened), opened[:3]))
"""  # noqa: E501


@pytest.fixture(scope="module")
def answers() -> list[str]:
    """Every file of answers in the image."""
    argv = [f"{HOME}/rubrics", f"{HOME}/reference", "-type", "f"]
    return run(AS_ROOT, argv, entrypoint="find").stdout.split()


def what_it_read(one: Container, work: Path, answers: list[str], *words: str) -> str:
    layers = work / "hw" / "cs231n" / "layers.py"
    layers.write_text(layers.read_text() + READER.format(known=answers))
    items = {item["id"]: item for item in graded(one, work, *words)["items"]}
    said = " ".join(fault["says"] for fault in items["relu_forward"]["faults"])
    tried = int(said.partition("tried ")[2].partition(",")[0])
    assert tried >= 4 * len(answers), said
    return said


@pytest.mark.parametrize("name", CONTAINERS)
def test_student_code_can_read_no_answer(name: str, work: Path, answers: list[str]) -> None:
    assert len(answers) > 20
    assert "opened 0 []" in what_it_read(CONTAINERS[name], work, answers)


def test_without_a_box_roots_answers_are_still_closed(work: Path, answers: list[str]) -> None:
    """A child of root becomes a user of no group: the mode of the files is a layer of its own."""
    assert "/opt" not in what_it_read(AS_ROOT, work, answers, "--box", "none")


def test_without_a_box_the_answers_of_others_are_open(work: Path, answers: list[str]) -> None:
    """The same code, unconfined, does read them: the tests above can fail."""
    assert "['/opt/backgrade/" in what_it_read(AS_IT_COMES, work, answers, "--box", "none")


# ------------------------------------------------------------------------------ process 1

ORPHANS = """
import os
from grader.box.plan import choose
from tests.test_box import test_box as box

def processes():
    return {name for name in os.listdir("/proc") if name.isdigit()}

plan = choose()
before = processes()  # with what bubblewrap left behind after its trial
for _ in range(5):
    with box.Worker(plan) as worker:
        worker.open(box.job("import time; time.sleep(60)"), box.soon(60))
        rows, inputs = box.cases()
        try:
            list(worker.run(rows, inputs, box.soon(0.3)))
        except box.Late:
            pass
print(os.getpid(), processes() - before)
"""


@pytest.mark.parametrize("flags", [(), UNCONFINED], ids=["seccomp", "seccomp off"])
def test_process_1_leaves_no_dead_child_behind(flags: tuple[str, ...]) -> None:
    one = Container(flags, ())
    done = run(one, ["-P", "-c", ORPHANS], image=WITH_TESTS, entrypoint="python")
    assert done.stdout.strip() == "1 set()", done.stdout + done.stderr
