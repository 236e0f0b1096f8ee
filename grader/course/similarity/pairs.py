"""Who shares what, weighed by how rare it is in this very class.

Two signals about code stand side by side: the Dice coefficient of fingerprints for plain copies,
and the number of shared fingerprints that at most three submissions have for disguised ones. What
does not hang on code comes on top: the same rare wrong numbers, comments, notebooks, answers.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from grader.course.similarity import answers
from grader.course.similarity.evidence import Entry, Pair, Reason, Usual
from grader.course.similarity.sources import HASHED, hashed
from grader.course.similarity.traces import Traces

COMMON = 0.2  # share of a class from which a fingerprint says nothing
FEWEST = 8  # informative fingerprints of a submission, below which nothing is said of its code
RARE = 3  # submissions that have what is called rare
TOP = 0.001  # share of the pairs of a class that are its top
DENSE = 40  # submissions with a fingerprint, from which a matrix is quicker than a list
COMMENTS = 5  # rare ones in common: four of 5,886 pairs had so many, all of one source
SAME = 0.999  # the same code, after renaming: always told
SURE = 1000.0  # what the same bytes weigh
LEAST = 5  # rare fingerprints in common that are worth a look
FORM = 30  # tokens of a function, below which its form says nothing
Pairs = dict[tuple[int, int], list[Reason]]


@dataclass(frozen=True, eq=False)
class Scores:
    """Both signals of every pair, shape (N, N), upper triangle; `counts` how many have a print."""

    alike: np.ndarray
    rare: np.ndarray
    counts: Mapping[int, int]


def without(traces: Traces, given: Traces) -> frozenset[int]:
    """Return the fingerprints that were not handed out."""
    return traces.prints - given.prints


def scores(entries: Sequence[Entry], given: Traces) -> Scores:
    """Return the two signals of all pairs; one that is not compared has 0."""
    many = len(entries)
    sets = [np.array(sorted(without(one.traces, given)), dtype=np.uint64) for one in entries]
    owners = np.repeat(np.arange(many), [len(one) for one in sets])
    flat = np.concatenate(sets) if sets else np.zeros(0, dtype=np.uint64)
    values, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
    told = counts <= max(RARE, COMMON * many)  # in a small class a fifth is nobody
    sizes = np.bincount(owners[told[place]], minlength=many).astype(np.float32)
    order = np.argsort(place, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    shared = np.zeros((many, many), dtype=np.float32)
    rare = np.zeros((many, many), dtype=np.uint16)
    for count in range(2, min(DENSE, many) + 1):
        rows = starts[told & (counts == count)]
        if len(rows):
            members = owners[order][rows[:, None] + np.arange(count)]
            for a, b in combinations(range(count), 2):
                np.add.at(shared, (members[:, a], members[:, b]), 1)
                if count <= RARE:
                    np.add.at(rare, (members[:, a], members[:, b]), 1)
    _add_dense(shared, owners, place, told & (counts > DENSE))
    small = sizes < FEWEST
    with np.errstate(all="ignore"):
        alike = np.nan_to_num(2 * shared / (sizes[:, None] + sizes[None, :]))
    alike[small, :] = alike[:, small] = 0
    rare[small, :] = rare[:, small] = 0
    for one, other in _partners(entries):
        alike[one, other] = rare[one, other] = 0
    earlier = np.array([one.earlier for one in entries], dtype=bool)
    alike[np.ix_(earlier, earlier)] = rare[np.ix_(earlier, earlier)] = 0
    by_value = dict(zip(values.tolist(), counts.tolist(), strict=True))
    return Scores(np.triu(alike, 1), np.triu(rare, 1), by_value)


def _add_dense(shared: np.ndarray, owners: np.ndarray, place: np.ndarray, wide: np.ndarray) -> None:
    """Add what many have: fingerprints as columns of a matrix, some hundred at a time."""
    columns = np.flatnonzero(wide)
    number = np.full(len(wide), -1)
    for start in range(0, len(columns), 512):
        part = columns[start : start + 512]
        number[:] = -1
        number[part] = np.arange(len(part))
        has = np.zeros((len(shared), len(part)), dtype=np.float32)
        here = number[place] >= 0
        has[owners[here], number[place[here]]] = 1
        shared += has @ has.T


def _partners(entries: Sequence[Entry]) -> set[tuple[int, int]]:
    """Return the pairs within a group, and of declared partners."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(entries):
        for group in one.apart:
            groups[group].append(place)
    return {pair for members in groups.values() for pair in combinations(members, 2)}


def found(
    entries: Sequence[Entry], given: Traces, most: int
) -> tuple[list[Pair], Usual, Mapping[int, int]]:
    """Return the pairs with evidence, the strongest first, what is usual, how common prints are.

    A pair is there if it is in the class's own top by one of the signals about code, or shares
    something that nobody comes to alone.
    """
    both = scores(entries, given)
    many, before = len(entries), sum(one.earlier for one in entries)
    partners = _partners(entries)
    pairs = (many * (many - 1) - before * (before - 1)) // 2 - len(partners)
    usual = _usual(both, many, pairs)
    reasons: Pairs = defaultdict(list)
    alike, rare = floors(usual)
    for kind, matrix, floor in (("shape", both.alike, alike), ("rare code", both.rare, rare)):
        _code(reasons, kind, matrix, floor, pairs)
    for place, listed in _beyond(entries, given).items():
        reasons[place] += listed
    told = [
        Pair(*place, float(both.alike[place]), int(both.rare[place]), tuple(listed))
        for place, listed in reasons.items()
        if place not in partners
        and not (entries[place[0]].earlier and entries[place[1]].earlier)
        and sum(reason.weight for reason in listed) > 0
    ]
    told.sort(key=lambda pair: -pair.weight)
    forms = _Forms(entries, given)
    told = [forms.added(pair) for pair in told[:most]]
    return sorted(told, key=lambda pair: -pair.weight), usual, both.counts


def floors(usual: Usual) -> tuple[float, int]:
    """Return above which share of code, and how many rare pieces, a pair is listed."""
    return min(max(usual.alike, 0.2), SAME), max(usual.rare, LEAST)


def _usual(both: Scores, many: int, pairs: int) -> Usual:
    place = max(5, math.ceil(TOP * pairs))  # few pairs have a top as well
    alike, rare = (_floor(matrix, place) for matrix in (both.alike, both.rare))
    return Usual(many, pairs, alike, int(rare))


def _floor(matrix: np.ndarray, place: int) -> float:
    """Return the value above which a pair is listed.

    That is the class's own top; where copies fill it, twice the top of the pairs that are nobody's
    nearest.
    """
    whole = matrix + matrix.T
    nearest = whole.max(axis=1, initial=0)
    others = np.where((matrix < nearest[:, None]) & (matrix < nearest[None, :]), matrix, 0)
    return min(_largest(matrix, place), 2 * _largest(others, place))


def _largest(matrix: np.ndarray, place: int) -> float:
    """Return the value of which `place` others are larger; 0 if there are not so many."""
    values = matrix[matrix > 0]
    if len(values) <= place:
        return 0.0
    return float(np.partition(values, len(values) - 1 - place)[len(values) - 1 - place])


def _code(reasons: Pairs, kind: str, matrix: np.ndarray, floor: float, pairs: int) -> None:
    """Add the pairs that are above what is usual by one signal about code."""
    ones, others = np.nonzero(matrix > floor)
    values = np.sort(matrix[matrix > floor])
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        value = matrix[one, other]
        above = len(values) - int(np.searchsorted(values, value, side="left"))
        weight = -math.log(TOP) * float(value) / floor  # as far above the top as it is
        if kind == "shape":
            says = (
                f"their code shares {value:.2f} of its fingerprints (Dice); "
                f"{above:,} of {pairs:,} pairs share as much"
            )
        else:
            says = (
                f"{value:,} pieces of 8 tokens are in both, and in at most {RARE} submissions; "
                f"{above:,} of {pairs:,} pairs share as many"
            )
        reasons[one, other].append(Reason(kind, says, weight))


class _Forms:
    """How many have a function in which form, after renaming."""

    def __init__(self, entries: Sequence[Entry], given: Traces) -> None:
        self._entries = entries
        self._given = given
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for entry in entries:
            for name, (digest, _) in entry.traces.forms.items():
                self._counts[name][digest] += 1

    def added(self, pair: Pair) -> Pair:
        """Return a pair with the functions that are the same in both, and few others have so."""
        told, weight = [], 0.0
        ours, theirs = (self._entries[place].traces.forms for place in (pair.one, pair.other))
        for name in sorted(ours.keys() & theirs.keys()):
            digest, size = ours[name]
            is_given = self._given.forms.get(name, ("",))[0] == digest
            wrote, same = self._counts[name].total(), self._counts[name][digest]
            is_rare = same <= max(RARE, 0.05 * wrote)
            if size >= FORM and theirs[name][0] == digest and is_rare and not is_given:
                told.append(f"{name} ({same} of {wrote} have this form)")
                weight += math.log(wrote / same)
        form = Reason("form", f"the same after renaming: {', '.join(told)}", weight)
        listed = (*pair.reasons, *([form] if told else []))
        return replace(pair, reasons=tuple(sorted(listed, key=lambda reason: -reason.weight)))


def _beyond(entries: Sequence[Entry], given: Traces) -> Pairs:
    """Return what pairs share besides the shape of code, where it is enough to be told."""
    listed: Pairs = defaultdict(list)
    many = len(entries)
    for place, reason in _same_bytes(entries):
        listed[place].append(reason)
    for place, shared in _rare([one.traces.comments - given.comments for one in entries]).items():
        if len(shared) >= COMMENTS:
            says = f"{len(shared)} comments are in both, and in at most {RARE} submissions"
            listed[place].append(
                Reason("comments", says, _weight(len(shared), many), tuple(sorted(shared)))
            )
    for place, shared in _rare([one.traces.books - given.books for one in entries]).items():
        says = f"{len(shared)} traces in notebooks are in both, and in at most {RARE} submissions"
        listed[place].append(
            Reason("notebooks", says, _weight(len(shared), many), tuple(sorted(shared)))
        )
    for place, reason in _same_wrong(entries):
        listed[place].append(reason)
    for place, reason in answers.near(entries):
        listed[place].append(reason)
    names = _rare([one.traces.names - given.names for one in entries])
    for place in [*listed]:
        if len(shared := names.get(place, set())) > 1:
            says = f"{len(shared)} names are in both, and in at most {RARE} submissions"
            weight = 0.5 * _weight(len(shared), many)
            listed[place].append(Reason("names", says, weight, tuple(sorted(shared))))
    return listed


def _same_bytes(entries: Sequence[Entry]) -> Iterator[tuple[tuple[int, int], Reason]]:
    """Yield pairs of equal uploads; of very many equal ones each with the next."""
    holders: dict[str, list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.upload:
            holders[entry.upload].append(place)
    for places in holders.values():
        says = f"the uploads are the same bytes; {len(places)} of {len(entries)} handed them in"
        weight = SURE + math.log(len(entries) / len(places))  # nothing says more
        two = combinations(places, 2) if len(places) <= DENSE else zip(places, places[1:])
        yield from ((pair, Reason("bytes", says, weight)) for pair in two)


def _weight(shared: int, many: int) -> float:
    """Return what so many rare things weigh; one of another is not independent, so by the root."""
    return math.sqrt(shared) * math.log(max(2, many) / 2)


def _rare(sets: Sequence[Iterable[str]]) -> dict[tuple[int, int], set[str]]:
    """Return for each pair what both have and at most RARE submissions do.

    Those of earlier terms have hashes, so hashes are compared.
    """
    holders: dict[str, list[int]] = defaultdict(list)
    texts: dict[str, str] = {}
    for place, one in enumerate(sets):
        for each in one:
            holders[key := hashed(each)].append(place)
            texts[key] = min(texts.get(key, each), each, key=lambda text: text.startswith(HASHED))
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for key, places in holders.items():
        if 1 < len(places) <= RARE:
            for pair in combinations(places, 2):
                found[pair].add(texts[key])
    return found


def _same_wrong(entries: Sequence[Entry]) -> Iterator[tuple[tuple[int, int], Reason]]:
    """Yield pairs with the same rare wrong numbers; one mistake counts once, a known one little.

    In an item the rarest answer counts: the others follow from it.
    """
    holders: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        for item, wrong in entry.wrong.items():
            for case, digest in wrong:
                holders[item, case, digest].append(place)
    graded = max(2, sum(not entry.earlier for entry in entries))
    best: dict[tuple[int, int, str], tuple[int, str]] = {}
    for (item, case, _), places in sorted(holders.items()):
        if 1 < len(places) <= RARE:
            for one, other in combinations(places, 2):
                former = best.get((one, other, item), (RARE + 1, ""))
                best[one, other, item] = min(former, (len(places), case))
    for (one, other, item), (same, case) in sorted(best.items()):
        known = item in entries[one].known or item in entries[other].known
        weight = math.log(graded / same) * (0.25 if known else 1.0)
        says = (
            f"the very same wrong numbers in {case}; {same} of {graded} have them"
            f"{', a mistake that is known' if known else ', and no known mistake gives them'}"
        )
        yield (one, other), Reason("wrong numbers", says, weight, (case,))


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """Return groups of more than two that the pairs connect, the largest first."""
    group: dict[int, set[int]] = {}
    for pair in pairs:
        joined = group.get(pair.one, {pair.one}) | group.get(pair.other, {pair.other})
        group.update(dict.fromkeys(joined, joined))
    unique = {id(one): sorted(one) for one in group.values() if len(one) > 2}
    return sorted(unique.values(), key=lambda one: (-len(one), one))
