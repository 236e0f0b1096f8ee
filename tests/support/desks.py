"""Classes with answers to judge, made by hand: no submission is graded for them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import queue
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from grader import resources
from grader.course import archive, decisions, to_judge
from grader.course.desk.book import Book, Entry
from grader.course.desk.evidence import Question, Shelf, questions
from grader.course.desk.pages import Setting
from grader.course.records import Person
from grader.course.store import Store
from grader.course.tasks import STUDENT, Outcome
from grader.course.to_judge import Counted
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from tests.support.stored import empty_page

QUESTIONS = ("Dropout/1", "Dropout/2", "BatchNormalization/1")
WORTH = 2.0
PAGE = f"<!doctype html><html lang=en><title>t</title><main>\n<h1>{STUDENT}</h1>\n</main></html>\n"


def result(
    answers: Mapping[str, str], runs: Sequence[str] = (), flags: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Return a result.json: answers and runs wait for a person, one function is wrong."""
    wrong = {
        "id": "dropout_forward", "section": "dropout", "status": "failed", "earned": 1.0,
        "possible": 4.0, "parts": [], "faults": [], "because_of": None,
        "followed_through": False,
        "cause": {"id": "x", "says": "your dropout is scaled by p, not by 1/p", "certain": True},
    }  # fmt: skip
    waiting = [
        {"id": name, "section": "s", "status": "pending", "earned": 0.0, "possible": WORTH,
         "parts": [], "faults": [], "cause": None, "because_of": None, "followed_through": False}
        for name in (*answers, *runs)
    ]  # fmt: skip
    book = {
        "name": "Dropout.ipynb", "page": "Dropout.html", "status": "executed", "cells": 3,
        "failed_cell": None,
        "runs": [
            {"cell": 7, "says": "state 3 cannot be repeated", "items": list(runs),
             "best_train_accuracy": 0.9, "recomputed_train_accuracy": 0.4,
             "best_val_accuracy": None, "recomputed_val_accuracy": None}
        ] if runs else [],
    }  # fmt: skip
    pending = WORTH * len(waiting)
    return {
        "schema": "backgrade/result/1",
        "submission": {"name": STUDENT, "sha256": "", "files": [], "repaired": [], "ignored": []},
        "rubric": {"id": "cs231n-a2", "sha256": "", "golden": ""},
        "score": {"earned": 1.0, "possible": 4.0 + pending, "pending": pending, "bonus": 0.0},
        "items": [wrong, *waiting],
        "notebooks": [book],
        "questions": [
            {"id": name, "answer": text, "status": "pending" if text else "blank",
             "possible": WORTH, "earned": None}
            for name, text in answers.items()
        ],
        "flags": list(flags),
        "box": {"outer": "", "inner": [], "isolated": True},
        "measured": {},
    }  # fmt: skip


HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)", "</textarea><script>alert(1)</script>",
    "<svg/onload=alert(1)>", '"><script>alert(1)</script>', "<a href='data:text/html,x'>x</a>",
    "{{ 7 * 7 }}{% raw %}", "<iframe srcdoc='<script>alert(1)</script>'>",
    "`</code><script>alert(1)</script>`", "$</code><script>x</script>$", "<!--",
    "<style>*{display:none}</style>", "<base href=//evil.example>", "\u202ereversed",
    "<math><mtext></p><script>alert(1)</script>", "<p onclick=alert(1)>x</p>",
)  # fmt: skip


class Class:
    """The folder of a class that is filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with Store(folder):
            pass

    def hand_in(
        self, results: Sequence[Mapping[str, Any]], names: Sequence[str] = (), files: Any = None
    ) -> None:
        """Add a student for each result, graded; `files` are more files of each."""
        with Store(self.folder) as store:
            first = len(store.students()) + 1
            counted = []
            with store.writing():
                for number, one in enumerate(results, start=first):
                    name = names[number - first] if names else f"Student Number{number:05d}"
                    person = Person(str(40000 + number), f"login{number:05d}", name)
                    student = store.add_student(f"login{number:05d}", person, "")
                    counted.append(self._graded(store, one, [student], str(number), files or {}))
            decisions.connect(self.folder).close()
            to_judge.refresh(self.folder, store.db, counted)

    def hand_in_again(self, student: int, one: Mapping[str, Any]) -> None:
        """Add a later attempt of somebody, graded."""
        with Store(self.folder) as store:
            with store.writing():
                turn = len(store.attempts())
                counted = self._graded(store, one, [student], f"again {student} {turn}", {}, 2)
            to_judge.refresh(self.folder, store.db, [counted])

    def _graded(
        self, store: Store, one: Mapping[str, Any], students: Sequence[int], word: str,
        files: Mapping[str, str], turn: int = 1,
    ) -> Counted:  # fmt: skip
        upload = hashlib.sha256(word.encode()).hexdigest()
        key = hashlib.sha256(upload.encode()).hexdigest()
        attempt = store.add_attempt(f"{word}.zip", f"{word}.zip", "", None, upload, "")
        store.hand_in((attempt, student, turn) for student in students)
        score = one["score"]
        items = tuple(
            (i["id"], i["status"], i["earned"], i["possible"], "", "") for i in one["items"]
        )
        outcome = Outcome(
            upload, "policy", "graded", "", score["earned"], score["possible"], score["pending"],
            items=items,
        )  # fmt: skip
        store.keep([(key, outcome)])
        packed = archive.pack(
            {archive.PAGE: empty_page(), "Dropout.html": PAGE, **files,
             "result.json": json.dumps(one), archive.OUTCOME: json.dumps(asdict(outcome))}
        )  # fmt: skip
        archive.keep(archive.place_of(self.folder, key), packed)
        return Counted(students[0], attempt, key)


def simple(folder: Path, students: int, texts: Sequence[str] = ()) -> Class:
    """Return a class where everybody answered everything, no two alike unless `texts` are."""
    one = Class(folder)
    one.hand_in(
        [
            result({q: (texts[n] if n < len(texts) else f"Because {n} of {q}.") for q in QUESTIONS})
            for n in range(students)
        ]
    )
    return one


class Forms(HTMLParser):
    """The forms of a page as a browser would send them: by id, or by the address they go to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, list[str]]]] = []
        self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the last one."""
        facts = {name: value or "" for name, value in given}
        if tag == "form":
            self.found.append((facts.get("id") or facts["action"], {}))
        elif tag == "textarea":
            self._area = facts["name"]
            self.found[-1][1][self._area] = [""]
        elif tag == "input" and facts.get("name"):
            if facts.get("type") != "checkbox" or "checked" in facts:
                self.found[-1][1].setdefault(facts["name"], []).append(facts.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        """End a text field."""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Take over the text of a field."""
        if self._area:
            self.found[-1][1][self._area][0] += data

    def named(self, name: str) -> dict[str, list[str]]:
        """Return the fields of the first form of that name."""
        return next(fields for form, fields in self.found if form == name)


@cache
def _rubric() -> Rubric:
    return read_rubric(resources.rubric_path(resources.DEFAULT_RUBRIC))


@cache
def _asked() -> dict[str, Question]:
    return questions(_rubric(), resources.home() / "reference")


class Marker:
    """Somebody at a desk, without a browser and in this process."""

    TOKEN, PORT = "the-token", 8000

    def __init__(self, folder: Path, name: str = "ada", second: float = 0.0) -> None:
        from grader.course.desk.server import Desk

        self.book = Book(folder, name, second)
        self.desk = Desk(self.book, lambda: Setting(_asked(), Shelf(folder, _rubric())))
        transport = httpx.ASGITransport(app=self.desk.app(self.TOKEN, self.PORT))
        home = f"http://127.0.0.1:{self.PORT}"
        self.client = httpx.AsyncClient(
            transport=transport, base_url=f"{home}/{self.TOKEN}/", headers={"origin": home}
        )
        self.get("")

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Open a page."""
        return asyncio.run(self.client.get(path, follow_redirects=True, **more))

    def post(self, path: str, fields: Mapping[str, Any], **more: Any) -> httpx.Response:
        """Send a form; return the page that comes then."""
        return asyncio.run(self.client.post(path, data=fields, follow_redirects=True, **more))

    def open(self, item: str = QUESTIONS[0]) -> Page:
        """Open what is to be judged next."""
        return Page(self, self.get(f"next?item={item}"))

    def at(self, student: int, item: str = QUESTIONS[0]) -> Page:
        """Open the answer of one student."""
        return Page(self, self.get(f"answer/{self.book.places[student, item]}"))

    def close(self) -> None:
        """Leave the desk."""
        self.desk.close()


class Page:
    """The page of one answer, as somebody has it before them."""

    def __init__(self, marker: Marker, response: httpx.Response) -> None:
        self.marker, self.response, self.text = marker, response, response.text
        self.name = response.url.path.rpartition("/")[2]

    @property
    def entry(self) -> Entry:
        """What the page is about."""
        return self.marker.book.entries[self.name]

    def send(self, form: str = "grade", action: str = "grade", **fields: Any) -> Page:
        """Fill in a form of the page and send it; return the page that comes then."""
        every = {**Forms(self.text).named(form), "action": action, **fields}
        return Page(self.marker, self.marker.post(f"answer/{self.name}", every))


class _Harm(HTMLParser):
    """What of a page could do something that is not of ours."""

    KNOWN = ("../", "", "desk.js", "desk.css", "data:,", "#main")
    LOADS = ("script", "img", "svg", "iframe", "style", "base", "math", "object", "embed", "meta")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        """Note a tag that is not one of ours."""
        facts = {name: value or "" for name, value in given}
        source = facts.get("src", "")
        is_ours = source.endswith("desk.js") or "picture/" in source or "name" in facts
        is_ours |= "http-equiv" in facts or facts.get("id") == "data"
        if tag in self.LOADS and not is_ours and "charset" not in facts:
            self.found.append(f"{tag} {facts}")
        scheme = facts.get("href", "").partition(":")[0]
        if any(name.startswith("on") for name in facts) or scheme in ("javascript", "vbscript"):
            self.found.append(f"{tag} {facts}")


def harm_in(page: str) -> list[str]:
    """Return the tags of a page that load or run something, and are not of the desk's own."""
    return _Harm(page).found


@contextmanager
def served(folder: Path, name: str = "ada") -> Iterator[str]:
    """Serve a class to a browser, by a thread of this process; yield the address."""
    import uvicorn

    from grader.course.desk.server import Desk

    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        started: queue.Queue[uvicorn.Server] = queue.Queue()

        def serve() -> None:
            book = Book(folder, name, 0.0)  # a database belongs to one thread
            desk = Desk(book, lambda: Setting(_asked(), Shelf(folder, _rubric())))
            app = desk.app(Marker.TOKEN, port)
            config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
            started.put(server := uvicorn.Server(config))
            server.run(sockets=[listening])
            desk.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        server = started.get(timeout=30)
        try:
            yield f"http://127.0.0.1:{port}/{Marker.TOKEN}/"
        finally:
            server.should_exit = True
            server.force_exit = True  # the browser keeps its connection
            thread.join(timeout=10)
