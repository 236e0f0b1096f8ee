"""Classes that were graded, without grading: rows of the store, made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from grader.course import archive, generations, origin, place
from grader.course.generations import Generation
from grader.course.records import Person
from grader.course.store import Store
from grader.course.tasks import Outcome
from tests.support.stored import empty_page

POLICY = "a" * 64
RESULT = json.dumps(
    {
        "schema": "backgrade/result/1",
        "submission": {"name": ""},
        "score": {"earned": 0, "possible": 0, "pending": 0, "bonus": 0},
        "items": [],
        "questions": [],
        "notebooks": [],
    }
)
Item = tuple[str, str, float, float, str, str]


@dataclass(frozen=True)
class Upload:
    """One attempt: points of its items by name, (earned, possible), when, and what became of it."""

    points: Mapping[str, tuple[float, float]]
    at: str = ""
    late: bool | None = None
    pending: float = 0.0
    status: str = "graded"
    problem: str = ""


def outcome(one: Upload, upload: str, policy: str = POLICY) -> Outcome:
    """Return what an upload came to."""
    items: list[Item] = [
        (name, "passed" if earned == most else "failed", earned, most, "", "")
        for name, (earned, most) in one.points.items()
    ]
    if one.pending:
        items.append(("question", "pending", 0.0, one.pending, "", ""))
    earned = sum(item[2] for item in items)
    possible = sum(item[3] for item in items)
    made = Outcome(upload, policy, "graded", items=tuple(items))
    if one.status != "graded":
        return replace(made, status=one.status, why="the upload: is damaged", items=())
    return replace(made, earned=earned, possible=possible, pending=one.pending)


def scored(earned: float, possible: float = 64.0, **more: object) -> Upload:
    """Return an upload with one item."""
    return Upload({"affine_forward": (earned, possible)}, **more)  # type: ignore[arg-type]


def class_of(
    folder: Path,
    students: Iterable[tuple[Person, Sequence[Upload]]],
    kind: str = "canvas",
    toml: str = "",
) -> Path:
    """Write the folder of a class; return it. `kind` is what it was read from."""
    place.make(folder)
    (folder / "course.toml").write_text(toml, "utf-8")
    with Store(folder) as store, store.writing():
        origin.keep(store, kind.split(" and "))
        generations.add(
            store, Generation(1, POLICY, "rubric", "golden", "1", "", "2026-03-07", "", "", None)
        )
        for number, (person, uploads) in enumerate(students):
            name = person.login or f"student-{number}"
            student = store.add_student(name, person, "")
            for turn, one in enumerate(uploads, start=1):
                upload = f"{number:060d}{turn:04d}"
                attempt = store.add_attempt(
                    f"zip/{number}", f"{name}.zip", one.at, one.late,
                    None if one.problem else upload, one.problem,
                )  # fmt: skip
                store.hand_in([(attempt, student, turn)])
                if one.status != "waiting" and not one.problem:
                    keep(folder, store, outcome(one, upload))
    return folder


def keep(folder: Path, store: Store, one: Outcome) -> None:
    """Keep the result of an upload: its row, and its file."""
    key = generations.key_of(one.upload, one.policy)
    store.keep([(key, one)])
    found = {archive.PAGE: empty_page(), archive.OUTCOME: json.dumps(asdict(one))}
    files = {**found, "result.json": RESULT}
    archive.keep(archive.place_of(folder, key), archive.pack(files))
