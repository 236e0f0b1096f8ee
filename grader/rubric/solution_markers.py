"""The marks around a solution in the reference: what stands between them is never handed out."""

from __future__ import annotations

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
# The line of a template's package that names the rubric it was made for.
MADE_FOR = "# Made for the rubric {}."


def split(source: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return (solution, handed out): lines by number, the marks in neither."""
    solution: dict[int, str] = {}
    given: dict[int, str] = {}
    inside = False
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        else:
            (solution if inside else given)[number] = line
    return solution, given
