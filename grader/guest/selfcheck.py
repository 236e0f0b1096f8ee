"""Answer for the self-check while a notebook is graded: its checks run anyway, for the report.

A student's cells hold `from selfcheck import check` and `check("adam")`. Here both are one line
that costs nothing; a selfcheck.py of the submission has no say.
"""

from __future__ import annotations

import sys
import types
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.guest.legacy.compat import MadeLoader

NAME = "selfcheck"


class Answer:
    """What `check` returns: one line, in any notebook."""

    def __repr__(self) -> str:
        return "checked in the report"


def check(*_: Any, **__: Any) -> Answer:
    """Run nothing: the report has what the checks say."""
    return Answer()


class Finder(MetaPathFinder):
    """Serves the module `selfcheck`, before any file of that name."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a spec for `selfcheck`, also if a notebook has thrown its modules away."""
        return ModuleSpec(name, MadeLoader(_module)) if name == NAME else None


def _module(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__["check"] = check
    return module


def lay_over() -> None:
    """Let `import selfcheck` mean this one in the running process."""
    sys.meta_path.insert(0, Finder())
