"""What a student means by a name: a function, a file or a section."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from grader.errors import UsageError
from grader.release.selfcheck.public import Public
from grader.rubric.records import Item


def chosen(public: Public, names: Sequence[str]) -> list[Item]:
    """Return the items meant by `names`, in the order of the work; all of them for none.

    Raises UsageError for a name that means nothing, with one that is near.
    """
    if not names:
        return list(public.code)
    known = _known(public)
    wanted = {item.id for name in names for item in _items(name, known)}
    return [item for item in public.code if item.id in wanted]


def _known(public: Public) -> dict[str, list[Item]]:
    known: dict[str, list[Item]] = {}
    for item in public.code:
        file = item.file.rpartition("/")[2]
        for name in (item.id, item.section, file, file[: -len(".py")]):
            known.setdefault(name, []).append(item)
    return known


def _items(name: str, known: dict[str, list[Item]]) -> list[Item]:
    last = name.replace("\\", "/").rpartition("/")[2]
    folded = {one.casefold(): one for one in known}
    if last.casefold() in folded:
        return known[folded[last.casefold()]]
    near = difflib.get_close_matches(last.casefold(), folded, 1)
    hint = f"did you mean {folded[near[0]]}?" if near else f"use one of {', '.join(known)}"
    raise UsageError(f"{name}: no function, file or section is called so; {hint}")
