"""What each page of the desk says; a template lays it out, and escapes everything."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from grader.course.desk import progress, saving
from grader.course.desk.book import Book, Entry
from grader.course.desk.evidence import Question, Shelf
from grader.course.desk.suggestions import Suggestion
from grader.course.opinions import Change, Criterion, Decision
from grader.course.to_judge import BLANK, FLAG
from grader.report.prose import from_markdown
from grader.report.text import count, points, shown

RENDERED = 20_000  # characters up to which an answer is read as Markdown
LONGEST = 200_000  # characters of an answer that are shown
LISTED = 200  # answers of a group that are listed
KEYS = 9  # criteria that have a digit
STATES = {
    "open": "to judge", "again": "look again", "request": "asked by the student",
    "flag": "flagged for a colleague", "conflict": "in conflict", "done": "done",
}  # fmt: skip
KINDS = {
    "question": "Inline questions", "run": "Runs that wait for a person",
    "flag": "Flags of the machine", "result": "Items that somebody asked about",
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What a desk has besides its book: what is asked, what stands beside answers, suggestions."""

    questions: Mapping[str, Question]
    shelf: Shelf
    suggested: Mapping[str, Suggestion] = field(default_factory=dict)

    _prose: dict[str, dict[str, str]] = field(default_factory=dict)

    def prose(self, item: str) -> dict[str, str]:
        """Return what is asked, the model answer and the notes as HTML, read once."""
        if item not in self._prose:
            one = self.question(item)
            texts = {"asked": one.asked, "model": one.model, "notes": one.notes}
            self._prose[item] = {name: prose(text) for name, text in texts.items()}
        return self._prose[item]

    def question(self, item: str) -> Question:
        """Return what is known of an item, its id where nothing is."""
        if item.startswith(FLAG):
            return Question(f"Flag: {item.removeprefix(FLAG).replace('_', ' ')}", "")
        return self.questions.get(item, Question(item, ""))


@dataclass(frozen=True)
class Draft:
    """What stands in a form: what was decided last, or what was typed and not kept."""

    criteria: tuple[str, ...] = ()
    points: str = ""
    comment: str = ""
    reason: str = ""
    problem: str = ""
    new: Mapping[str, str] = field(default_factory=dict)


@cache
def environment() -> jinja2.Environment:
    """Return what turns templates into pages: everything is escaped."""
    here = Path(__file__).parent / "templates"
    shared = Path(__file__).parents[2] / "report" / "templates"
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([here, shared]),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"points": points, "minutes": _minutes, "when": _when}
    made.globals |= {"states": STATES}
    return made


def render(name: str, **facts: Any) -> str:
    """Return a page."""
    return environment().get_template(name).render(**facts)


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def _when(at: str) -> str:
    return at[:16].replace("T", " ") + " UTC"


def prose(text: str) -> str:
    """Return a student's Markdown as HTML that can do no harm; "" if it is too long for that."""
    return from_markdown(shown(text, RENDERED)) if len(text) <= RENDERED else ""


# ------------------------------------------------------------------------------ pages


def overview(book: Book, setting: Setting, reading: bool) -> str:
    """Return the first page: what is done, what is left, and how long that takes."""
    found = sorted(progress.progress(book), key=lambda one: (list(KINDS).index(one.kind), one.item))
    left = sum(one.left for one in found)
    groups = [
        (title, [(one, setting.question(one.item)) for one in found if one.kind == kind])
        for kind, title in KINDS.items()
    ]
    return render(
        "overview.html", title="The desk", marker=book.marker, reading=reading, left=left,
        done=sum(one.done for one in found),
        conflicts=sum(one.conflicts for one in found), left_s=progress.left_s(book, left),
        groups=[each for each in groups if each[1]], pace=progress.pace(book),
        elsewhere=book.open_elsewhere(),
    )  # fmt: skip


def answer(book: Book, setting: Setting, entry: Entry, draft: Draft | None = None) -> str:
    """Return the page of one thing to judge."""
    stands, state = book.stands[entry.name], book.states[entry.name]
    second = book.is_second(entry)
    grades = () if second else stands.grades
    draft = draft or _draft(grades if state != "conflict" else ())
    text = book.text(entry)
    position, many = book.position(entry)
    question = setting.question(entry.item)
    scheme = book.scheme(entry)
    offered = [
        one for one in scheme.criteria.values() if not one.retired or one.id in draft.criteria
    ]
    group = book.group(entry) if entry.kind != "result" else [entry]
    alike = [one for one in group if book.states[one.name] == "open"]
    chose = [one for one in book.choice(entry) if book.states[one.name] == "open"]
    named = _is_named(book, entry)
    return render(
        "answer.html",
        title=f"{question.title}, {position:,} of {many:,}",
        marker=book.marker, entry=entry, question=question, state=state, second=second,
        **setting.prose(entry.item),
        html=prose(text) if entry.kind == "question" else "", text=shown(text, LONGEST),
        blank=entry.alike == BLANK, warnings=_warnings(book, entry, text, named),
        beside=setting.shelf.beside(entry, text), position=position, many=many,
        progress=_progress(book, entry.item), draft=draft, scheme=scheme, criteria=offered,
        keys=KEYS, grades=[_shown_grade(one, scheme.points(one), offered) for one in grades],
        flags=stands.flags, requests=stands.requests, looked=stands.looked,
        alike=len(alike) if entry in alike else 0, chose=len(chose) if entry in chose else 0,
        siblings=[(one, setting.question(one.item).title) for one in book.siblings(entry)],
        before=book.beside(entry, -1).name, behind=book.beside(entry, 1).name,
        who=_names(book, entry) if named else (), named=named,
        suggestion=setting.suggested.get(entry.name) if state != "done" or not second else None,
        claimed=book.claimed(entry.item).get(entry.students[0], ""),
        form=saving.new_id(), seen=" ".join(() if second else stands.ids),
        opened=f"{time.time():.2f}",
    )  # fmt: skip


def _draft(grades: Sequence[Decision]) -> Draft:
    """Return what was decided last as a form has it."""
    if not grades:
        return Draft()
    one = grades[-1]
    typed = "" if one.points is None else f"{one.points:g}"
    return Draft(one.criteria, typed, one.comment, one.reason)


def _shown_grade(
    one: Decision, worth: float, criteria: Iterable[Criterion]
) -> tuple[Decision, float, list[str]]:
    texts = {each.id: each.text for each in criteria}
    return one, worth, [texts[name] for name in one.criteria if name in texts]


def _progress(book: Book, item: str) -> tuple[int, int]:
    states = [book.states[entry.name] for entry in book.by_item[item]]
    return states.count("done"), len(states)


def _is_named(book: Book, entry: Entry) -> bool:
    said = book.said.get((entry.students[0], entry.item), ())
    return any(one.action == "name" and one.marker == book.marker for one in said)


def _names(book: Book, entry: Entry) -> list[str]:
    marks = ",".join("?" * len(entry.students))
    rows = book.db.execute(
        f"SELECT name, login, id FROM student WHERE number IN ({marks})", entry.students
    )
    return [", ".join(filter(None, row)) for row in rows]


def _warnings(book: Book, entry: Entry, text: str, named: bool) -> list[str]:
    """Return what a marker should know before reading on."""
    found = []
    if not named and (names := book.names_in(text)):
        found.append(f"The answer may say who wrote it: {count(names, 'name')} of the class in it.")
    if len(text) > RENDERED:
        found.append(f"A long answer, as plain text: {len(text):,} characters.")
    return found


def groups(book: Book, setting: Setting, item: str) -> str:
    """Return the page of answers that go together."""
    rows = []
    for kind, name, entries in book.groups(item):
        left = sum(book.states[entry.name] == "open" for entry in entries)
        sample = book.text(entries[0])[:300]
        what = {"same": sample or "Nothing was written", "chosen": f"chose {name}"}[kind]
        if name == BLANK:
            what = "No answer: the place for it is as it was handed out"
        rows.append((kind, name, what, len(entries), left))
    question = setting.question(item)
    return render(
        "groups.html", title=f"{question.title}: groups", marker=book.marker, item=item,
        question=question, rows=rows,
    )  # fmt: skip


def group(
    book: Book, setting: Setting, entries: Sequence[Entry], said: saving.Said, what: str
) -> str:
    """Return the page that asks once before something is decided for several answers."""
    scheme = book.scheme(entries[0])
    texts = [(entry, shown(book.text(entry), 400)) for entry in entries[:LISTED]]
    worth = scheme.points(_decision(said, entries[0]))
    return render(
        "group.html", title="For several answers at once", marker=book.marker, said=said,
        texts=texts, many=len(entries), what=what, worth=worth, scheme=scheme,
        names=" ".join(entry.name for entry in entries), item=entries[0].item,
        question=setting.question(entries[0].item),
        criteria=[scheme.criteria[one].text for one in said.criteria if one in scheme.criteria],
    )  # fmt: skip


def _decision(said: saving.Said, entry: Entry) -> Decision:
    return Decision(
        said.id, entry.students[0], entry.item, "", "", said.action, said.criteria, said.points
    )


def marking(
    book: Book, setting: Setting, item: str, proposal: saving.Proposal | None = None,
    effect: Change | None = None, problem: str = "",
) -> str:  # fmt: skip
    """Return the page of an item's criteria, with what a proposal would change."""
    entries = book.by_item[item]
    used = {
        name: sum(
            any(name in one.criteria for one in book.stands[entry.name].grades)
            for entry in entries
        )
        for name in book.scheme(entries[0]).criteria
    }  # fmt: skip
    return render(
        "marking.html", title=f"{setting.question(item).title}: criteria", marker=book.marker,
        item=item, question=setting.question(item), scheme=book.scheme(entries[0]), used=used,
        proposal=proposal, effect=effect, agreed=saving.digest(effect) if effect else "",
        problem=problem, form=saving.new_id(),
    )  # fmt: skip


def agreements(book: Book, setting: Setting) -> str:
    """Return the page that says how far people agree."""
    outside = {
        name: one.points for name, one in setting.suggested.items() if one.points is not None
    }
    found = progress.agreements(book, outside)
    return render(
        "agreement.html", title="Second opinions", marker=book.marker, second=book.second,
        rows=[(setting.question(item), one) for item, one in found.items()],
    )  # fmt: skip


def message(title: str, text: str, marker: str = "") -> str:
    """Return a page with one sentence."""
    return render("message.html", title=title, text=text, marker=marker)


def item_of(text: str) -> str:
    """Return an item's id as a form has it; "" for what cannot be one."""
    return text if re.fullmatch(r"[\w./:-]{1,120}", text) else ""
