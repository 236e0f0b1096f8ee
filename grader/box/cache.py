"""Where this user's machine keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder, made or not: $XDG_CACHE_HOME/backgrade-grader, by default in ~/.cache."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "backgrade-grader"
