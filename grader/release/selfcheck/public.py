"""The public part of an assignment, as students get it: one frame of `wire` in a file.

It holds the public cases with their golden answers, what the usual mistakes give in them, and the
handed-out layers. Of hidden cases it holds how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from grader.errors import UsageError, WireError
from grader.golden.misconceptions import Misconceptions
from grader.golden.store import Golden
from grader.guest import wire
from grader.rubric.cases import Rubric
from grader.rubric.records import TABLES, Item, RubricFile

FILE = "public.frame"


class Public(Rubric):
    """A rubric that holds public cases only, with their `golden` and `wrong` answers.

    `given` holds the handed-out layers; `hidden` maps an item to the number of its cases that run
    when it is handed in.
    """

    def __init__(
        self,
        table: RubricFile,
        golden: Golden,
        wrong: Misconceptions,
        given: Mapping[str, bytes],
        hidden: Mapping[str, int],
    ) -> None:
        super().__init__(table, sha256="")
        self.golden = golden
        self.wrong = wrong
        self.given = given
        self.hidden = hidden

    @property
    def code(self) -> tuple[Item, ...]:
        """The items that are checked: those that have a public case."""
        return tuple(item for item in self.table.items if item.cases)


def write(
    table: RubricFile,
    golden: tuple[Mapping[str, Any], np.ndarray],
    wrong: tuple[Mapping[str, Any], np.ndarray],
    given: Mapping[str, bytes],
    hidden: Mapping[str, int],
) -> bytes:
    """Return the file of an assignment; `golden` and `wrong` are (manifest, numbers).

    The hints of all mistakes are among the arrays, for the head of a frame has little room.
    """
    mistakes = dict(wrong[0]["mistakes"])
    hints = {name: row["hints"] for name, row in mistakes.items()}
    mistakes = {name: {**row, "hints": []} for name, row in mistakes.items()}
    manifest = {**wrong[0], "mistakes": mistakes}
    say = {"table": asdict(table), "golden": golden[0], "wrong": manifest, "hidden": hidden}
    arrays = {"golden": golden[1], "wrong": wrong[1]}
    arrays["hints"] = np.frombuffer(json.dumps(hints).encode(), np.uint8)
    arrays |= {f"given:{name}": np.frombuffer(data, np.uint8) for name, data in given.items()}
    return wire.pack(say, arrays)


def read(path: Path) -> Public:
    """Read what `write` has made. Raises UsageError that names the file."""
    try:
        data, size = path.read_bytes(), wire.PREFIX.size
        start = size + wire.lengths(data[:size])[0]
        say, arrays = wire.unpack(data[size:start], data[start:])
        for name, hints in json.loads(arrays["hints"].tobytes()).items():
            say["wrong"]["mistakes"][name]["hints"] = hints
        return Public(
            _record(RubricFile, say["table"]),
            Golden(say["golden"], {"golden": arrays["golden"]}, ""),
            Misconceptions(say["wrong"], arrays["wrong"]),
            {n.partition(":")[2]: a.tobytes() for n, a in arrays.items() if n[:6] == "given:"},
            say["hidden"],
        )
    except (OSError, WireError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); unpack student.zip again") from None


def _record(kind: Any, row: Mapping[str, Any]) -> Any:
    """Return a record of a rubric from what JSON keeps of it."""
    return kind(**{name: _value(name, value) for name, value in row.items()})


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(name, one) for one in value)
    is_record = name in TABLES and isinstance(value, dict)
    return _record(TABLES[name], value) if is_record else value
