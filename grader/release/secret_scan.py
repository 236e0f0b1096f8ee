"""Does a file hold what students must not have? Asked of every byte that they get.

Secret are the inputs and answers of hidden cases, what the usual mistakes give there, the seed,
solutions with their comments, model answers and grading notes. Numbers are found in text as they
are printed, rounded or not, and in binary files as float64 or float32. One number proves nothing,
so a leak is a row of them that chance does not make: nearly 40 bits that agree.
"""

from __future__ import annotations

import bisect
import copy
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.golden.misconceptions import Misconceptions
from grader.golden.store import Golden
from grader.notebooks import percent, questions
from grader.rubric import solution_markers
from grader.rubric.cases import Rubric

LONG = 25  # characters; a shorter line ("mean = x.mean(axis=0)") may stand anywhere
ENOUGH = 39.5  # bits: four numbers with three digits, or one with twelve
DIGITS = 3  # a number with fewer says too little to be looked for
GAP = 3  # numbers of fewer digits may stand in between
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.])", re.IGNORECASE)


@dataclass(frozen=True)
class Leak:
    """Something secret in a file: where, and what it is."""

    place: str
    what: str


class Secrets:
    """What to look for: lines of text, and rows of numbers, each with what it is."""

    def __init__(self, texts: Mapping[str, str], arrays: Iterable[tuple[str, np.ndarray]]) -> None:
        self._texts = {_plain(text): what for text, what in texts.items()}
        flat = [(what, np.ravel(array).astype(float)) for what, array in arrays]
        self._names = [what for what, _ in flat]
        starts = np.cumsum([0, *(array.size + 2 * GAP for _, array in flat)])
        self._starts = starts[:-1]
        places = [start + np.arange(array.size) for start, (_, array) in zip(starts, flat)]
        values = np.concatenate([np.zeros(0), *(array for _, array in flat)])
        order = np.argsort(values)
        self._values = values[order]
        self._places = np.concatenate([np.zeros(0, int), *places])[order]
        self._bits = _bits(self._values)

    def with_texts(self, texts: Mapping[str, str]) -> Secrets:
        """Return the same numbers beside other lines of text."""
        other = copy.copy(self)
        other._texts = {_plain(text): what for text, what in texts.items()}
        return other

    def leaks(self, name: str, data: bytes) -> list[Leak]:
        """Return what a file called `name` gives away; archives are looked into."""
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return [
                    leak
                    for one in archive.infolist()
                    if not one.is_dir()
                    for leak in self.leaks(f"{name}/{one.filename}", archive.read(one))
                ]
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = "\0"
        pieces = [] if "\0" in text else _pieces(name, text)
        found = [leak for place, piece in pieces for leak in self._in(place, piece)]
        return list(dict.fromkeys(self._in_bytes(name, data) if "\0" in text else found))

    def _in(self, place: str, text: str) -> Iterator[Leak]:
        plain = _plain(text)
        for secret, what in self._texts.items():
            if secret in plain:
                yield Leak(_line_of(place, text, secret), what)
        found = list(NUMBER.finditer(text))
        shown = [m.group() for m in found]
        digits = np.array([len(_digits(one)) for one in shown])
        values = np.array([float(one) for one in shown]) * (digits >= DIGITS)
        near = np.array([_half_unit(one) for one in shown])
        for number, what in self._rows(values, near, 3.32 * digits):
            line = text.count("\n", 0, found[number].start()) + 1
            yield Leak(f"{place}:{line}", what)

    def _in_bytes(self, name: str, data: bytes) -> Iterator[Leak]:
        yield from (Leak(name, what) for text, what in self._texts.items() if text.encode() in data)
        for dtype, digits in (("<f8", 50.0), ("<f4", 22.0)):
            size = np.dtype(dtype).itemsize
            for start in range(size):
                stop = start + (len(data) - start) // size * size
                with np.errstate(all="ignore"):
                    shown = np.frombuffer(data[start:stop], dtype).astype(float)
                shown = np.where(np.isfinite(shown), shown, 0.0)
                near = np.abs(shown) * (1e-7 if dtype == "<f4" else 0.0)
                for _, what in self._rows(shown, near, np.full(shown.size, digits)):
                    yield Leak(name, what)

    def _rows(
        self, shown: np.ndarray, near: np.ndarray, bits: np.ndarray
    ) -> Iterator[tuple[int, str]]:
        """Yield (where it starts, what it is) of each row of numbers that is a secret one.

        `shown` are the numbers of a file in order, right within `near`, each worth so many `bits`;
        a 0 is passed over.
        """
        first = np.searchsorted(self._values, shown - near, "left")
        count = np.searchsorted(self._values, shown + near, "right") - first
        count[shown == 0] = 0
        if not count.any():
            return
        at = np.repeat(np.arange(shown.size), count)
        inside = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
        hit = np.repeat(first, count) + inside
        order = np.lexsort((at, self._places[hit] - at))
        at, hit = at[order], hit[order]
        shift = self._places[hit] - at
        breaks = (np.diff(shift) != 0) | (np.diff(at) > GAP)
        starts = np.flatnonzero(np.concatenate([[True], breaks]))
        worth = np.minimum(bits[at], self._bits[hit])
        repeats = np.concatenate([[False], ~breaks & (np.diff(shown[at]) == 0)])
        total = np.add.reduceat(np.where(repeats, 0.0, worth), starts)
        long = total >= ENOUGH
        where = np.searchsorted(self._starts, self._places[hit[starts[long]]], "right") - 1
        rows = sorted(zip(at[starts[long]].tolist(), (-total[long]).tolist(), where.tolist()))
        known: set[tuple[str, int]] = set()
        for place, _, name in rows:  # of several rows that begin there, the longest one
            row = {("place", place), ("name", name)}
            if known.isdisjoint(row):
                known |= row
                yield place, self._names[name]


def secrets(
    rubrics: Sequence[Rubric], golden: Golden, wrong: Misconceptions, solution: Mapping[str, str]
) -> Secrets:
    """Return all that students must not get of an assignment.

    `solution` is the reference with its solution marks, path -> text, as release.marked gives it.
    """
    hidden = [(rubric, case) for rubric in rubrics for case in rubric.cases if not case.public]
    public = {case.id for rubric in rubrics for case in rubric.cases if case.public}
    shown = _shown(rubrics, golden, wrong)
    found: dict[str, np.ndarray] = {}
    for rubric, case in hidden:
        for name, array in rubric.case_inputs(case).items():
            if array.dtype == np.float64:
                found[f"{name} of the hidden case {case.id}"] = array
        for number, outputs in enumerate(golden.expected(case)):
            for name, array in outputs.items():
                what = f"{name} of the hidden case {case.id}{'*' * number}"
                found[what] = _unshown(array, shown)
    for name, answer in wrong.arrays():
        variant, case_id, output = name.split(":")
        if case_id not in public and isinstance(answer, np.ndarray):
            what = f"what {variant} gives for {output} of the hidden case {case_id}"
            found[what] = _unshown(np.nan_to_num(answer, posinf=0.0, neginf=0.0), shown)
    arrays = ((what.rstrip("*"), array) for what, array in found.items())
    return Secrets(texts(rubrics, solution), arrays)


def texts(rubrics: Sequence[Rubric], solution: Mapping[str, str]) -> dict[str, str]:
    """Return each secret line, and what it is: the `solution` as in `secrets`, and the seeds."""
    return {**_solutions(solution), **{r.table.seed: f"the seed of {r.table.id}" for r in rubrics}}


def _shown(rubrics: Sequence[Rubric], golden: Golden, wrong: Misconceptions) -> np.ndarray:
    """Return the numbers of public answers, sorted: a hidden answer may have one of them too."""
    public = {case.id: case for rubric in rubrics for case in rubric.cases if case.public}
    arrays = [a for case in public.values() for o in golden.expected(case) for a in o.values()]
    arrays += [
        answer
        for name, answer in wrong.arrays()
        if name.split(":")[1] in public and isinstance(answer, np.ndarray)
    ]
    return np.unique(np.concatenate([np.zeros(0), *map(np.ravel, arrays)]))


def _unshown(array: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return an array with 0, which is never looked for, where its number is public anyway.

    `shown` are the public numbers, sorted.
    """
    first, after = (np.searchsorted(shown, array, side) for side in ("left", "right"))
    return np.where(first < after, 0.0, array)


def _solutions(solution: Mapping[str, str]) -> dict[str, str]:
    """Return lines that are the instructor's: solutions, comments, model answers and notes."""
    found: dict[str, str] = {}
    given: list[str] = []
    for place, text in solution.items():
        lines, rest = solution_markers.split(text)
        for number, line in lines.items():
            found[line.strip().removeprefix("# ")] = f"the solution, {place}:{number}"
        if "/" in place:  # the others are notebooks
            given += rest.values()
            continue
        for cell in percent.parse(text, place):
            kind = next((tag for tag in cell.tags if tag in questions.CELLS[2:]), "")
            if kind:
                what = f"{kind.replace('-', ' ')} of {cell.tags[-1]}"
                found |= dict.fromkeys(cell.source.splitlines(), what)
        public = questions.handed_out(percent.parse(text, place))
        given += ["\n".join(solution_markers.split(cell.source)[1].values()) for cell in public]
    handed_out = _plain("\n".join(given))
    return {
        line: what
        for line, what in found.items()
        if len(_plain(line)) >= LONG and _plain(line) not in handed_out
    }


def _pieces(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield (place, text): a notebook cell by cell, as a reader sees it, and then as it is."""
    if name.endswith(".ipynb"):
        try:
            cells = json.loads(text)["cells"]
            for number, cell in enumerate(cells, start=1):
                for piece in _texts(cell):
                    yield f"{name}, cell {number}", piece
            return
        except (ValueError, KeyError, TypeError):
            pass  # no notebook: it is looked at as text
    yield name, text


def _texts(found: Any) -> Iterator[str]:
    """Yield every text in a part of a notebook; a list of lines is one."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, list) and all(isinstance(one, str) for one in found):
        yield "".join(found)
    elif isinstance(found, (list, dict)):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _texts(one)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _line_of(place: str, text: str, secret: str) -> str:
    """Return the place with the line where a secret that is there begins."""
    lines = text.splitlines()
    is_behind = lambda n: secret not in _plain("\n".join(lines[n:]))  # noqa: E731
    return f"{place}:{bisect.bisect_left(range(len(lines)), True, key=is_behind)}"


def _digits(number: str) -> str:
    """Return the digits of a decimal number that say something: 120 of 0.0120, none of 2017."""
    mantissa = re.split("[eE]", number)[0]
    return "" if mantissa.endswith(".") else re.sub(r"[-.]", "", mantissa).lstrip("0")


def _bits(values: np.ndarray) -> np.ndarray:
    """Return how many bits each number takes: an input k/2048 no more than 12."""
    whole = (np.frexp(values)[0] * 2.0**53).astype(np.int64)
    lowest = np.where(whole == 0, 2**53, whole & -whole)
    return 53 - np.log2(lowest)


def _half_unit(number: str) -> float:
    """Return half of the last digit's unit, a little widened: the number was rounded there."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 0.501 * 10.0 ** (int(exponent or 0) - decimals)
