"""The `grade` command: what it writes, what it prints, and what it ends with. Never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import grader
from grader import cli, whole
from grader.report import result
from tests.support import classes, commands, homes, shared, short_run
from tests.support.assignments import ask_for

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference" / "cs231n"
TEMPLATE = ROOT / "student_template" / "cs231n"
RIGHT_DB = "    dw = rows.T @ dout\n    db = dout.sum(axis=0)\n"
WRONG_DB = "    dw = rows.T @ dout\n    db = dout.mean(axis=0)\n"


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    out: str
    err: str

    def refuses(self, code: int, *says: str) -> None:
        """Assert this exit code, nothing on stdout, and one clear line on stderr."""
        assert self.code == code, self
        assert "Traceback" not in self.err + self.out
        assert self.out == ""
        assert self.err.endswith("\n") and self.err.count("\n") == 1, self.err
        assert self.err.startswith("grade: "), self.err
        for word in says:
            assert word in self.err


Grade = Callable[..., Ended]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, with the shipped files."""
    monkeypatch.delenv("BACKGRADE_HOME", raising=False)
    monkeypatch.delenv("BACKGRADE_DEBUG", raising=False)
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def grade(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lent_box: None
) -> Grade:
    """Run the command line in this process, in a box that is there: grade("hw.zip", "--json")."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["grade", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a few items of each rubric, where it is not the items that matter."""
    ask_for(monkeypatch, "affine_backward", "relu_forward", "sgd_momentum")


def in_a_process(*arguments: object, **environment: str) -> Ended:
    """Run `python -P -m grader`: as a user does, without the current folder on the path."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "grader", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def package(folder: Path, source: Path = REFERENCE) -> Path:
    """Lay a whole submission out as folder/cs231n."""
    shutil.copytree(source, folder / "cs231n", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name}: {old!r} is there {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def zipped(folder: Path, name: str) -> Path:
    with zipfile.ZipFile(name, "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return Path(name)


@pytest.fixture
def right(workplace: Path) -> Path:
    return package(workplace / "right")


@pytest.fixture
def unwritten(workplace: Path) -> Path:
    return package(workplace / "unwritten", TEMPLATE)


@pytest.fixture
def wrong(workplace: Path) -> Path:
    return with_two_mistakes(workplace / "wrong")


def with_two_mistakes(place: Path) -> Path:
    """One wrong part (db), and one function that raises."""
    folder = package(place)
    edit(folder / "cs231n" / "layers.py", RIGHT_DB, WRONG_DB)
    edit(folder / "cs231n" / "layers.py", "return np.maximum(0, x), x", "return maximum(x), x")
    return folder


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of three submissions, and what a pipe got of them: to be read only."""
    return shared.made_once(tmp_path_factory, "graded by the command", grade_three)


def grade_three(place: Path) -> None:
    """Grade a right, a wrong and an unwritten submission; keep stdout beside the result.

    The wrong one is graded by a process, with a pipe for its output.
    """
    handed_in = place / "handed in"
    package(handed_in / "right")
    with_two_mistakes(handed_in / "wrong")
    package(handed_in / "unwritten", TEMPLATE)
    for folder in handed_in.iterdir():
        command = in_a_process if folder.name == "wrong" else commands.run
        done = command(folder, "-o", place / folder.name)
        assert (done.code, done.err) == (0, "")
        (place / folder.name / "stdout").write_text(done.out, encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that is shipped, to be damaged."""
    place = homes.whole(tmp_path / "home")
    monkeypatch.setenv("BACKGRADE_HOME", str(place))
    return place


@pytest.fixture
def small_home(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home of which fixtures are built in a second, to be damaged."""
    made = shared.made_once(tmp_path_factory, "small home", homes.small)
    place = shutil.copytree(made, tmp_path / "small home")
    monkeypatch.setenv("BACKGRADE_HOME", str(place))
    return place


def read(folder: Path | str) -> dict[str, Any]:
    return json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


# -------------------------------------------------------------------------------- grading


@pytest.mark.usefixtures("brief")
def test_a_first_word_that_is_no_command_is_a_submission(grade: Grade, right: Path) -> None:
    done = grade("right")
    assert (done.code, done.err) == (0, "")
    assert sorted(p.name for p in Path("graded/right").iterdir()) == ["report.html", "result.json"]
    assert "graded/right/report.html" in done.out


def test_a_notebook_that_is_missing_counts_unless_the_grader_was_told_to_skip_notebooks(
    grade: Grade, right: Path
) -> None:
    names = ["FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb"]
    first, *_ = grade("right").out.splitlines()
    found = read("graded/right")
    score = found["score"]
    assert (score["earned"], score["possible"], score["pending"]) == (64, 100, 0)
    listed = f"{names[0]}, {names[1]} and {names[2]} not handed in, 36 points to earn"
    assert first == f"64 of 100 points · {listed}"
    assert listed in Path("graded/right/report.html").read_text(encoding="utf-8")
    lost = {item["id"]: item["status"] for item in found["items"] if not item["earned"]}
    assert set(lost.values()) == {"missing"} and len(lost) == 20
    assert [book["status"] for book in found["notebooks"]] == ["missing"] * 3

    first, *_ = grade("right", "--notebooks", "skip").out.splitlines()
    score = read("graded/right")["score"]
    assert (score["earned"], score["possible"], score["pending"]) == (64, 64, 0)
    assert first == "64 of 64 points, code only · Everything that was graded is right"


@pytest.mark.parametrize(
    "arguments",
    [("right", "--json"), ("--json", "right"), ("submission", "right", "--json"),
     ("--rubric", "cs231n-a2", "right", "--json"), ("./right", "--json"), ("right/", "--json")],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.usefixtures("brief")
def test_options_may_stand_before_or_after_the_submission(
    arguments: tuple[str, ...], grade: Grade, right: Path
) -> None:
    done = grade(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out == Path("graded/right/result.json").read_text(encoding="utf-8")


@pytest.mark.usefixtures("brief")
def test_a_submission_named_like_a_command_is_graded_by_its_path(
    grade: Grade, workplace: Path
) -> None:
    package(workplace / "release")
    assert grade("./release").code == 0
    assert read("graded/release")["submission"]["name"] == "release"


NAMES = {
    # name of the zip: folder under graded/
    "hw.zip": "hw",
    "My homework (2).zip": "My homework (2)",
    "Müller.ZIP": "Müller",
    "a;b&$(c).zip": "a_b__(c)",
    "..zip": "submission",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("brief")
def test_the_report_lies_in_a_folder_named_after_the_zip(
    name: str, grade: Grade, right: Path
) -> None:
    assert grade(zipped(right, name)).code == 0
    assert [path.name for path in Path("graded").glob("[!.]*")] == [NAMES[name].replace("$", "_")]
    assert read(Path("graded") / NAMES[name])["score"]["earned"] > 0


@pytest.mark.usefixtures("brief")
def test_o_says_where_the_report_goes_and_an_older_one_is_replaced(
    grade: Grade, right: Path, unwritten: Path
) -> None:
    assert grade("right", "-o", "deep/down/here").code == 0
    assert read("deep/down/here")["score"]["earned"] > 0
    assert grade("unwritten", "-o", "deep/down/here").code == 0
    assert read("deep/down/here")["score"]["earned"] == 0
    assert not Path("graded").exists()


@pytest.mark.usefixtures("brief")
def test_json_prints_result_json_and_nothing_else(grade: Grade, wrong: Path) -> None:
    done = grade("wrong", "--json")
    assert done.out == Path("graded/wrong/result.json").read_text(encoding="utf-8")
    assert json.loads(done.out)["schema"] == "backgrade/result/1"
    assert done.err == ""


def test_a_pipe_gets_plain_lines(graded: Path) -> None:
    out = (graded / "wrong" / "stdout").read_text(encoding="utf-8")
    assert "\x1b" not in out and "affine" in out.lower()
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("name", ["cs231n-a2", "cs231n-a2-2016", "cs231n-a2-2017"])
def test_a_rubric_is_given_by_name(name: str, grade: Grade, right: Path) -> None:
    assert grade("right", "--rubric", name).code == 0
    assert read("graded/right")["rubric"]["id"] == name


def test_a_rubric_is_given_by_file(grade: Grade, right: Path) -> None:
    shutil.copytree(ROOT / "rubrics", "mine")
    edit(Path("mine/cs231n-a2.toml"), 'id = "cs231n-a2"', 'id = "mine"')
    assert grade("right", "--rubric", "mine/cs231n-a2.toml").code == 0
    assert read("graded/right")["rubric"]["id"] == "mine"


def test_files_beside_the_submission_are_never_imported_by_us(right: Path) -> None:
    """Neither by the command nor by the worker that it starts."""
    for name in ("grader.py", "numpy.py", "json.py", "rich.py", "sitecustomize.py"):
        Path(name).write_text("raise SystemExit('imported a file of the student')\n")
    few = str(homes.brief(Path("home").resolve(), *homes.SOME))
    done = in_a_process("right", "--notebooks", "skip", BACKGRADE_HOME=few)
    assert (done.code, done.err) == (0, "")
    score = read("graded/right")["score"]
    assert score["earned"] == score["possible"]


# --------------------------------------------------------------------------- --fail-under


@pytest.mark.parametrize(
    ("submission", "below", "code"),
    [("right", "100", 0), ("right", "0", 0), ("unwritten", "0", 0), ("unwritten", "0.5", 1),
     ("unwritten", "100", 1), ("wrong", "1", 0), ("wrong", "99.9", 1)],
)  # fmt: skip
@pytest.mark.usefixtures("brief")
def test_fail_under_decides_between_0_and_1(
    submission: str, below: str, code: int, grade: Grade, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(submission)
    done = grade(submission, "--fail-under", below, "--notebooks", "skip")
    assert done.code == code
    assert done.err.startswith(f"--fail-under {below}: ") if code else not done.err
    assert Path("graded", submission, "report.html").exists()


def test_points_that_wait_for_a_person_are_not_earned_and_fail_under_says_so(
    grade: Grade, right: Path
) -> None:
    book = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (right / "Dropout.ipynb").write_text(json.dumps(book))
    done = grade("right", "--fail-under", "65")
    assert (done.code, done.err) == (1, (
        "--fail-under 65: 64 of 100 points (64.0 %) are earned; 4.8 that wait for a person "
        "are not\n"
    ))  # fmt: skip
    assert grade("right", "--fail-under", "64").code == 0


def test_executed_notebooks_and_their_pages_lie_beside_the_report(
    grade: Grade, right: Path
) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": text} for text in ("1", "", "1/0")]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (right / "Dropout.ipynb").write_text(json.dumps(book))
    (right / "FullyConnectedNets.ipynb").write_text("{")
    assert grade("right").code == 0
    folder = Path("graded/right")
    assert sorted(path.name for path in folder.iterdir()) == [
        "Dropout.html", "Dropout.ipynb", "report.html", "result.json",
    ]  # fmt: skip
    page, report = ((folder / name).read_text() for name in ("Dropout.html", "report.html"))
    assert 'href="Dropout.html#cell-3">code cell 3, In [2]</a>: stopped with an error' in report
    assert "FullyConnectedNets.html" not in report and "There is no page of it" in report
    assert 'id="cell-3"' in page and "1/0</mark>" in page and 'href="report.html"' in page
    pages = {book["name"]: book["page"] for book in read("graded/right")["notebooks"]}
    assert pages["Dropout.ipynb"] == "Dropout.html" and pages["FullyConnectedNets.ipynb"] == ""


def test_fail_under_is_met_by_exactly_that_share(grade: Grade, wrong: Path, graded: Path) -> None:
    score = read(graded / "wrong")["score"]
    share = 100 * score["earned"] / score["possible"]
    assert 0 < share < 100
    assert grade("wrong", "--fail-under", repr(share)).code == 0
    assert grade("wrong", "--fail-under", repr(share + 0.01)).code == 1


# ------------------------------------------------------------------- exit 2: cannot be used


def write(name: str, data: bytes) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


JUNK = bytes(range(256)) * 40
USELESS: dict[str, tuple[str, Callable[[], Any]]] = {
    # what is handed in: (name, how it comes to be there)
    "nothing": ("nothing.zip", lambda: None),
    "an empty name": ("", lambda: None),
    "an empty file": ("hw.zip", lambda: write("hw.zip", b"")),
    "binary junk": ("hw.zip", lambda: write("hw.zip", JUNK)),
    "junk that starts like a zip": ("hw.zip", lambda: write("hw.zip", b"PK\x03\x04" + JUNK)),
    "a rar": ("hw.rar", lambda: write("hw.rar", b"Rar!\x1a\x07\x01\x00" + JUNK)),
    "a gzip": ("hw.tar.gz", lambda: write("hw.tar.gz", b"\x1f\x8b\x08\x00" + JUNK)),
    "a text": ("hw.py", lambda: write("hw.py", b"print('hello')\n")),
    "an empty folder": ("hw", lambda: Path("hw").mkdir()),
    "a folder without layers.py": ("hw", lambda: write("hw/cs231n/optim.py", b"x = 1\n")),
    "a zip without layers.py": (
        "hw.zip", lambda: zipfile.ZipFile("hw.zip", "w").writestr("notes.txt", "hello")),
    "an empty zip": ("hw.zip", lambda: zipfile.ZipFile("hw.zip", "w").close()),
    "a link that leads nowhere": ("hw.zip", lambda: Path("hw.zip").symlink_to("gone.zip")),
    "a pipe": ("hw.zip", lambda: os.mkfifo("hw.zip")),
    "a device": ("/dev/null", lambda: None),
    "a name of two lines": ("two\nlines.zip", lambda: None),
    "a name with a colour": ("\x1b[31mred.zip", lambda: None),
    "a name too long": ("x" * 5000 + ".zip", lambda: None),
}  # fmt: skip


@pytest.mark.parametrize("what", USELESS)
def test_a_submission_that_cannot_be_graded_ends_with_one_line(what: str, grade: Grade) -> None:
    name, make = USELESS[what]
    make()
    done = grade(name, "-o", "out")
    done.refuses(2)
    assert "\x1b" not in done.err and len(done.err) < 500
    if not os.path.lexists(Path(name)):  # nothing was handed in
        assert not Path("out").exists()
        return
    assert [file.name for file in Path("out").iterdir()] == ["result.json"]
    found = read(Path("out"))
    jsonschema.validate(found, result.json_schema())
    assert found["score"] is None and found["items"] == []
    assert f"grade: {found['submission']['refused']}\n" == done.err


def test_a_refused_submission_leaves_nothing_of_the_former_student(
    grade: Grade, right: Path
) -> None:
    grade("right", "-o", "out")
    write("out/notes.txt", b"of the teacher")
    write("hw.zip", JUNK)
    grade("hw.zip", "-o", "out").refuses(2)
    assert {file.name for file in Path("out").iterdir()} == {"result.json", "notes.txt"}
    grade("export", "out", "--format", "junit").refuses(2, "refused", "hw.zip")


def rubric_file(name: str, text: str) -> Callable[[], Any]:
    return lambda: write(name, text.encode())


BAD_LINES: dict[str, tuple[tuple[str, ...], Callable[[], Any], tuple[str, ...]]] = {
    # what is wrong: (arguments, how it comes about, what the line must hold)
    "unknown rubric": (("--rubric", "cs999"), lambda: None, ("cs999", "cs231n-a2")),
    "missing rubric file": (("--rubric", "my.toml"), lambda: None, ("my.toml",)),
    "rubric that is a folder": (
        ("--rubric", "my.toml"), lambda: Path("my.toml").mkdir(), ("my.toml",)),
    "rubric that is no TOML": (
        ("--rubric", "my.toml"), rubric_file("my.toml", "= 3\n"), ("my.toml",)),
    "rubric that is empty": (("--rubric", "my.toml"), rubric_file("my.toml", ""), ("my.toml",)),
    "output that is a file": (("-o", "file"), rubric_file("file", ""), ("file", "-o")),
    "output below a file": (("-o", "file/out"), rubric_file("file", ""), ("file", "-o")),
    "output where nothing can be made": (("-o", "/proc/out"), lambda: None, ("/proc/out", "-o")),
    "default output that is a file": ((), rubric_file("graded", ""), ("graded", "-o")),
    "fail-under that is no number": (("--fail-under", "most"), lambda: None, ("--fail-under",)),
    "fail-under nan": (("--fail-under", "nan"), lambda: None, ("--fail-under",)),
    "fail-under without a number": (("--fail-under",), lambda: None, ("--fail-under",)),
    "unknown box": (("--box", "cardboard"), lambda: None, ("--box",)),
    "unknown way with notebooks": (("--notebooks", "eat"), lambda: None, ("--notebooks",)),
    "unknown option": (("--colour",), lambda: None, ("--colour",)),
    "two submissions": (("another.zip",), lambda: None, ("another.zip",)),
    "-o without a folder": (("-o",), lambda: None, ("-o",)),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_command_line_that_cannot_be_followed_ends_with_one_line(
    what: str, grade: Grade, right: Path
) -> None:
    arguments, make, says = BAD_LINES[what]
    make()
    grade("right", *arguments).refuses(2, *says)


@pytest.mark.parametrize(
    "arguments",
    [("fixtures", "paint"), ("fixtures", "verify", "--fast"),
     ("fixtures", "build", "--rubric", "x"), ("release",), ("schema", "paint")],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_sub_command_ends_with_one_line(arguments: tuple[str, ...], grade: Grade) -> None:
    grade(*arguments).refuses(2)
    assert not Path("out").exists()


# -------------------------------------------------------------------- exit 3: our own fault


def flip(path: Path, position: int = -5) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


GOLDEN = "reference/golden"
DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a flipped byte": (lambda h: flip(h / GOLDEN / "adam.npy"), "adam.npy"),
    "a missing file": (lambda h: (h / GOLDEN / "adam.npy").unlink(), "adam.npy"),
    "a truncated file": (lambda h: (h / GOLDEN / "adam.npy").write_bytes(b""), "adam.npy"),
    "a foreign file": (lambda h: np.save(h / GOLDEN / "odd.npy", np.ones(2)), "odd.npy"),
    "no manifest": (lambda h: (h / GOLDEN / "manifest.json").unlink(), "manifest.json"),
    "half a manifest": (
        lambda h: (h / GOLDEN / "manifest.json").write_text('{"format": 1'), "manifest.json"),
    "no golden folder": (lambda h: shutil.rmtree(h / GOLDEN), "manifest.json"),
}  # fmt: skip


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize(
    ("command", "what"),
    [
        (command, what)
        for command in ("right", "fixtures verify", "fixtures diff")
        for what in DAMAGE
        if command == "right" or what != "a flipped byte"  # then verify says by how much
    ],
)
def test_damaged_golden_files_are_our_fault_and_grade_nothing(
    command: str, what: str, grade: Grade, home: Path, right: Path
) -> None:
    make, named = DAMAGE[what]
    make(home)
    grade(*command.split()).refuses(3, named)
    assert not Path("graded").exists()


def test_fixtures_of_another_seed_are_our_fault_and_grade_nothing(
    grade: Grade, home: Path, right: Path
) -> None:
    edit(home / "rubrics" / "cs231n-a2.toml", "a seed that students do not know", "another seed")
    grade("right").refuses(3, "affine_forward/deep", "grade fixtures build")
    assert not Path("graded").exists()


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("gone", ["cs231n", "alternatives"])
@pytest.mark.parametrize("command", ["build", "verify", "diff"])
def test_without_the_reference_fixtures_say_what_is_missing(
    command: str, gone: str, grade: Grade, home: Path
) -> None:
    before = (home / GOLDEN / "manifest.json").read_bytes()
    shutil.rmtree(home / "reference" / gone)
    grade("fixtures", command).refuses(3, gone)
    assert (home / GOLDEN / "manifest.json").read_bytes() == before


def test_grading_works_without_the_reference(
    grade: Grade, home: Path, right: Path, wrong: Path
) -> None:
    """The same points for a right submission; a net over a wrong layer cannot be tried again."""
    grade("wrong", "-o", "with")
    shutil.rmtree(home / "reference" / "cs231n")
    shutil.rmtree(home / "reference" / "alternatives")
    assert grade("right", "--notebooks", "skip").code == 0
    score = read("graded/right")["score"]
    assert score["earned"] == score["possible"]
    assert grade("wrong", "-o", "without").code == 0
    followed, plain = ({i["id"]: i for i in read(place)["items"]} for place in ("with", "without"))
    assert followed["affine_backward"] == plain["affine_backward"]
    assert followed["TwoLayerNet"]["followed_through"]
    assert not plain["TwoLayerNet"]["followed_through"]
    assert plain["TwoLayerNet"]["earned"] < followed["TwoLayerNet"]["earned"]


# --------------------------------------------------------------------------------- fixtures


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_fixtures_verify_diff_and_build_after_a_change_of_the_reference(
    grade: Grade, small_home: Path
) -> None:
    """Another default of momentum: the arrays of this rule change, and no other item's."""
    before = bytes_of(small_home / GOLDEN)
    optim = small_home / "reference" / "cs231n" / "optim.py"
    edit(optim, 'config.setdefault("momentum", 0.9)', 'config.setdefault("momentum", 0.8)')
    verified, diffed = grade("fixtures", "verify"), grade("fixtures", "diff")
    assert (verified.code, diffed.code) == (1, 0)
    assert (verified.err, diffed.err) == ("", "")
    for done in (verified, diffed):
        named = re.findall(r"(?m)^(\S+):reference:(\w+): (.*)$", done.out)
        assert {case.split("/")[0] for case, _, _ in named} == {"sgd_momentum"}
        assert ("sgd_momentum/vector", "velocity") in {(case, output) for case, output, _ in named}
        assert all(re.search(r"\d", says) for _, _, says in named)
        wrong = re.findall(r"(?m)^(\w+)/[a-z0-9+_-]+:\w+/", done.out)
        assert set(wrong) == {"sgd_momentum"}
        *lines, last = done.out.splitlines()
        assert str(len(lines)) in last
    assert bytes_of(small_home / GOLDEN) == before, "verify and diff write nothing"

    built = grade("fixtures", "build")
    assert (built.code, built.err) == (0, "")
    after = bytes_of(small_home / GOLDEN)
    assert {name for name in after if after[name] != before.get(name)} == {
        "sgd_momentum.npy", "manifest.json", "wrong/answers.npy", "wrong/manifest.json",
    }  # fmt: skip


def test_fixtures_verify_names_a_changed_number_and_a_wrong_gradient(
    grade: Grade, small_home: Path
) -> None:
    path = small_home / GOLDEN / "adam.npy"
    flat = np.load(path)
    flat[0] += 0.25
    np.save(path, flat)
    edit(small_home / "reference" / "cs231n" / "layers.py", RIGHT_DB, WRONG_DB)
    done = grade("fixtures", "verify")
    assert (done.code, done.err) == (1, "")
    named = re.findall(r"(?m)^(\S+):reference:(\w+): differs by up to \d\S* \(", done.out)
    assert ("adam/default", "next_w") in named and ("affine_backward/small", "db") in named
    assert "adam/default:reference:next_w: differs by up to 0.25 (" in done.out


def test_fixtures_without_any_rubric_are_neither_built_nor_verified(
    grade: Grade, small_home: Path
) -> None:
    before = bytes_of(small_home / GOLDEN)
    shutil.rmtree(small_home / "rubrics")
    for command in ("build", "verify", "diff"):
        grade("fixtures", command).refuses(2, "holds no rubric")
    assert bytes_of(small_home / GOLDEN) == before


def test_fixtures_build_of_an_unchanged_home_changes_no_array(
    grade: Grade, small_home: Path
) -> None:
    before = bytes_of(small_home / GOLDEN)
    assert grade("fixtures", "build").code == 0
    after = bytes_of(small_home / GOLDEN)
    manifests = [json.loads(files.pop("manifest.json")) for files in (before, after)]
    assert after == before
    for manifest in manifests:
        del manifest["built_with"]
    assert manifests[0] == manifests[1]


def test_fixtures_build_refuses_a_wrong_gradient_and_writes_nothing(
    grade: Grade, small_home: Path
) -> None:
    before = bytes_of(small_home / GOLDEN)
    edit(small_home / "reference" / "cs231n" / "layers.py", RIGHT_DB, WRONG_DB)
    grade("fixtures", "build").refuses(3, "affine_backward/small", "db")
    assert bytes_of(small_home / GOLDEN) == before


STALE = {
    # a change of the rubric: whatever makes `grade` refuse the fixtures, `verify` must see
    "an alternative that adds no array": (
        "cs231n-a2/update_rules.toml",
        'alternatives = ["rmsprop_eps_inside", "rmsprop_eps_omitted"]',
        'alternatives = ["rmsprop_eps_inside", "rmsprop_eps_omitted", "relu_slope_one"]'),
    "an option with its default value": (
        "cs231n-a2/fully_connected.toml",
        "options = { dims = [5, 6, 5, 4] }",
        "options = { keep = 1.0, dims = [5, 6, 5, 4] }"),
    "another seed": (
        "cs231n-a2.toml", "a seed that students do not know", "another seed"),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", STALE)
def test_fixtures_that_grade_refuses_are_not_verified(
    what: str, grade: Grade, small_home: Path, right: Path
) -> None:
    file, old, new = STALE[what]
    edit(small_home / "rubrics" / file, old, new)
    assert grade("right").code == 3
    assert grade("fixtures", "verify").code == 1
    assert grade("fixtures", "build").code == 0
    assert grade("fixtures", "verify").code == 0
    assert grade("right").code == 0


# ---------------------------------------------------------------------------------- release


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".ipynb")
    }


def test_release_writes_the_student_template(grade: Grade) -> None:
    done = grade("release", "for students", "--template")
    assert (done.code, done.err) == (0, "")
    assert files_of(Path("for students")) == files_of(ROOT / "student_template")


def test_release_into_a_file_ends_with_one_line(grade: Grade) -> None:
    write("taken", b"mine")
    grade("release", "taken", "--template").refuses(2, "taken")
    assert Path("taken").read_bytes() == b"mine"


def test_release_never_writes_over_the_reference(grade: Grade, home: Path) -> None:
    before = files_of(home / "reference")
    grade("release", home / "reference", "--template").refuses(2, "reference")
    assert files_of(home / "reference") == before


def test_release_of_unbalanced_markers_is_our_fault_and_writes_nothing(
    grade: Grade, home: Path
) -> None:
    path = home / "reference" / "cs231n" / "optim.py"
    path.write_text(path.read_text(encoding="utf-8") + "# BEGIN SOLUTION\n", encoding="utf-8")
    grade("release", "out", "--template").refuses(3, "optim.py", "SOLUTION")
    assert not Path("out").exists()


def test_an_output_that_cannot_be_written_is_said_before_the_work(
    grade: Grade, right: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "grade", lambda *_: pytest.fail("graded"))
    write("file", b"")
    grade("right", "-o", "file/out").refuses(2, "file/out", "-o")


def test_a_folder_may_be_called_submission(grade: Grade, right: Path) -> None:
    right.rename("submission")
    assert grade("submission").code == 0
    assert grade("submission", "--json", "--notebooks", "skip").code == 0
    assert Path("graded/submission/report.html").exists()


# --------------------------------------------------------------------------- the command itself


@pytest.mark.parametrize("run", ["here", "python -m grader"])
def test_version_is_that_of_the_package(run: str, grade: Grade) -> None:
    done = grade("--version") if run == "here" else in_a_process("--version")
    assert (done.code, done.out, done.err) == (0, f"backgrade {grader.__version__}\n", "")


@pytest.mark.parametrize("arguments", [("-h",), ("--help",), ("fixtures", "-h"), ("release", "-h")])
def test_help_is_printed_on_stdout(arguments: tuple[str, ...], grade: Grade) -> None:
    done = grade(*arguments)
    assert (done.code, done.err) == (0, "")
    assert "Usage: grade" in done.out


@pytest.mark.parametrize("arguments", [(), ("fixtures",)], ids=["grade", "grade fixtures"])
def test_no_argument_at_all_shows_the_help(arguments: tuple[str, ...], grade: Grade) -> None:
    done = grade(*arguments)
    assert done.code == 2
    assert (done.out + done.err).startswith("Usage: grade")
    assert (done.out + done.err).count("\n") > 5


def test_the_help_of_a_submission_names_every_option(grade: Grade) -> None:
    done = grade("submission", "-h")
    for option in ("-o", "--rubric", "--notebooks", "--box", "--fail-under", "--json"):
        assert option in done.out, option


def test_python_m_grader_grades_verifies_and_refuses_like_grade(
    right: Path, small_home: Path
) -> None:
    """Processes of their own: what a user meets, down to the exit code and the streams."""
    done = in_a_process("right", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out == Path("graded/right/result.json").read_text(encoding="utf-8")
    assert in_a_process("fixtures", "verify").code == 0
    in_a_process("nothing.zip").refuses(2, "nothing.zip")


def test_a_home_that_holds_nothing_is_named(
    grade: Grade, right: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKGRADE_HOME", str(right))
    grade("right").refuses(2)


def test_an_error_inside_the_grader_is_one_line_and_exit_3(
    grade: Grade, right: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise KeyError("first line\nsecond line")

    monkeypatch.setattr(whole, "grade", broken)
    grade("right").refuses(3, "KeyError")
    assert not Path("graded").exists()


# -------------------------------------------------------------------------------- result.json

CONTRACT = {
    # place in result.json: the keys that DESIGN.md, section 5, gives it
    "": {"schema", "submission", "rubric", "score", "items", "notebooks", "questions", "flags",
         "box", "measured"},
    "submission": {"name", "sha256", "files", "repaired", "ignored"},
    "rubric": {"id", "sha256", "golden", "why"},
    "score": {"earned", "possible", "pending", "bonus"},
    "items": {"id", "title", "section", "status", "earned", "possible", "parts", "faults", "cause",
              "because_of", "followed_through"},
    "parts": {"id", "about", "earned", "possible", "status"},
    "faults": {"case", "part", "kind", "says", "error", "allowed", "at"},
    "notebooks": {"name", "status", "cells", "failed_cell", "page", "runs"},
    "questions": {"id", "answer", "status", "possible", "earned"},
    "box": {"outer", "inner", "isolated"},
    "measured": {"started", "wall_s", "cpu_s", "host", "cpu", "items", "digits", "replay",
                 "versions"},
}  # fmt: skip
KINDS = {
    "shape", "value", "not_finite", "dtype", "error", "timeout", "memory", "died", "missing",
    "not_written", "mutated_input", "not_deterministic",
}  # fmt: skip
STATUSES = {
    "passed", "partial", "failed", "not_written", "error", "timeout", "skipped", "pending",
    "missing", "grader_fault",
}  # fmt: skip


def test_result_json_is_what_the_contract_says(graded: Path) -> None:
    found = read(graded / "wrong")
    items = found["items"]
    places = {"": [found], "items": items} | {
        name: [found[name]] for name in ("submission", "rubric", "score", "box", "measured")
    }
    places |= {name: found[name] for name in ("notebooks", "questions")}
    places |= {name: [one for i in items for one in i[name]] for name in ("parts", "faults")}
    for place, keys in CONTRACT.items():
        assert places[place], place
        more = {"items": {"smallest", "hints", "suspects"}}.get(
            place, set()
        )  # where the report shows one
        assert {frozenset(one) - more for one in places[place]} == {frozenset(keys)}, place
    assert {item["status"] for item in items} <= STATUSES
    assert {fault["kind"] for fault in places["faults"]} <= KINDS
    assert found["submission"]["name"] == "wrong"
    assert found["rubric"]["id"] == "cs231n-a2"


def test_result_json_adds_up_and_charges_the_two_mistakes(graded: Path) -> None:
    found = read(graded / "wrong")
    items = {item["id"]: item for item in found["items"]}
    assert (items["affine_backward"]["status"], items["relu_forward"]["status"]) == (
        "partial", "error"
    )  # fmt: skip
    assert [p["id"] for p in items["affine_backward"]["parts"] if p["status"] != "passed"] == ["db"]
    for item in items.values():
        assert item["earned"] == pytest.approx(sum(part["earned"] for part in item["parts"]))
        if item["status"] == "passed":
            assert item["earned"] == item["possible"]
    assert found["score"]["earned"] == pytest.approx(sum(i["earned"] for i in items.values()))


def test_result_json_is_valid_by_its_schema(graded: Path) -> None:
    schema = result.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in ("wrong", "unwritten"):
        jsonschema.validate(read(graded / name), schema)


@pytest.mark.parametrize(
    ("place", "value"),
    [("items.0.status", "fine"), ("score.earned", "all"), ("items.0.parts", None),
     ("notebooks.0.status", "run"), ("box.isolated", "perhaps"), ("measured", [])],
)  # fmt: skip
def test_the_schema_refuses_what_the_contract_does_not_know(
    place: str, value: object, graded: Path
) -> None:
    found = read(graded / "right")
    jsonschema.validate(found, result.json_schema())
    *way, last = place.split(".")
    here: Any = found
    for step in way:
        here = here[int(step)] if step.isdigit() else here[step]
    here[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, result.json_schema())


def test_grading_twice_gives_the_same_bytes_but_for_measured(wrong: Path) -> None:
    """From the same folder elsewhere; with another hash seed, locale and number of threads."""
    shutil.copytree("wrong", "again/wrong")
    here = {"PYTHONHASHSEED": "1", "LC_ALL": "C", "OPENBLAS_NUM_THREADS": "1"}
    there = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "OPENBLAS_NUM_THREADS": "4"}
    few = homes.brief(Path("home"), *homes.SOME, "TwoLayerNet")
    home = {} if short_run.EVERYTHING else {"BACKGRADE_HOME": str(few.resolve())}
    first = in_a_process("wrong", "-o", "one", **here, **home)
    second = in_a_process("again/wrong", "-o", "two", **there, **home)
    assert (first.code, second.code) == (0, 0)
    texts = []
    for place in ("one", "two"):
        text = Path(place, "result.json").read_text(encoding="utf-8")
        measured = json.dumps(json.loads(text)["measured"], indent=1).replace("\n", "\n ")
        assert measured in text
        texts.append(text.replace(measured, "{}"))
        page = Path(place, "report.html").read_text(encoding="utf-8")
        assert 'id="measured"' in page
        texts.append(classes.unmeasured("report.html", page))
    assert texts[:2] == texts[2:]
