"""The public part of an assignment, as students get it: one frame of `wire` in a file.

It holds the public cases with their golden answers, what the usual mistakes give in them, and the
handed-out layers. Of hidden cases it holds how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.errors import UsageError, WireError
from grader.golden.store import Golden
from grader.golden.wrong import Wrong
from grader.guest import wire
from grader.rubric import inputs
from grader.rubric.parts import part_of
from grader.types import Case

FILE = "public.frame"


@dataclass(frozen=True)
class Part:
    """One part of an item."""

    id: str
    points: float
    about: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One thing to do; `hidden` counts the cases that run when it is handed in.

    `asks` are words by which a question is known.
    """

    id: str
    section: str
    title: str
    where: str
    points: float
    kind: str
    needs: tuple[str, ...]
    tolerance: str
    parts: tuple[Part, ...]
    hint: str
    hidden: int
    cases: tuple[Case, ...] = ()
    asks: tuple[str, ...] = ()

    def part_of(self, output: str, case: Case) -> str | None:
        """Return the part that this output of the case counts towards."""
        return part_of(self.parts, output, case)


@dataclass(frozen=True)
class Judging:
    """Rules about what is right in value but not in form; see grader.rubric."""

    unit_axes: str
    float32: str
    mutated_input: str


@dataclass(frozen=True)
class Limits:
    """Wall seconds, to import a module and for one case."""

    load_s: float
    case_s: float


@dataclass(frozen=True)
class Table:
    """What a rubric says, as far as students may know it."""

    title: str
    sections: tuple[tuple[str, str], ...]
    conventions: Mapping[str, str]
    judging: Judging
    limits: Limits
    items: tuple[Item, ...]


class Public:
    """An assignment that judges public cases: `rubric`, `golden` and `wrong` in one.

    It has the names of grader.rubric.Rubric that judging and explaining ask for.
    """

    def __init__(self, table: Table, golden: Golden, wrong: Wrong, given: Mapping[str, bytes]):
        self.table = table
        self.golden = golden
        self.wrong = wrong
        self.given = given
        self.cases = tuple(case for item in table.items for case in item.cases)
        self._items = {item.id: item for item in table.items}
        self._inputs: dict[str, dict[str, np.ndarray]] = {}

    @property
    def code(self) -> tuple[Item, ...]:
        """The items that are checked: those that have a public case."""
        return tuple(item for item in self.table.items if item.cases)

    def item(self, name: str) -> Item:
        """Return the item with this id."""
        return self._items[name]

    def all_needs(self, name: str) -> list[str]:
        """Return what an item needs and what that needs, in the order of the work."""
        found = set(self._items[name].needs)
        found = found.union(*(self.all_needs(need) for need in found))
        return [item.id for item in self.table.items if item.id in found]

    def case_inputs(self, case: Case) -> dict[str, np.ndarray]:
        """Return the read-only arrays that go into a case; made once."""
        if case.id not in self._inputs:
            self._inputs[case.id] = inputs.of_case(case, "")
        return self._inputs[case.id]


def write(
    table: Table,
    golden: tuple[Mapping[str, Any], np.ndarray],
    wrong: tuple[Mapping[str, Any], np.ndarray],
    given: Mapping[str, bytes],
) -> bytes:
    """Return the file of an assignment; `golden` and `wrong` are (manifest, numbers)."""
    say = {"table": asdict(table), "golden": golden[0], "wrong": wrong[0]}
    arrays = {"golden": golden[1], "wrong": wrong[1]}
    arrays |= {f"given:{name}": np.frombuffer(data, np.uint8) for name, data in given.items()}
    return wire.pack(say, arrays)


def read(path: Path) -> Public:
    """Read what `write` has made. Raises UsageError that names the file."""
    try:
        data, size = path.read_bytes(), wire.PREFIX.size
        start = size + wire.lengths(data[:size])[0]
        say, arrays = wire.unpack(data[size:start], data[start:])
        return Public(
            _table(say["table"]),
            Golden(say["golden"], {"golden": arrays["golden"]}, ""),
            Wrong(say["wrong"], arrays["wrong"]),
            {n.partition(":")[2]: a.tobytes() for n, a in arrays.items() if n[:6] == "given:"},
        )
    except (OSError, WireError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); unpack student.zip again") from None


def _table(row: Mapping[str, Any]) -> Table:
    return Table(
        row["title"],
        tuple((section, title) for section, title in row["sections"]),
        row["conventions"],
        Judging(**row["judging"]),
        Limits(**row["limits"]),
        tuple(map(_item, row["items"])),
    )


def _item(row: Mapping[str, Any]) -> Item:
    parts = tuple(Part(**{**part, "outputs": tuple(part["outputs"])}) for part in row["parts"])
    cases = tuple(Case(**_tuples(case)) for case in row["cases"])
    lists = {name: tuple(row[name]) for name in ("needs", "asks")}
    return Item(**{**row, **lists, "parts": parts, "cases": cases})


def _tuples(case: Mapping[str, Any]) -> dict[str, Any]:
    lists = ("only", "needs", "alternatives")
    return {**case, **{name: tuple(case[name]) for name in lists}}
