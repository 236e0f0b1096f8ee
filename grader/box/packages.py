"""List the files of installed packages and all that they need: what a box has to show."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

from grader.errors import BoxError


def folders(names: Iterable[str]) -> list[str]:
    """Return the files and folders in site-packages of these distributions and what they need.

    Raises BoxError if one of them is not installed; what is only needed optionally may be absent.
    """
    found, seen = set[str](), set[str]()
    queue = [(name, True) for name in names]
    while queue:
        name, wanted = queue.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if wanted:
                raise BoxError(
                    f"box: notebooks need {name}; install it, or use --notebooks skip"
                ) from None
            continue
        found |= _top_level(distribution)
        queue += [(need, False) for need in _needs(distribution)]
    return sorted(found)


def _top_level(distribution: importlib.metadata.Distribution) -> set[str]:
    names = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    paths = [Path(str(distribution.locate_file(name))) for name in names]
    return {str(path) for path in paths if path.exists()}


def _needs(distribution: importlib.metadata.Distribution) -> list[str]:
    """Return the names of what a distribution requires, extras left out."""
    return [
        re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]
        for need in distribution.requires or ()
        if "extra ==" not in need
    ]
