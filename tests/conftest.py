"""Shared by all tests: the assignment as shipped, and submissions made in memory."""

from __future__ import annotations

import compileall
import gc
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from grader import resources
from grader.grading.assignment import Assignment
from tests.support import outside, processes, shared, student_folder
from tests.support.lent import Lender

pytest_plugins = ["tests.support.short_run"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect thousands of tests without looking for garbage among them, then and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After all tests no process of ours runs, no file of a submission lies about."""
    processes.adopt_orphans()
    running, lying, kept = processes.mine(), outside.strays(), outside.kept()
    yield
    left = processes.mine() - running
    assert processes.gone(left), f"processes are left: {[processes.command(pid) for pid in left]}"
    assert outside.strays() <= lying, "files are left"
    assert outside.kept(kept) == kept, "files of ours were changed"


@pytest.fixture(scope="session")
def lender(nothing_is_left: None) -> Iterator[Lender]:
    """Boxes for commands that run in this process."""
    one = Lender()
    yield one
    one.stop()


@pytest.fixture
def lent_box(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands in this process grade in a box that is there."""
    lender.take_over(monkeypatch)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untouched student's folder, its modules compiled; tests write into copies of it."""
    made = shared.made_once(tmp_path_factory, "student's folder", _release)
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("released"), dirs_exist_ok=True))


def _release(place: Path) -> None:
    folder = student_folder.unpacked(place.parent / f"{place.name} unpacked")
    folder.rename(place)
    compileall.compile_dir(place / ".selfcheck", quiet=1)


@pytest.fixture(scope="session")
def assignments() -> dict[str, Assignment]:
    """Every shipped rubric with all that grading against it needs."""
    names = [path.stem for path in sorted((ROOT / "rubrics").glob("*.toml"))]
    return {name: resources.assignment(name) for name in names}
