"""suggestions.json: what somebody outside would give, shown beside an answer and never applied.

    [{"question": "Dropout/1", "student": "ada01", "points": 0.8, "why": "no reason is given"}]

`student` is the id, the login or the folder of reports/; `submission`, in its place, is the sha256
of what was handed in. `points`, `items` (ids or texts of criteria) and `why` may be left out.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import pydantic

from grader.course.desk.book import Book
from grader.errors import UsageError

NAME = "suggestions.json"


class Suggestion(pydantic.BaseModel):
    """One row of the file."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    question: str
    student: str = ""
    submission: str = ""
    points: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)] | None = None
    items: tuple[str, ...] = ()
    why: Annotated[str, pydantic.Field(max_length=4000)] = ""


def read(path: Path, book: Book) -> dict[str, Suggestion]:
    """Return the suggestions by the name of what they are about. Raises UsageError."""
    try:
        rows = pydantic.TypeAdapter(list[Suggestion]).validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another file") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: row {where or '1'}: {first['msg']}; put it right") from None
    whose: dict[str, set[int]] = defaultdict(set)
    for number, *names in book.db.execute("SELECT number, id, login, folder FROM student"):
        for name in filter(None, names):
            whose[name].add(number)
    for number, upload in book.db.execute(
        "SELECT student, upload FROM handed_in JOIN attempt ON attempt = number "
        "WHERE upload NOT NULL"
    ):
        whose[upload].add(number)
    found = {}
    for row in rows:
        for number in whose.get(row.student or row.submission, ()):
            if name := book.places.get((number, row.question)):
                found[name] = row
    return found
