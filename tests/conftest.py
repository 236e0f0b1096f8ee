"""Shared by all tests: the assignment as shipped, and submissions made in memory."""

from __future__ import annotations

import compileall
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import resources
from grader.grading.assignment import Assignment
from tests.support import outside, processes, student_folder

pytest_plugins = ["tests.support.short_run"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Collect without looking for garbage again and again among thousands of tests."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector look at what tests make only, not at the tests."""
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
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untouched student's folder, its modules compiled; tests write into copies of it."""
    folder = student_folder.unpacked(tmp_path_factory.mktemp("released"))
    compileall.compile_dir(folder / ".selfcheck", quiet=1)
    return folder


@pytest.fixture(scope="session")
def assignments() -> dict[str, Assignment]:
    """Every shipped rubric with all that grading against it needs."""
    names = [path.stem for path in sorted((ROOT / "rubrics").glob("*.toml"))]
    return {name: resources.assignment(name) for name in names}
