"""A desk without a server: one HTML file for each marker, and the JSON files that come back.

A file holds answers and criteria and no name. What a marker decides is kept in the browser, and
saved as a JSON file; `join` adds these to the class, in any order and as often as they come.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from grader.course import decisions
from grader.course.desk import pages, saving
from grader.course.desk.book import TO_DO, Book, Entry
from grader.course.desk.evidence import Beside, Question
from grader.course.desk.pages import Setting
from grader.course.opinions import Criterion, Decision
from grader.errors import UsageError
from grader.report.text import shown as shown_text

SCHEMA = "backgrade/decisions/1"
LARGEST = 64 * 1024**2  # bytes of a file that comes back
PICTURES = 24 * 1024**2  # bytes of pictures in one file
MOST_MARKERS = 500

Name = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9-]{8,80}$")]
Text = Annotated[str, pydantic.Field(max_length=saving.LONGEST)]
Short = Annotated[str, pydantic.Field(max_length=2000)]
Points = Annotated[float, pydantic.Field(ge=-1000, le=1000, allow_inf_nan=False)]


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class MadeCriterion(_Table):
    """A criterion that a marker made."""

    id: Name
    item: Short
    points: Points
    text: Annotated[str, pydantic.Field(min_length=1, max_length=2000)]
    note: Short = ""


class MadeDecision(_Table):
    """A decision as a file has it: `entry` is the name of what it is about."""

    id: Name
    entry: Name
    at: Annotated[str, pydantic.Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    action: Literal["grade", "looked", "flag", "undo"]
    criteria: tuple[Name, ...] = ()
    points: Points | None = None
    comment: Text = ""
    reason: Text = ""
    replaces: tuple[Name, ...] = ()
    seconds: Annotated[float, pydantic.Field(ge=0, le=1e6)] | None = None


class Made(_Table):
    """What a marker saved."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    form: Literal["backgrade/decisions/1"] = pydantic.Field(alias="schema")
    of: str = pydantic.Field(alias="class")
    marker: Annotated[str, pydantic.Field(min_length=1, max_length=60)]
    evidence: dict[Name, Short] = {}
    criteria: tuple[MadeCriterion, ...] = ()
    decisions: tuple[MadeDecision, ...] = ()


def class_of(book: Book) -> str:
    """Return what tells a class from others, and nothing about it."""
    return hashlib.sha256(f"class {book.seed}".encode()).hexdigest()[:16]


# ------------------------------------------------------------------------------- export


def shares(book: Book, markers: int) -> list[list[Entry]]:
    """Return what each marker judges: even counts of each item, some of it by two markers."""
    found: list[list[Entry]] = [[] for _ in range(markers)]
    for item, entries in sorted(book.by_item.items()):
        waiting = [one for one in entries if book.states[one.name] in TO_DO]
        dealt = sorted(waiting, key=lambda one: book.hash("share", one.name))
        first = int(book.hash("deal", item)[:8], 16)
        for place, entry in enumerate(dealt):
            found[(first + place) % markers].append(entry)
            # Which answers two people read does not depend on who got them first.
            if markers > 1 and book.in_sample(entry):
                found[(first + place + 1) % markers].append(entry)
    for number, theirs in enumerate(found):
        theirs.sort(key=lambda one: (one.kind, one.item, book.hash(str(number), one.name)))
    return found


def pages_for(book: Book, setting: Setting, markers: int) -> Iterator[str]:
    """Yield the page of each marker. Raises UsageError."""
    if not 1 <= markers <= MOST_MARKERS:
        raise UsageError(f"--markers {markers}: write a number from 1 to {MOST_MARKERS}")
    for number, entries in enumerate(shares(book, markers), start=1):
        yield _page(book, setting, number, entries)


def _page(book: Book, setting: Setting, number: int, entries: Sequence[Entry]) -> str:
    room = PICTURES
    shown, groups = list[dict[str, object]](), defaultdict(list)
    for entry in entries:
        text = book.text(entry)
        beside = setting.shelf.beside(entry, text)
        pictures, room = _fitting(beside, room)
        shown.append(
            {"entry": entry, "html": pages.prose(text) if entry.kind == "question" else "",
             "text": shown_text(text, pages.LONGEST), "beside": beside, "pictures": pictures,
             "question": setting.question(entry.item)}
        )  # fmt: skip
        if entry.alike:
            groups[entry.item, entry.alike].append(entry.name)
    items = dict.fromkeys(entry.item for entry in entries)
    data = {
        "schema": SCHEMA, "class": class_of(book), "number": number,
        "entries": {
            e.name: {"item": e.item, "kind": e.kind, "possible": e.possible,
                     "seen": list(book.stands[e.name].ids), "evidence": e.evidence,
                     "alike": groups.get((e.item, e.alike), [e.name])}
            for e in entries
        },
        "criteria": [
            {"id": c.id, "item": c.item, "points": c.points, "text": c.text, "note": c.note}
            for e in {entry.item: entry for entry in entries}.values()
            for c in book.scheme(e).criteria.values() if not c.retired
        ],
        "full": [item for item in items if book.scheme(book.by_item[item][0]).from_full],
    }  # fmt: skip
    style, keys, script = (pages.render(n) for n in ("desk.css", "desk.js", "offline.js"))
    return pages.render(
        "offline.html", title=f"Desk {number}", shown=shown, style=style, scripts=(keys, script),
        # "</script" must not end the element, whatever a criterion says
        data=json.dumps(data).replace("<", "\\u003c"), number=number,
        policy="default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_sha(style)}; script-src {_sha(keys)} {_sha(script)}",
        questions={item: _asked(setting, item) for item in items},
    )  # fmt: skip


def _asked(setting: Setting, item: str) -> tuple[Question, str, str, str]:
    found = setting.prose(item)
    return setting.question(item), found["asked"], found["model"], found["notes"]


def _sha(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _fitting(beside: Beside, room: int) -> tuple[list[str], int]:
    """Return the pictures that there is room for, as addresses, and the room that is left."""
    found = []
    for picture in beside.pictures:
        if len(picture) <= room:
            room -= len(picture)
            found.append(f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    return found, room


# --------------------------------------------------------------------------------- join


def read(path: Path) -> Made:
    """Return what a marker saved. Raises UsageError for a file that is none of a desk's."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path}: is larger than 64 MB; it is no desk's file")
        return Made.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another file") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(
            f"{path}: {where}: {first['msg'][0].lower()}{first['msg'][1:]}; give the file that a "
            "desk saved, as it was saved"
        ) from None


def join(book: Book, made: Made, place: str) -> tuple[int, int]:
    """Add what a marker saved; return how many decisions were new, and how many are about nothing.

    All of a file is added or nothing. Raises UsageError.
    """
    if made.of != class_of(book):
        raise UsageError(f"{place}: is of another class; give it with the folder of that one")
    found, lost = list[Decision](), 0
    for number, one in enumerate(made.decisions, start=1):
        entry = book.entries.get(one.entry)
        if entry is None:
            lost += 1
            continue
        if one.points is not None and not 0 <= one.points <= entry.possible:
            raise UsageError(
                f"{place}: decision {number}: points: {one.points:g} is not between 0 and "
                f"{entry.possible:g}; ask {made.marker} for the file as it was saved"
            )
        found += decisions.for_team(_decision(one, entry, made), entry.students)
    with decisions.writing(book.db):
        known = {name for each in decisions.criteria(book.db).values() for name in each}
        for criterion in made.criteria:
            if criterion.id not in known and criterion.item in book.by_item:
                new = Criterion(
                    criterion.id, criterion.item, criterion.points, criterion.text, criterion.note
                )
                decisions.add_criterion(book.db, new, made.marker)
        added = decisions.add(book.db, found)
    book.update()
    return added, lost


def _decision(one: MadeDecision, entry: Entry, made: Made) -> Decision:
    return Decision(
        one.id, entry.students[0], entry.item, made.marker, one.at.replace("Z", "000+00:00"),
        one.action, one.criteria, one.points, one.comment.strip(), one.reason.strip(), one.replaces,
        made.evidence.get(entry.name, entry.evidence), "file", one.seconds,
    )  # fmt: skip


def conflicts(book: Book) -> Iterator[str]:
    """Yield a line for each answer that people do not agree on, in an order of its own."""
    for name, entry in sorted(book.entries.items(), key=lambda each: (each[1].item, each[0])):
        if book.states[name] == "conflict":
            scheme = book.scheme(entry)
            given = sorted(
                f"{one.marker} {scheme.points(one):g}" for one in book.stands[name].grades
            )
            yield f"{entry.item}, answer {name}: {', '.join(given)}"
