"""nbgrader: the CSV of `nbgrader export`, a row for each assignment of each student."""

from __future__ import annotations

from grader.course.gradebooks.books import Book, Column, Line, number
from grader.course.records import Person
from grader.course.sheet import Sheet
from grader.errors import UsageError

ABOUT = "an nbgrader export"
BACK = "nbgrader reads no scores back: hand the file to whatever takes its exports."
NEEDED = ("assignment", "student_id", "score", "max_score")


def read(sheet: Sheet, asked: str) -> Book | None:
    """Return the export; None if it is not nbgrader's. `asked` names the assignment."""
    rows = sheet.filled
    header = [cell.casefold() for cell in sheet.row(rows[0])] if rows else []
    if not set(NEEDED) <= set(header):
        return None

    def cell(row: int, name: str) -> str:
        return sheet.value(row, header.index(name)) if name in header else ""

    titles = list(dict.fromkeys(cell(row, "assignment") for row in rows[1:]))
    wanted = [title for title in titles if title.casefold() == asked.strip().casefold()] or (
        titles if not asked else []
    )
    if len(wanted) != 1:
        raise UsageError(
            f"{sheet.place}: holds the assignments {', '.join(titles) or '(none)'}; name one of "
            "them with --column"
        )
    lines = []
    for row in rows[1:]:
        if cell(row, "assignment") == wanted[0]:
            name = f"{cell(row, 'first_name')} {cell(row, 'last_name')}".strip()
            person = Person("", cell(row, "student_id"), name, cell(row, "email"))
            lines.append(Line(row, person, maximum=number(cell(row, "max_score"))))
    most = {line.maximum for line in lines}
    column = Column(
        header.index("score"), f"score of {wanted[0]}", "", most.pop() if len(most) == 1 else None
    )
    return Book(
        kind="nbgrader", about=ABOUT, sheet=sheet, lines=tuple(lines), column=column, back=BACK,
        columns=(column, Column(header.index("max_score"), "max_score")),
    )  # fmt: skip
