"""Our own faults are kept: where, in which words, and never at the price of another fault."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader import errors

Setting = Callable[[pytest.MonkeyPatch, Path], None]


def test_a_message_is_one_line_whatever_a_name_in_it_holds() -> None:
    told = errors.RubricError("a.toml: item 'x\ny\x1b[31m\u202e\ud800': \u8868 \u3000\xa0\xe9")
    assert str(told) == "a.toml: item 'x\\ny\\x1b[31m\\u202e\\ud800': \u8868 \u3000\xa0\xe9"


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def fault(where: str = "judging the item adam", error: Exception | None = None) -> str:
    try:
        raise error or IndexError("index 7")
    except Exception:
        return errors.log_fault(where)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own."""
    for name in ("BACKGRADE_DEBUG", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_fault_is_kept_in_the_file_that_is_named(home: Path) -> None:
    shown = fault()
    assert shown.startswith("~/.local/state/backgrade/faults/")
    file = Path(shown.replace("~", str(home), 1))
    text = file.read_text(encoding="utf-8")
    assert text.startswith("judging the item adam\nTraceback")
    assert text.endswith("IndexError: index 7\n")
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_state_folder_can_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home.parent / f"{home.name}-state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    shown = fault()
    assert Path(shown).is_relative_to(folder) and Path(shown).is_file()


def test_one_fault_is_one_file_and_another_is_another(home: Path) -> None:
    first, same, other = fault(), fault(), fault("judging the item sgd")
    assert first == same != other


def debugging(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("BACKGRADE_DEBUG", "1")


def homeless(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(home)


def a_file_in_the_way(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / ".local").write_text("")


def no_path_at_all(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/" + "x" * 5000)


SETTINGS: dict[str, Setting] = {
    "BACKGRADE_DEBUG": debugging,
    "no home folder": homeless,
    "a file where the folder belongs": a_file_in_the_way,
    "a name that no file can have": no_path_at_all,
}


@pytest.mark.parametrize("change", SETTINGS.values(), ids=SETTINGS.keys())
def test_else_the_traceback_is_on_standard_error(
    change: Setting, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(monkeypatch, home)
    assert fault() == "standard error"
    assert "IndexError: index 7" in capsys.readouterr().err
    assert not list(home.rglob("*.txt"))


def test_nothing_stops_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_file_in_the_way(monkeypatch, home)
    with open(os.devnull, "w") as closed:
        monkeypatch.setattr(sys, "stderr", closed)
    assert fault() == "standard error"


@pytest.mark.parametrize("error", [Unprintable(), ValueError("\ud800"), ValueError("x" * 10**6)])
def test_whatever_an_exception_holds_it_is_kept_within_bounds(error: Exception, home: Path) -> None:
    file = Path(fault(error=error).replace("~", str(home), 1))
    assert 0 < file.stat().st_size <= errors.MOST_CHARACTERS


def test_many_faults_at_once_leave_the_newest(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MOST_FILES", 5)
    with ThreadPoolExecutor(8) as threads:
        shown = list(threads.map(fault, [f"judging {i}" for i in range(40)]))
    assert all(one.startswith("~/") for one in shown)
    last = Path(fault("judging the last").replace("~", str(home), 1))
    kept = set(last.parent.iterdir())
    assert len(kept) == 5 and last in kept
