"""A rubric as the grader uses it: its cases as records, and the arrays that go into them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from grader.guest.wire import Piece, piece
from grader.rubric import inputs, minimal_cases
from grader.rubric.records import LARGE, CaseRow, Item, RubricFile
from grader.types import Case


class Rubric:
    """A validated rubric: the tables, its cases as records, and the hash of what it says.

    `place` is the file it was read from, for messages. `only` are the items that were asked for
    where the others were left out: none of them in a whole rubric.
    """

    def __init__(
        self, table: RubricFile, sha256: str, place: str = "", only: tuple[str, ...] = ()
    ) -> None:
        self.table = table
        self.sha256 = sha256
        self.place = place or table.id
        self.only = only
        self.cases = tuple(case_of(item, row) for item in table.items for row in item.cases)
        self.large = tuple(case_of(item, row) for item in table.items for row in large_rows(item))
        self._items = {item.id: item for item in table.items}
        self._needs: dict[str, tuple[str, ...]] = {}
        for item in table.items:  # what is needed stands above
            below = [name for need in item.needs for name in self._needs[need]]
            self._needs[item.id] = tuple(dict.fromkeys([*item.needs, *below]))
        self._inputs: dict[str, dict[str, np.ndarray]] = {}
        self._packed: dict[str, Piece] = {}

    @functools.cached_property
    def ladder(self) -> tuple[Case, ...]:
        """The minimal cases of all items."""
        items = [(self.cases_of(item.id), [p.id for p in item.parts]) for item in self.table.items]
        return tuple(rung for cases, parts in items for rung in minimal_cases.of(cases, parts))

    def cases_of(self, item_id: str) -> tuple[Case, ...]:
        """Return the cases of an item."""
        return tuple(case for case in self.cases if case.item == item_id)

    def part(self, kept: Collection[str], only: tuple[str, ...]) -> Rubric:
        """Return the rubric with the items `kept` alone, because `only` these were asked for."""
        items = tuple(item for item in self.table.items if item.id in kept)
        return Rubric(replace(self.table, items=items), self.sha256, self.place, only)

    def item(self, item_id: str) -> Item:
        """Return the item with this id."""
        return self._items[item_id]

    def all_needs(self, item_id: str) -> tuple[str, ...]:
        """Return what an item needs, and what that needs."""
        return self._needs[item_id]

    def case_inputs(self, case: Case) -> dict[str, np.ndarray]:
        """Return the read-only arrays that go into a case, by argument name; made once.

        Parts of a case ("item/name/part") have the same arrays under the same names.
        """
        if case.id not in self._inputs:
            self._inputs[case.id] = inputs.of_case(case, self.table.seed)
        return self._inputs[case.id]

    def key(self, case: Case, single: bool = False) -> str:
        """Return the name of a case in a frame, in which it may be asked in float32 as well."""
        return f"{case.id} in float32" if single else case.id

    def packed(self, case: Case, single: bool = False) -> Piece:
        """Return the arrays of a case for a frame, by "key:argument"; packed once."""
        key = self.key(case, single)
        if key not in self._packed:
            made = self.case_inputs(case)
            if single:
                made = {n: a.astype(np.float32) if a.dtype == float else a for n, a in made.items()}
            self._packed[key] = piece({f"{key}:{name}": array for name, array in made.items()})
        return self._packed[key]


def large_rows(item: Item) -> tuple[CaseRow, ...]:
    """Return the case of an item's large input, where it has one."""
    return (CaseRow(id=LARGE, inputs=item.large),) if item.large else ()


def case_of(item: Item, row: CaseRow) -> Case:
    """Return a row of an item as the case that it describes."""
    return Case(
        id=f"{item.id}/{row.id}",
        item=item.id,
        probe=row.probe or item.probe or "",
        inputs=row.inputs,
        options=row.options,
        public=row.public,
        judge=row.judge or item.judge,
        part=row.part,
        only=row.only,
        needs=row.needs,
        alternatives=tuple(
            name for name in expanded(item.alternatives) if not {*name.split("+")} & {*row.refuses}
        ),
        behind=row.behind,
    )


def expanded(names: Sequence[str]) -> tuple[str, ...]:
    """Return every convention that a list of alternatives stands for, each once.

    Names joined by "+" apply together. Each of them may offer a choice: "|a|b+|c" stands for a, b,
    c, a+c and b+c; where nothing is chosen, that is as in the reference.
    """
    found = [
        "+".join(filter(None, chosen))
        for name in names
        for chosen in itertools.product(*(part.split("|") for part in name.split("+")))
    ]
    return tuple(dict.fromkeys(filter(None, found)))
