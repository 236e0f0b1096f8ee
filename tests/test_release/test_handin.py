"""The zip that is handed in: made, looked through, and checked as it is."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.errors import UsageError
from grader.notebooks.questions import ANSWER_MARKER
from grader.release.selfcheck import handin, packing, public
from grader.submission.intake import read_submission
from tests.support import handed_in, student_folder
from tests.support.student_folder import put, run


@pytest.fixture(scope="module")
def whole(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything written, run and answered; nobody writes into it."""
    folder = Path(shutil.copytree(released, tmp_path_factory.mktemp("whole") / "homework"))
    put(folder, handed_in.reference().files)
    for path in folder.glob("*.ipynb"):
        change(path, finished)
    for path in [*folder.glob("*.ipynb"), *folder.glob("cs231n/**/*.py")]:
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


@pytest.fixture(scope="module")
def assignment(released: Path) -> public.Public:
    return public.read(released / student_folder.FRAME)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A folder of one's own with everything written, run and answered."""
    return Path(shutil.copytree(whole, tmp_path / "homework"))


Cells = list[dict[str, Any]]


def change(path: Path, how: Callable[[Cells], None]) -> None:
    """Change the cells of a notebook; keep the time at which it was saved."""
    then = path.stat().st_mtime
    whole = json.loads(path.read_text(encoding="utf-8"))
    how(whole["cells"])
    path.write_text(json.dumps(whole), encoding="utf-8")
    os.utime(path, (then, then))


def code(cells: Cells) -> Cells:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def finished(cells: Cells) -> None:
    """Make a notebook look as if it was run from top to bottom, and answer its questions."""
    for number, cell in enumerate(code(cells), start=1):
        cell["execution_count"] = number
    for cell in cells:
        if "".join(cell["source"]) == ANSWER_MARKER:
            cell["source"] = [f"{ANSWER_MARKER}\n", "Because the mean moves too."]


def notes(folder: Path, assignment: public.Public) -> list[str]:
    """Make the zip and return what serious is said of it."""
    path, _ = packing.make(folder)
    found = handin.look_through(path, handin.read(path), assignment, folder)
    return [note.message for note in found if note.serious]


def test_a_finished_folder_leaves_nothing_to_say(folder: Path, assignment: public.Public) -> None:
    assert notes(folder, assignment) == []


def test_the_zip_holds_the_homework_and_nothing_else(folder: Path) -> None:
    (folder / "cs231n" / "__pycache__").mkdir()
    (folder / "cs231n" / "__pycache__" / "layers.py").write_text("old = 1\n")
    (folder / "cs231n" / "datasets").mkdir()
    (folder / "cs231n" / "datasets" / "get.py").write_text("data = 1\n")
    (folder / "cs231n" / "helpers.py").write_text("eps = 1e-5\n")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "test_batch").write_bytes(b"0" * 10_000)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "Dropout-checkpoint.ipynb").write_text("{}")
    path, sizes = packing.make(folder)
    names = zipfile.ZipFile(path).namelist()
    assert names == list(sizes)
    reference = [name for name in handed_in.reference().files]
    notebooks = ["BatchNormalization.ipynb", "Dropout.ipynb", "FullyConnectedNets.ipynb"]
    assert sorted(names) == sorted([*reference, "cs231n/helpers.py", *notebooks])


def test_the_grader_reads_the_zip_without_a_word(folder: Path) -> None:
    path, _ = packing.make(folder)
    given = read_submission(path)
    assert (given.repaired, given.ignored, given.doubles) == ((), (), {})
    assert given.files["cs231n/layers.py"] == (folder / "cs231n" / "layers.py").read_bytes()


def test_the_whole_folder_zipped_by_hand_is_read_all_the_same(folder: Path) -> None:
    """Who zips everything hands in the same: the self-check's own files are no homework."""
    path = Path(shutil.make_archive(str(folder.parent / "by hand"), "zip", folder))
    given = read_submission(path)
    assert given.package == "cs231n" and given.doubles == {}
    assert not any("grader" in name for name in given.files)


WRONG: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a notebook is missing": ("", lambda f: (f / "Dropout.ipynb").unlink(), "Dropout.ipynb is mi"),
    "a notebook has a browser's name": (
        "", lambda f: (f / "Dropout.ipynb").rename(f / "Dropout (1).ipynb"),
        "Dropout.ipynb is missing: rename 'Dropout (1).ipynb'"),
    "a module is missing": (
        "", lambda f: (f / "cs231n" / "optim.py").unlink(), "cs231n/optim.py is missing"),
    "code newer than a notebook": (
        "", lambda f: os.utime(f / "cs231n" / "layers.py", (1_700_000_100, 1_700_000_100)),
        "was saved before layers.py changed; run all of it again"),
    "a notebook that was never run": (
        "Dropout", lambda cells: [c.update(execution_count=None) for c in code(cells)],
        "Dropout.ipynb was never run"),
    "a cell that was not run": (
        "Dropout", lambda cells: code(cells)[2].update(execution_count=None),
        "Dropout.ipynb: 1 cell is not run, the first is code cell 3; use"),
    "cells run out of order": (
        "Dropout", lambda cells: code(cells)[1].update(execution_count=40),
        "Dropout.ipynb was run in another order"),
    "a cell that stops": (
        "Dropout", lambda cells: code(cells)[1].update(outputs=[{"output_type": "error"}]),
        "Dropout.ipynb: code cell 2 stops with an error"),
    "no notebook": ("", lambda f: (f / "Dropout.ipynb").write_bytes(b"x"), "is no JSON"),
    "a question without an answer": (
        "Dropout", lambda cells: [c.update(source=[ANSWER_MARKER]) for c in cells
                                  if "inline-answer" in c["metadata"].get("tags", [])],
        "3 questions are not answered: Dropout/1, Dropout/2 and Dropout/3"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_zip_is_said(
    what: str, folder: Path, assignment: public.Public
) -> None:
    notebook, spoil, says = WRONG[what]
    if notebook:
        change(folder / f"{notebook}.ipynb", spoil)  # type: ignore[arg-type]
    else:
        spoil(folder)
    assert any(says in said for said in notes(folder, assignment)), notes(folder, assignment)


def test_every_question_of_the_template_waits_for_an_answer(assignment: public.Public) -> None:
    from grader.notebooks import inline_answers
    from grader.release.selfcheck import notebooks

    folder = handed_in.ROOT / "student_template"
    records = [notebooks.look(p.name, p.read_bytes())[0] for p in folder.glob("*.ipynb")]
    asked = inline_answers.find(records, assignment)
    assert len(asked) == 10 and {one.status for one in asked} == {"blank"}


def test_a_zip_that_lies_behind_the_folder_is_noticed(
    folder: Path, assignment: public.Public
) -> None:
    path, _ = packing.make(folder)
    (folder / "cs231n" / "optim.py").write_text("pass\n")
    [note] = handin.look_through(path, handin.read(path), assignment, folder)
    assert note.message == (
        "cs231n/optim.py differs from the one in your folder; make the zip again"
    )


def test_nothing_to_hand_in_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run this beside the folder cs231n"):
        packing.make(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_make_then_check_the_zip_itself(folder: Path) -> None:
    """Both commands: exit code 0 for a finished folder, and the code in the zip is what counts."""
    made = run(folder, "make_submission.py")
    assert (made.code, made.err) == (0, "")
    assert "submission.zip is written. In it:" in made.out and "cs231n/layers.py" in made.out
    student_folder.put(folder, handed_in.template().files)  # what lies in the folder is not it
    done = run(folder, "selfcheck.py", "submission.zip")
    assert "Public checks: 48 of 48 right. 100 more run when you hand in." in done.out
    assert done.code == 1 and "differ from those in your folder; make the zip again" in done.out


def test_a_zip_that_cannot_be_graded_says_why(folder: Path) -> None:
    (folder / "submission.zip").write_bytes(b"PK\x03\x04 and no more")
    done = run(folder, "selfcheck.py", "submission.zip")
    assert done.code == 1 and "This zip cannot be graded." in done.out
