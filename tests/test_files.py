"""Files that commands write appear whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.files import check_apart, check_writable, write, write_result


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "report.html"
    for text in ("first\n", "se\u00e9cond\n"):
        write(target, text)
        assert target.read_bytes() == text.encode()
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_what_cannot_be_written_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write(target, "first")
    with pytest.raises(UnicodeEncodeError):
        write(target, "half \ud800")
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UsageError, match="report.html: cannot be written .*choose another -o"):
        write(tmp_path / "report.html", "x")


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "graded").write_text("")
    with pytest.raises(UsageError, match="cannot be written .*choose another -o"):
        write(tmp_path / "graded" / "report.html", "x")


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "x"


def test_what_is_no_file_is_written_to() -> None:
    write(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()


def test_a_name_that_is_too_long_is_told_before_anything_is_written(tmp_path: Path) -> None:
    for place in (tmp_path / ("x" * 256), tmp_path / ("x" * 256) / "report.html"):
        with pytest.raises(UsageError, match="cannot be written .*choose another -o"):
            write(place, "text")
    with pytest.raises(UsageError, match="cannot be written .*choose another -o"):
        check_writable(tmp_path / ("x" * 256))
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------- the files of one result

NOTEBOOK, PAGE = "Dropout.ipynb", "Dropout.html"


def files_of(student: str, *, notebooks: bool) -> dict[str, str]:
    """Return what a grading writes; every file names its student."""
    names = [{"name": NOTEBOOK, "page": PAGE if notebooks else ""}]
    listed = json.dumps({"schema": "backgrade/result/1", "notebooks": names, "of": student})
    pages = {NOTEBOOK: student * 9, PAGE: student * 9} if notebooks else {}
    return {"report.html": student * 9, "result.json": listed, **pages}


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_a_folder_holds_the_files_of_one_result_and_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notes.html").write_text("mine")
    for with_notebooks in (True, False, True):
        new = files_of("anna", notebooks=with_notebooks)
        write_result(tmp_path, new)
        assert contents(tmp_path) == {**new, "notes.html": "mine"}


def test_a_notebook_that_no_result_lists_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / NOTEBOOK).write_text("the student's own")
    for name in ("anna", "bert"):
        write_result(tmp_path, files_of(name, notebooks=False))
    assert (tmp_path / NOTEBOOK).read_text() == "the student's own"


@pytest.mark.parametrize("place", ["", ".", "cs231n", "cs231n/..", "a link"])
def test_files_of_the_submission_are_never_replaced(place: str, tmp_path: Path) -> None:
    """An executed notebook has the name of the student's own."""
    given = tmp_path / "hw"
    (given / "cs231n").mkdir(parents=True)
    for file in (given / NOTEBOOK, given / "cs231n" / "layers.py"):
        file.write_text("the student's own")
    (tmp_path / "a link").symlink_to(given)
    folder = tmp_path / place if place == "a link" else given / place
    with pytest.raises(UsageError, match="is a folder of the submission.*choose another -o"):
        check_apart(folder, given)
    write_result(given / "graded", files_of("anna", notebooks=True))
    for apart in ("graded", "graded/new", "../elsewhere", "../hw2"):
        check_apart(given / apart, given)


@pytest.mark.parametrize("name", ["report.html", "result.json", NOTEBOOK])
@pytest.mark.parametrize("make", ["link", "pipe", "folder"])
def test_what_is_no_ordinary_file_is_refused(name: str, make: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "out", tmp_path / "other"
    folder.mkdir()
    other.write_text("precious")
    makers = {
        "link": lambda: (folder / name).symlink_to(other),
        "pipe": lambda: os.mkfifo(folder / name),
        "folder": (folder / name).mkdir,
    }
    makers[make]()
    with pytest.raises(UsageError, match=f"{name}: cannot be written .*choose another -o"):
        write_result(folder, files_of("anna", notebooks=True))
    assert [file.name for file in folder.iterdir()] == [name]
    assert other.read_text() == "precious"


def test_a_full_disk_leaves_the_former_result(tmp_path: Path) -> None:
    former = files_of("anna", notebooks=True)
    write_result(tmp_path, former)
    new = {**files_of("bert", notebooks=True), PAGE: "x" * 100_000}
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            write_result(tmp_path, new)
        except UsageError:
            os._exit(2)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert contents(tmp_path) == former


def killed_before(change: int, folder: Path, files: dict[str, str]) -> int:
    """Write `files` in a process that is killed before its change of this number."""
    child = os.fork()
    if child == 0:
        left = change

        def count(event: str, _: object) -> None:
            nonlocal left
            if event in ("open", "os.remove", "os.rename"):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        write_result(folder, files)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("refused", [False, True])
def test_a_kill_before_each_change_mixes_no_students_and_a_rerun_mends_it(
    refused: bool, tmp_path: Path
) -> None:
    """Kill a writing before its first change of the folder, its second, and so on to the end."""
    anna = files_of("anna", notebooks=True)
    bert = {"result.json": '{"schema": "backgrade/result/1"}'} if refused else None
    bert = bert or files_of("bert", notebooks=True)
    clara = files_of("clara", notebooks=False)
    for change in range(1, 100):
        folder = tmp_path / str(change)
        write_result(folder, anna)
        ended = killed_before(change, folder, bert)
        found = {n: t for n, t in contents(folder).items() if not n.startswith(".backgrade-")}
        whole = [one for one in (anna, bert) if found.items() <= one.items()]
        assert whole, f"a kill before change {change} mixes {sorted(found)}"
        write_result(folder, clara)
        assert contents(folder) == clara
        if ended == 0:
            assert change > 5 and found == bert
            return
    pytest.fail("the writing never came to its end")
