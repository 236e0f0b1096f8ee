"""What stands beside an answer: plots above it, what the machine found, the model answer.

Everything comes from the stored result and the assignment; nothing of it says whose it is, unless
the student wrote it there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import archive, plain
from grader.course.desk.book import Entry
from grader.errors import GraderFault
from grader.files import REPORT, RESULT
from grader.notebooks import png
from grader.notebooks.question_marks import headings
from grader.notebooks.questions import ANSWER, MODEL_ANSWER, NOTES, QUESTION
from grader.report import html
from grader.report.page import Page
from grader.report.text import points, shown
from grader.rubric.cases import Rubric

MOST_PICTURES = 8
MOST_PRINTED = 3
PRINTED = 2_000  # characters of what a cell printed
KEPT = 16  # answers whose evidence is kept: a page asks for its pictures one by one
PASSED = "passed"


@dataclass(frozen=True)
class Question:
    """What is asked, as the assignment has it; texts are Markdown, "" where there is none."""

    title: str
    where: str
    asked: str = ""
    model: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Finding:
    """What the machine found in one item that a question is about."""

    title: str
    points: str
    says: tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """What stands beside one answer; `pages` are files of the stored result that may be opened."""

    pictures: tuple[bytes, ...] = ()
    printed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    passed: int = 0
    pages: tuple[str, ...] = ()


def questions(rubric: Rubric, reference: Path) -> dict[str, Question]:
    """Return what is known of each item of a rubric; model answers where the reference is."""
    from grader.notebooks.percent import parse  # its library takes a while

    texts: dict[tuple[str, str], str] = {}
    for name in dict.fromkeys(i.file for i in rubric.table.items if i.file.endswith(".ipynb")):
        path = reference / name.replace(".ipynb", ".py")
        try:
            cells = parse(path.read_text("utf-8"), path.name)
        except (OSError, GraderFault):
            continue
        texts |= {(c.tags[0], c.tags[1]): c.source for c in cells if len(c.tags) == 2}
    return {
        item.id: Question(
            item.title, item.where,
            *(texts.get((kind, item.id), "") for kind in (QUESTION, MODEL_ANSWER, NOTES)),
        )
        for item in rubric.table.items
    }  # fmt: skip


class Shelf:
    """Reads what stands beside answers, and keeps the last few."""

    def __init__(self, folder: Path, rubric: Rubric | None) -> None:
        self._folder, self._rubric = folder, rubric
        self._kept: dict[tuple[str, str], Beside] = {}

    def beside(self, entry: Entry, answer: str) -> Beside:
        """Return what stands beside an answer; nothing where the result cannot be read."""
        place = entry.key, entry.item
        if place not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            try:
                self._kept[place] = self._read(entry, answer)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                return Beside()  # what explains may be missing; the answer is there
        return self._kept[place]

    def page(self, entry: Entry, name: str) -> str | None:
        """Return a page of the stored result, which has no name of a student."""
        path = archive.place_of(self._folder, entry.key)
        try:
            if name == REPORT:
                return html.finished(plain.loads(archive.member(path, archive.PAGE), Page))
            return archive.member(path, name)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self, entry: Entry, answer: str) -> Beside:
        path = archive.place_of(self._folder, entry.key)
        result = json.loads(archive.member(path, RESULT))
        about = about_of(self._rubric, entry.item)
        about -= {entry.item} if entry.kind != "result" else set()
        items = [one for one in result["items"] if one["id"] in about]
        pages = [one["page"] for one in result.get("notebooks", ()) if one.get("page")]
        notebook = f"{entry.item.partition('/')[0]}.ipynb"
        pictures: tuple[bytes, ...] = ()
        printed: tuple[str, ...] = ()
        if entry.kind == "question":
            pages = [name for name in pages if name == notebook.replace(".ipynb", ".html")]
            try:
                cells = json.loads(archive.member(path, notebook))["cells"]
            except (KeyError, ValueError):
                cells = []
            pictures, printed = above(cells, entry.item, answer)
        return Beside(
            pictures,
            printed,
            tuple(
                _finding(one, self._title(one["id"])) for one in items if one["status"] != PASSED
            ),
            sum(one["status"] == PASSED for one in items),
            (REPORT, *pages),
        )

    def _title(self, item: str) -> str:
        return self._rubric.item(item).title if self._rubric else item


def about_of(rubric: Rubric | None, item: str) -> set[str]:
    """Return the items that a question, a run or a request is about.

    A question is about the runs of its notebook and the functions which these need.
    """
    if rubric is None:
        return {item}
    known = {one.id: one for one in rubric.table.items}
    asked = known.get(item)
    if asked is None or asked.kind == "code":
        return {item}
    runs = [one.id for one in known.values() if one.kind == "notebook" and one.file == asked.file]
    found, left = set[str](), runs if asked.kind == "question" else [item]
    while left:
        name = left.pop()
        if name in known and name not in found:
            found.add(name)
            left += known[name].needs
    return found


def _finding(item: Mapping[str, Any], title: str) -> Finding:
    cause = [item["cause"]["says"]] if item.get("cause") else []
    faults = [fault["says"] for fault in item.get("faults", ())]
    said = dict.fromkeys(cause or faults[:2] or [item["status"].replace("_", " ")])
    worth = f"{points(item['earned'])} of {points(item['possible'])}"
    return Finding(title, worth, tuple(shown(line) for line in said))


def above(
    cells: Sequence[Mapping[str, Any]], item: str, answer: str
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return the plots and printed numbers that a question speaks of, in order.

    They stand between the question before and the answer; pictures in the answer's own cell too.
    """
    place = _place(cells, item, answer)
    if place is None:
        return (), ()
    pictures: list[bytes] = list(_attached(cells[place]))[::-1]
    printed: list[str] = []
    asked = 0
    for cell in reversed(cells[:place]):
        if cell.get("cell_type") == "code":
            pictures += [*_shown(cell)][::-1]
            printed += [*_printed(cell)][::-1]
        elif _asks(cell) and (asked := asked + 1) > 1:
            break
    return tuple(pictures[:MOST_PICTURES][::-1]), tuple(printed[:MOST_PRINTED][::-1])


def _place(cells: Sequence[Mapping[str, Any]], item: str, answer: str) -> int | None:
    for number, cell in enumerate(cells):
        tags = cell.get("metadata", {}).get("tags", ())
        if ANSWER in tags and item in tags:
            return number
    first = next((line.strip() for line in answer.splitlines() if line.strip()), "")[:60]
    for number, cell in enumerate(cells):
        if first and first in _text(cell.get("source", "")):
            return number
    return None


def _asks(cell: Mapping[str, Any]) -> bool:
    tags = cell.get("metadata", {}).get("tags", ())
    return QUESTION in tags or bool(headings(_text(cell.get("source", ""))))


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(map(str, source))


def _shown(cell: Mapping[str, Any]) -> Iterator[bytes]:
    for output in cell.get("outputs", ()):
        yield from _pictures(output.get("data", {}))


def _attached(cell: Mapping[str, Any]) -> Iterator[bytes]:
    for data in cell.get("attachments", {}).values():
        yield from _pictures(data)


def _pictures(data: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the picture of some data, taken apart and put together again: nothing else is shown."""
    if "image/png" in data:
        try:
            picture = png.checked(base64.b64decode(_text(data["image/png"])))
        except ValueError:
            return
        if picture:
            yield picture


def _printed(cell: Mapping[str, Any]) -> Iterator[str]:
    text = "".join(
        _text(output.get("text", ""))
        for output in cell.get("outputs", ())
        if output.get("output_type") == "stream"
    )
    if text.strip():
        yield shown(text.strip()[-PRINTED:], PRINTED)
