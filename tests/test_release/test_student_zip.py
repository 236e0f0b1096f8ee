"""What a release hands out: the same bytes every time, and nothing that is hidden."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer

from grader import cli, judges
from grader.authoring import lint
from grader.authoring.lint import checks
from grader.cli import release
from grader.errors import GraderFault, UsageError
from grader.grading.assignment import Assignment
from grader.release import bundle, modules, public
from grader.release.bundle import ReleaseInputs
from tests.support import student_folder

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("student.zip", "gradescope.zip", "staff.zip")
LONG = 25  # characters: a shorter line may stand anywhere


@pytest.fixture(scope="module")
def source() -> ReleaseInputs:
    return student_folder.source()


@pytest.fixture(scope="module")
def data() -> bytes:
    return student_folder.student_zip()


@pytest.fixture(scope="module")
def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


# ------------------------------------------------------------------------------ what is in it


def test_it_holds_the_template_the_self_check_and_a_guide(members: dict[str, bytes]) -> None:
    template = ROOT / "student_template"
    for path in template.rglob("*"):
        if path.suffix in (".py", ".ipynb"):
            assert members[path.relative_to(template).as_posix()] == path.read_bytes()
    outside = {name for name in members if "/" not in name and not name.endswith(".ipynb")}
    assert outside == {"README.md", "selfcheck.py", "make_submission.py"}
    assert members["README.md"] == (ROOT / "docs" / "student.md").read_bytes()


def test_it_is_small(data: bytes) -> None:
    assert len(data) < 3_000_000


def test_the_self_check_is_the_grader_s_own_modules(members: dict[str, bytes]) -> None:
    """Byte for byte, but for the changes that release.modules names."""
    changed = set()
    for name, text in members.items():
        if name.startswith(".selfcheck/grader/"):
            path = name.removeprefix(".selfcheck/")
            if text != (ROOT / path).read_bytes():
                changed.add(path)
                if path not in modules.WITHHELD:
                    ours = (ROOT / path).read_text("utf-8")
                    for pattern, replacement in modules.OLDER:
                        ours = pattern.sub(replacement, ours)
                    assert text.decode() == ours
    assert modules.WITHHELD.keys() <= changed and len(changed) < 14


def test_it_needs_no_more_than_numpy_on_any_platform(members: dict[str, bytes]) -> None:
    sources = {n: t.decode() for n, t in members.items() if n.startswith(".selfcheck/grader/")}
    assert len(sources) > 40
    drawn = sources.pop(".selfcheck/grader/release/selfcheck/drawn.py")
    imported = re.findall(r"(?m)^[ \t]*(?:from|import)[ \t]+(\w+)", "\n".join(sources.values()))
    posix = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "syslog"}
    assert set(imported) & (posix | {"pydantic", "typer", "rich", "jinja2", "tomllib"}) == set()
    assert not any("os.fork" in text for text in sources.values())
    # rich draws where it is there: its one module says that it may be missing
    assert "except ImportError" in drawn and "\nfrom rich" not in drawn


def test_a_module_that_asks_for_more_is_not_handed_out(tmp_path: Path) -> None:
    package = tmp_path / "grader"
    for dotted in modules.STARTS:
        path = tmp_path / f"{dotted.replace('.', '/')}.py"
        path.parent.mkdir(parents=True)
        path.write_text("")
    (package / "guest" / "alone.py").write_text("import torch\n")
    with pytest.raises(GraderFault, match="grader/guest/alone.py: imports torch"):
        modules.files(package, [])


# --------------------------------------------------------------------------------- the same


def test_same_inputs_give_the_same_bytes(data: bytes) -> None:
    """In another process, with other hashes of strings, another time zone and umask."""
    code = (
        "import hashlib, os; os.umask(0o077)\n"
        "from tests.support import student_folder\nfrom grader.release import bundle\n"
        "source = student_folder.source()\n"
        "for make in (bundle.student_zip, bundle.staff_zip):\n"
        "    print(hashlib.sha256(make(source)).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PATH": "/usr/bin:/bin"}, check=True,
    )  # fmt: skip
    staff = bundle.staff_zip(student_folder.source())
    assert done.stdout.split() == [hashlib.sha256(one).hexdigest() for one in (data, staff)]


def test_dates_order_and_modes_are_fixed(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
    assert [one.filename for one in infos] == sorted(one.filename for one in infos)
    assert {one.date_time for one in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {stat.S_IMODE(one.external_attr >> 16) for one in infos} == {0o644}


def test_grade_release_writes_archives_and_their_checksums(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint.fresh.build, "differences", lambda *_: [])  # tests/test_lint.py
    cli.app_of()(["release", "--quick", str(tmp_path / "new" / "release")], standalone_mode=False)
    said = capsys.readouterr().out.splitlines()
    names = [Path(line.partition(":")[0]).name for line in said if str(tmp_path) in line]
    assert names == [*NAMES, "SHA256SUMS"]
    sums = (tmp_path / "new" / "release" / "SHA256SUMS").read_text()
    listed = dict(reversed(line.split("  ")) for line in sums.splitlines())
    assert set(listed) == {*NAMES}
    for name in NAMES:
        content = (tmp_path / "new" / "release" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == listed[name]
    with zipfile.ZipFile(tmp_path / "new" / "release" / "staff.zip") as staff:
        names = {name.partition("/")[2] for name in staff.namelist()}
    rubrics = {"rubrics/cs231n-a2.toml", "rubrics/cs231n-a2/dropout.toml"}
    assert {*rubrics, "reference/golden/manifest.json"} <= names


# --------------------------------------------------------------------------------- no leaks


def test_a_leak_stops_the_whole_release(
    source: ReleaseInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = source.assignment.rubric.table.seed.encode()
    monkeypatch.setattr(bundle, "student_files", lambda *_: {"a.md": seed, "b.md": seed})
    with pytest.raises(GraderFault, match="student.zip: a.md.*and 1 more.; nothing was released"):
        bundle.write(tmp_path / "out", source)
    assert not (tmp_path / "out").exists()


def test_nothing_is_released_while_lint_finds_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plans: list[lint.Scope] = []

    def run(scope: lint.Scope, progress: object) -> Iterator[checks.Check]:
        plans.append(scope)
        yield checks.Check("points", "", [checks.Defect("here", "is wrong", "mend it")])

    monkeypatch.setattr(lint, "run", run)
    with pytest.raises(typer.Exit) as ending:
        release.release(tmp_path / "out")
    assert (ending.value.exit_code, plans[0].quick) == (1, False)
    assert "here: is wrong" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_a_usage_error(
    source: ReleaseInputs, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UsageError, match="taken: is no folder; choose another"):
        bundle.write(tmp_path / "taken", source)


def test_the_release_itself_refuses_what_students_must_not_have(
    source: ReleaseInputs,
) -> None:
    case = next(c for c in source.assignment.rubric.cases if c.id == "affine_backward/deep")
    answer = np.ravel(source.assignment.golden.expected(case)[0]["dw"])
    given = np.ravel(source.assignment.rubric.case_inputs(case)["x"])
    planted = {
        "answers.bin": b"\0" + answer[:2].tobytes(),
        "singles.bin": b"\0\0" + answer[:3].astype("<f4").tobytes(),
        "inputs.bin": b"\0" + given[:6].tobytes(),
        "numbers.md": " ".join(f"{number:.6g}" for number in answer[:4]).encode(),
        "seed.md": source.assignment.rubric.table.seed.encode(),
        "line.py": b'velocity = config["momentum"] * config["velocity"]\n'
        b'v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw\n',
        "harmless.py": b"v = 0.1234567\n",
    }
    said = list(source.leaks(planted))
    assert {one.partition(" ")[0].partition(":")[0] for one in said} == {*planted} - {"harmless.py"}


def hidden_lines() -> set[str]:
    """Return lines of solutions, model answers and grading notes, and the seeds."""
    secret: set[str] = set()
    given: set[str] = set()
    for path in sorted((ROOT / "reference").rglob("*.py")):
        if path.parts[-2] in ("alternatives",):
            continue
        text = path.read_text(encoding="utf-8")
        head, loss, tail = text.partition("def softmax_loss")  # which these years hand out
        text = head + loss + re.sub(r" *# (BEGIN|END) SOLUTION\n", "", tail, count=2 * bool(loss))
        pieces = re.split(r"(?m)^ *# (BEGIN|END) SOLUTION\n", text)[0::2]
        for inside, piece in zip([False, True] * len(pieces), pieces):
            (secret if inside else given).update(line.strip() for line in piece.splitlines())
        for cell in re.split(r"(?m)^# %%", text):
            if "model-answer" in cell or "grading-notes" in cell:
                lines = {line.removeprefix("# ").strip() for line in cell.splitlines()[1:]}
                secret |= lines
                given -= {f"# {line}" for line in lines}
    for path in (ROOT / "rubrics").glob("*.toml"):
        secret |= set(re.findall(r'(?m)^seed = "(.*)"', path.read_text(encoding="utf-8")))
    plain = {line.removeprefix("# ") for line in given}
    return {line for line in secret if len(line) > LONG and line not in given | plain}


def test_no_line_of_a_solution_or_model_answer_is_in_any_byte(members: dict[str, bytes]) -> None:
    secret = hidden_lines()
    assert len(secret) > 150 and "a seed that students do not know" in secret
    for line in secret:
        escaped = json.dumps(line, ensure_ascii=False)[1:-1].encode()  # as a notebook has it
        for name, content in members.items():
            assert line.encode() not in content and escaped not in content, (name, line)


def arrays(assignment: Assignment, public: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Yield answers of public or hidden cases, those of the usual mistakes included."""
    cases = {case.id: case for case in assignment.rubric.cases if case.public is public}
    for case in cases.values():
        if judges.find(case.judge).golden:
            for outputs in assignment.golden.answers(case).values():
                for name, array in outputs.items():
                    yield f"{case.id}:{name}", np.ravel(array)
    for item in assignment.rubric.table.items:
        for answers in assignment.wrong.answers(item.id).values():
            for (case, output), answer in answers.items():
                if case in cases and isinstance(answer, np.ndarray):
                    yield f"{case}:{output}:wrong", np.ravel(answer).astype(float)


def long_numbers(source: Iterator[tuple[str, np.ndarray]]) -> np.ndarray:
    """Return the numbers that nothing but this computation gives: those with many digits."""
    found = np.concatenate([array for _, array in source])
    found = found[np.isfinite(found)]
    mantissa, _ = np.frexp(found)  # what is 0 but for rounding is often a power of 2
    return np.unique(found[((found * 2**24) % 1 != 0) & ((mantissa * 2**24) % 1 != 0)])


@pytest.fixture(scope="module")
def hidden(source: ReleaseInputs) -> tuple[np.ndarray, np.ndarray]:
    """The long numbers of hidden cases that no public one has, and the public ones."""
    known = long_numbers(arrays(source.assignment, public=True))
    return np.setdiff1d(long_numbers(arrays(source.assignment, public=False)), known), known


def numbers_in(members: dict[str, bytes], secret: np.ndarray, known: np.ndarray) -> set[str]:
    """Return in which forms a secret number stands in the bytes of any member."""
    found = set()
    whole = bytes(8).join(members.values())
    doubles = np.sort(secret.view("<u8"))
    singles = np.sort(np.setdiff1d(secret.astype("<f4"), known.astype("<f4")).view("<u4"))
    if any(is_in(words(whole, start, 8), doubles).any() for start in range(8)):
        found.add("double")
    for start in range(4):
        # By chance a word or two is a single that is looked for, but not two in a row.
        hit = is_in(words(whole, start, 4), singles)
        if (hit[1:] & hit[:-1]).any():
            found.add("single")
    printed = {f"{value:.6g}" for value in np.abs(secret)}
    printed -= {f"{value:.6g}" for value in np.abs(known)}
    shown = re.findall(rb"\d*\.\d{5,}(?:e[-+]?\d+)?", whole)
    if {f"{float(one):.6g}" for one in shown} & printed:
        found.add("text")
    return found


def test_no_number_of_a_hidden_case_is_in_any_byte(
    hidden: tuple[np.ndarray, np.ndarray], members: dict[str, bytes]
) -> None:
    assert hidden[0].size > 10_000
    assert numbers_in(members, *hidden) == set()


def test_the_scan_has_eyes(
    hidden: tuple[np.ndarray, np.ndarray], members: dict[str, bytes]
) -> None:
    secret, known = hidden
    assert numbers_in(members, known, secret) >= {"double"}  # public answers are there to be seen
    row = secret[100:103]
    for form, data in {
        "double": b"x" + row[:1].tobytes(), "single": b"xyz" + row.astype("<f4").tobytes(),
        "text": f"[{row[0]:.7g}, {row[1]!r}]".encode(),
    }.items():  # fmt: skip
        assert numbers_in({"a": data}, secret, known) == {form}


def is_in(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Say which of `found` are in `known`, which is sorted."""
    at = np.minimum(np.searchsorted(known, found), known.size - 1)
    return known[at] == found


def words(content: bytes, start: int, size: int) -> np.ndarray:
    stop = start + max(0, len(content) - start) // size * size
    return np.frombuffer(content[start:stop], f"<u{size}")


def test_no_input_of_a_hidden_case_is_in_any_byte(
    source: ReleaseInputs, members: dict[str, bytes]
) -> None:
    """Inputs are few different numbers: four in a row are looked for, from both ends."""
    rubric = source.assignment.rubric
    pieces = {}
    for case in rubric.cases:
        for name, array in rubric.case_inputs(case).items() if not case.public else ():
            flat = np.ravel(array)
            if flat.size >= 4 and flat.dtype == np.float64 and np.ptp(flat) > 0:
                for row in (flat[:4], flat[-4:]):
                    for dtype in ("<f8", "<f4"):
                        pieces[row.astype(dtype).tobytes()] = f"{case.id}:{name}"
    assert len(pieces) > 300
    for name, content in members.items():
        assert [what for piece, what in pieces.items() if piece in content] == [], name


def test_no_hidden_case_is_even_named(source: ReleaseInputs, members: dict[str, bytes]) -> None:
    names = [case.id for case in source.assignment.rubric.cases if not case.public]
    frame = members[".selfcheck/public.frame"]
    assert names and [name for name in names if f'"{name}"'.encode() in frame] == []


def test_usual_mistakes_come_without_formula(members: dict[str, bytes]) -> None:
    from tests.support import handed_in

    frame = members[".selfcheck/public.frame"].decode("utf-8", "replace")
    for one in handed_in.usual_mistakes().values():
        assert json.dumps(one.formula) not in frame, one.id


@pytest.mark.parametrize("level", [0, 1, 2])
def test_no_more_hints_are_handed_out_than_the_rubric_allows(level: int) -> None:
    from tests.support import handed_in

    whole = student_folder.source().assignment
    table = dataclasses.replace(whole.rubric.table, hint_level=level)
    rubric = type(whole.rubric)(table, whole.rubric.sha256)
    made = public.file_of(dataclasses.replace(whole, rubric=rubric)).decode("utf-8", "replace")
    one = handed_in.usual_mistakes()["affine_backward/db-mean"]
    told = [json.dumps(hint) in made for hint in one.hints]
    assert told == [number < level for number in range(3)]


def test_the_gradient_that_takes_others_apart_stays_here(members: dict[str, bytes]) -> None:
    assert b"centred" not in members[".selfcheck/grader/diagnosis/formulas.py"]
    assert b"x_hat" not in members[".selfcheck/grader/judges/own_formula.py"]
