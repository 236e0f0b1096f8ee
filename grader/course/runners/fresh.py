"""The environment of a new Python of ours: it imports this Backgrade, and nothing from where it is.

`python -c` looks into the current folder first, and there may lie what students handed in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grader


def environment() -> Mapping[str, str]:
    """Return what is to be set, besides what is."""
    home = str(Path(grader.__file__).resolve().parent.parent)
    kept = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = dict.fromkeys([home, *(path for path in kept if os.path.isabs(path))])
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


@contextmanager
def starting() -> Iterator[None]:
    """Have it set while others start a Python."""
    kept = {name: os.environ.get(name) for name in environment()}
    os.environ.update(environment())
    try:
        yield
    finally:
        for name, text in kept.items():
            if text is None:
                del os.environ[name]
            else:
                os.environ[name] = text
