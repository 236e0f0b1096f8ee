"""The files of a result as one student gets them.

What is stored is the same for all with equal uploads, and names nobody. Here come whose it is, what
people gave, what course.toml makes of the points, and the generation that it was graded in.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence

from grader.course.generations import Generation
from grader.course.records import Person
from grader.course.store import Row
from grader.course.tasks import STUDENT, UPLOAD
from grader.files import REPORT, RESULT
from grader.report import by_people
from grader.report.by_people import Given
from grader.report.result_form import GenerationJson
from grader.report.text import one_line, shown

_WHO = re.compile(rf"(?<=>){re.escape(STUDENT)}</(p|h1|h2|div|span)>")  # not that of the title
_ORIGIN = "<div><dt>Measured</dt>"  # in the foot of the report, behind the hashes


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


def judged_files(
    files: Mapping[str, str], given: Sequence[Given], pending: float, bonus: frozenset[str]
) -> Mapping[str, str]:
    """Return the files of a result with what people gave."""
    if not given:
        return files
    result = json.loads(files[RESULT])
    by_people.in_result(result, given, bonus)
    page = by_people.in_page(files[REPORT], given, pending, result) if REPORT in files else ""
    return {**files, RESULT: json.dumps(result)} | ({REPORT: page} if page else {})


def named_files(
    files: Mapping[str, str], person: Person, row: Row, made: Generation | None, said: str
) -> dict[str, str]:
    """Return the files of a result with the name of the student they are for.

    What course.toml makes of the points is `said` in the head of the report; `made` is told in its
    foot.
    """
    who = label(person)
    if REPORT in files:
        page = _with_line(files[REPORT], said) if said else files[REPORT]
        files = {**files, REPORT: _with_origin(page, made)}
    named = {
        name: text.replace(STUDENT, html.escape(who)) if name.endswith(".html") else text
        for name, text in files.items()
    }
    result = json.loads(named[RESULT])
    result["submission"]["name"] = row.name
    if why := result["submission"].get("refused"):
        result["submission"]["refused"] = why.replace(UPLOAD, row.name, 1)
    result["submission"]["student"] = {"id": person.id, "login": person.login, "name": person.name}
    result["submission"]["attempt"] = {"number": row.turn, "at": row.at, "late": row.late}
    if told := origin(made):
        result["generation"] = told
    named[RESULT] = json.dumps(result, indent=1, ensure_ascii=True) + "\n"
    return named


def _with_line(page: str, said: str) -> str:
    """Return a page with a sentence behind the name of its student, in its head."""
    text = f'\n<p class="lede">{html.escape(said)}</p>'
    return _WHO.sub(lambda found: found[0] + text, page, count=1)


def _with_origin(page: str, made: Generation | None) -> str:
    """Return a report that says in its foot in which generation it was graded, by whom and why."""
    if made is None:
        return page
    parts = [f"{made.number}, begun {made.at}", f"by {made.who}" if made.who else ""]
    parts.append(f"because: {made.reason}" if made.reason else "")
    text = html.escape(one_line(shown(", ".join(filter(None, parts)), 1000)))
    line = f'<div><dt>Generation</dt><dd id="generation">{text}</dd></div>\n'
    head, found, tail = page.rpartition(_ORIGIN)
    return f"{head}{line}{found}{tail}" if found else page
