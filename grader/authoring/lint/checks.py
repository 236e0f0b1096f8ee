"""What a check found: one row of the table, and under it what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.errors import BackgradeError


@dataclass(frozen=True)
class Defect:
    """One thing that is not right: the place, what is wrong there, what to do next."""

    place: str
    message: str
    do: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}; {self.do}"


@dataclass(frozen=True)
class Check:
    """One check: its name, what it looked at, and its problems.

    `left_out` says what was not looked at, and why; `warnings` are to be read, and no failure.
    """

    name: str
    looked_at: str
    problems: Sequence[Defect] = ()
    left_out: str = ""
    warnings: Sequence[Defect] = ()


def of_error(error: BackgradeError) -> Defect:
    """Return an error of ours ("place: what; what to do") as a problem."""
    place, _, rest = str(error).partition(": ")
    says, _, do = rest.rpartition("; ")
    return Defect(place, says or rest, do if says else "mend it")


def counted(number: int, what: str) -> str:
    """Return "1 case", "2 cases"."""
    return f"{number:,} {what}{'s' * (number != 1)}"
