"""Files that commands write appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.files import write
from grader.errors import UsageError


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
