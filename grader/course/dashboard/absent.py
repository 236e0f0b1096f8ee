"""Who is in the roster and handed in nothing, and which section a student is in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from grader.course import roster
from grader.course.enrol import hashes_of
from grader.course.enrolled import Enrolled, Roster
from grader.course.records import Person
from grader.errors import UsageError
from grader.report.class_page import Cell, Table


class Absent:
    """The roster that course.toml names; without one, or where it cannot be read, nobody."""

    def __init__(self, named: str, forgotten: Collection[str] = ()) -> None:
        """Read the roster; `forgotten` are the hashes of students who are not to be named."""
        self.notes: list[str] = []
        self._roster = Roster(())
        if named:
            try:
                self._roster = roster.read(Path(named))
            except UsageError as error:
                self.notes.append(f"{error}: so nobody is listed as missing")
        self._listed = [
            row
            for row in self._roster.rows
            if not row.is_made_up and {*hashes_of(row.person)}.isdisjoint(forgotten)
        ]

    def section(self, person: Person) -> str:
        """Return the section of a student, "" if the roster has none."""
        rows = self._rows(person)
        return rows[0].section if len(rows) == 1 else ""

    def table(self, here: Iterable[Person]) -> tuple[Table, ...]:
        """Return the table of those who handed in nothing; none if there are none."""
        present = {id(row) for person in here for row in self._rows(person)}
        missing = [row for row in self._listed if id(row) not in present]
        rows = tuple((Cell(one.person.shown), Cell(one.section or one.group)) for one in missing)
        lede = f"{len(rows):,} of {len(self._listed):,} in the roster."
        heads = ("Student", "Section or group")
        made = Table("absent", "Handed in nothing", lede, heads, rows, folded=len(rows) > 12)
        return (made,) if rows else ()

    def _rows(self, person: Person) -> list[Enrolled]:
        """Return the rows of a student, who has what the roster told when the source was read."""
        known = self._roster.exact(person, self._roster.kind or "gradescope")
        return known or [row for row in self._roster.named(person.name) if person.name]
