"""Names that patterns stand for, as fnmatch reads them."""

from __future__ import annotations

from fnmatch import fnmatchcase


def fits(name: str, pattern: str) -> bool:
    """Say whether a pattern with `*`, `?` and `[]` stands for a name, case and all.

    Most are plain, or plain up to a `*` at the end: to compile those takes far longer than to look.
    """
    start = pattern.removesuffix("*")
    if any(sign in start for sign in "*?["):
        return fnmatchcase(name, pattern)
    return name == pattern or start != pattern and name.startswith(start)
