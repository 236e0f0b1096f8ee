"""Reading a long class: how far it is, and what is known of one that was stopped meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from grader.cli import class_progress
from grader.course import sources
from grader.course.classroom import Course
from grader.course.records import Found
from tests.support import exports
from tests.support.commands import run
from tests.support.exports import ADA, ALAN, GRACE


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Return a class of three students."""
    who = [(one, {"hw.zip": exports.homework()}) for one in (ADA, GRACE, ALAN)]
    export = exports.written(tmp_path / "export.zip", exports.canvas(who))
    return sources.read([export], "auto", None)


def stops_at(what: str, done: int) -> mock.Mock:
    """Return what hears how many are read, and stops it there as Ctrl-C does."""

    def told(now: str, number: int, total: int) -> None:
        if (now, number) == (what, done):
            raise KeyboardInterrupt

    return mock.Mock(side_effect=told)


def test_each_upload_that_is_read_is_told(found: Found, tmp_path: Path) -> None:
    told = mock.Mock()
    with Course(tmp_path / "a2") as one:
        one.enrol(found, told)
    equal = "looking for the course year"  # the same bytes are looked at once
    assert [call.args for call in told.call_args_list] == [
        ("reading", 1, 3), ("reading", 2, 3), ("reading", 3, 3), (equal, 1, 1),
    ]  # fmt: skip


STOPPED = {
    "before any row": ("reading", 2, "1 upload copied, 0 students known. Run the same"),
    "behind all rows": ("looking for the course year", 1, "Nothing is graded yet: run the same"),
}


@pytest.mark.parametrize("where", STOPPED)
def test_of_a_class_that_was_stopped_while_it_was_read_status_says_what_to_do(
    where: str, found: Found, tmp_path: Path
) -> None:
    what, done, says = STOPPED[where]
    folder = tmp_path / "a2"
    with Course(folder) as one, pytest.raises(KeyboardInterrupt):
        one.enrol(found, stops_at(what, done))
    told = run("status", folder)
    assert told.code == 0 and says in told.out and "`grade class` command again" in told.out
    with Course(folder) as one:
        one.enrol(found)
    assert "3 students" in run("status", folder).out


@pytest.fixture
def clock() -> Iterator[mock.Mock]:
    """Yield a clock that each look moves on by 6 seconds."""
    seconds = iter(range(0, 600, 6))
    with mock.patch.object(class_progress.time, "monotonic", lambda: next(seconds)) as one:
        yield one


def test_without_a_terminal_a_line_comes_now_and_then(
    clock: mock.Mock, capsys: pytest.CaptureFixture[str]
) -> None:
    with class_progress.enrolling() as told:
        for number in range(1, 5):
            told("reading", 1_000 * number, 4_000)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 2,000 of 4,000 uploads", "reading: 4,000 of 4,000 uploads",
    ]  # fmt: skip
