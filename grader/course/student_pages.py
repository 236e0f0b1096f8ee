"""The files of a result as one student gets them.

What is stored is the same for all with equal uploads, and names nobody. Here come whose it is, what
people gave, what course.toml makes of the points, and the generation that it was graded in.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.course import archive, plain
from grader.course.generations import Generation
from grader.course.records import Person
from grader.course.sentences import Says
from grader.course.store import Row
from grader.course.tasks import STUDENT, UPLOAD, Outcome, outcome_of
from grader.errors import log_fault
from grader.files import REPORT, RESULT
from grader.report import by_people
from grader.report import html as pages
from grader.report.by_people import Given
from grader.report.page import Page
from grader.report.result_form import GenerationJson
from grader.report.text import one_line, shown


def label(person: Person) -> str:
    """Return how a page names its student: "Ada Lovelace (ada01)"."""
    ids = ", ".join(dict.fromkeys(text for text in (person.login, person.id) if text))
    name = person.name or person.email
    return f"{name} ({ids})" if name and ids else name or ids


def origin(one: Generation | None) -> GenerationJson | None:
    """Return what a result says of the generation that it was graded in."""
    if one is None:
        return None
    return {
        "number": one.number, "at": one.at, "who": one.who, "reason": one.reason,
        "rubric": one.rubric, "golden": one.golden, "version": one.version,
    }  # fmt: skip


@dataclass(frozen=True)
class Added:
    """What a student's files say beside the result: whose it is, and what came of it.

    `policy` is the sentence on what course.toml makes of the points, empty where it says nothing;
    `says` are an instructor's sentences.
    """

    person: Person
    row: Row
    generation: Generation | None
    policy: str
    given: Sequence[Given]
    bonus: frozenset[str]
    says: Says


@dataclass(frozen=True)
class Stored:
    """A result as it is stored; a refused upload has no page."""

    outcome: Outcome
    result: dict[str, Any]
    page: Page | None
    besides: Mapping[str, str]


def read(path: Path) -> Stored:
    """Read the archive of a result. Raises OSError, ValueError, KeyError or TypeError."""
    files = archive.unpack(path.read_bytes())
    page = plain.loads(files[archive.PAGE], Page) if archive.PAGE in files else None
    outcome = outcome_of(files[archive.OUTCOME])
    besides = {name: text for name, text in files.items() if name not in (*archive.OURS, RESULT)}
    result = json.loads(files[RESULT])
    if page is None and result["score"] is not None:
        raise KeyError(archive.PAGE)
    return Stored(outcome, result, page, besides)


def files_of(stored: Stored, added: Added) -> dict[str, str]:
    """Return the files for a student."""
    who = label(added.person)
    files = {
        name: text.replace(STUDENT, html.escape(who)) if name.endswith(".html") else text
        for name, text in stored.besides.items()
    }
    result = _result(stored.result, added)
    if stored.page:
        files[REPORT] = _rendered(replace(stored.page, name=who), added, result)
    return {**files, RESULT: json.dumps(result, indent=1, ensure_ascii=True) + "\n"}


def _result(result: dict[str, Any], added: Added) -> dict[str, Any]:
    """Return what a result.json says, with all that is added."""
    person, row = added.person, added.row
    if result["score"]:
        by_people.in_result(result, added.given, added.bonus)
    result["submission"]["name"] = row.name
    if why := result["submission"].get("refused"):
        result["submission"]["refused"] = why.replace(UPLOAD, row.name, 1)
    result["submission"]["student"] = {"id": person.id, "login": person.login, "name": person.name}
    result["submission"]["attempt"] = {"number": row.turn, "at": row.at, "late": row.late}
    for item in result["items"] if added.says else ():
        if item["id"] in added.says:
            item["teacher_says"] = added.says[item["id"]]
    if made := origin(added.generation):
        result["generation"] = made
    return result


def _page(page: Page, added: Added, result: Mapping[str, Any]) -> Page:
    """Return a page with all that is added."""
    if added.given:
        page = by_people.in_page(page, added.given, result)
    says = added.says
    cards = (replace(card, said=tuple(says.get(card.item, ()))) for card in page.cards)
    return replace(
        page, policy=added.policy, generation=_said(added.generation), cards=tuple(cards)
    )


def _rendered(page: Page, added: Added, result: dict[str, Any]) -> str:
    """Return the report; the points alone where that breaks: others wait for their pages, too."""
    try:
        return pages.finished(_page(page, added, result))
    except Exception:  # noqa: BLE001 - the points are known
        log = log_fault("making the report of a student")
    return pages.incomplete(result, log)


def _said(made: Generation | None) -> str:
    """Return in which generation a report was graded, by whom and why."""
    if made is None:
        return ""
    parts = [f"{made.number}, begun {made.at}", f"by {made.who}" if made.who else ""]
    parts.append(f"because: {made.reason}" if made.reason else "")
    return one_line(shown(", ".join(filter(None, parts)), 1000))
