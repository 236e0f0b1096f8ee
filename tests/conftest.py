"""Shared by all tests: the assignment as shipped, and submissions made in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import shelf
from grader.engine import Assignment

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def assignments() -> dict[str, Assignment]:
    """Every shipped rubric with all that grading against it needs."""
    names = [path.stem for path in sorted((ROOT / "rubrics").glob("*.toml"))]
    return {name: shelf.assignment(name) for name in names}
