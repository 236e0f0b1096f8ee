"""Which name was meant? The nearest of the names that are there, by Damerau and Levenshtein."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

LONG = 8  # letters from which on two slips are still the same word
MOST = 300  # names that are looked at: homework has fewer, and each takes its time
LONGEST = 60  # letters of a name that is looked for
SHORT = 3  # letters below which every name is near to every other


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """Return the one name that differs from `wanted` by case, underscores or a slip or two.

    A slip is a letter too much, too few or wrong, or two neighbours swapped. None where no name is
    near, or where two are equally near: then it would be a guess. Only the first MOST names count.
    """
    if not SHORT <= len(wanted) <= LONGEST:
        return None
    most = 2 if len(wanted) >= LONG else 1
    found: dict[int, list[str]] = {}
    for name in itertools.islice(dict.fromkeys(names), MOST):
        slips = 0 if _bare(name) == _bare(wanted) else distance(wanted, name, most)
        if name != wanted and slips <= most:
            found.setdefault(slips, []).append(name)
    best = found[min(found)] if found else []
    return best[0] if len(best) == 1 else None


def distance(one: str, other: str, most: int) -> int:
    """Return how many slips make `other` of `one`; `most` + 1 where it takes more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, last, row = last, row, [i]
        for j, b in enumerate(other, start=1):
            slips = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                slips = min(slips, before[j - 2] + 1)
            row.append(slips)
        if min(row) > most and min(last) > most:
            break
    return min(row[-1], most + 1)


def _bare(name: str) -> str:
    return name.replace("_", "").casefold()
