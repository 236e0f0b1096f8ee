"""The desk in a real browser: keys alone, two at once, a server that is killed, nobody shut out.

Needs chromium, the package websockets, and axe-core as in tests/test_report/test_browser.py.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.course import decisions
from grader.course.opinions import Decision
from tests.support import browser, desks
from tests.support.browser import Browser
from tests.support.desks import Class, Marker, result, simple
from tests.support.short_run import EVERYTHING

pytest.importorskip("starlette", reason="NOT CHECKED: the extra desk is not installed")
pytestmark = pytest.mark.skipif(
    browser.CHROMIUM is None, reason="NOT CHECKED: chromium is not installed"
)
Q = desks.QUESTIONS[0]


@contextmanager
def process(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve a class by a process of its own; yield its address and its number."""
    command = [sys.executable, "-m", "grader", "desk", str(folder), "--second", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        try:
            assert one.stdout
            words = (word for line in one.stdout for word in line.split())
            yield next(word for word in words if word.startswith("http://")), one.pid
        finally:
            one.kill()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests."""
    with browser.opened(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(autouse=True)
def anew(page: Browser) -> None:
    """Begin each test with a wide window, and with nothing that was complained of before."""
    page.events.clear()
    page.size(1200)
    page.dark(False)
    page.call("Page.setBypassCSP", enabled=False)
    page.call("Emulation.setScriptExecutionDisabled", value=False)


def said(folder: Path) -> list[Decision]:
    """Return every decision of a class."""
    db = decisions.connect(folder)
    found = [one for _, one in decisions.read(db)]
    db.close()
    return found


def add_criteria(folder: Path, *points: float) -> None:
    """Give the question criteria, each worth so much."""
    marker = Marker(folder, "setup")
    for number, worth in enumerate(points, start=1):
        page = marker.open()
        page.send(action="criterion", new_text=f"Point {number}", new_points=str(worth))
    marker.close()


def test_keys_alone_grade_every_answer_as_typed(page: Browser, tmp_path: Path) -> None:
    many = 100 if EVERYTHING else 6
    folder, draw = tmp_path / "class", random.Random(5)
    simple(folder, many)
    add_criteria(folder, 1.0, 0.5, 0.25)
    wanted: dict[str, tuple[float, str]] = {}
    with desks.served(folder) as address:
        page.open(f"{address}next?item={Q}")
        for number in range(many):
            name = page.run("location.pathname.split('/').pop()")
            assert name not in wanted
            picked = [key for key in "123" if draw.random() < 0.5] or ["3"]
            keys = [*picked, "?"]
            points = sum({"1": 1.0, "2": 0.5, "3": 0.25}[key] for key in picked)
            comment = ""
            for key in keys:
                page.key(key)
            if number % 3 == 0:
                comment = f"c {number}: 1 2 3 s f u ? [ ]"  # keys are off while one types
                page.key("c")
                page.type(comment)
                page.key("Escape")
            if number % 4 == 1:
                points = 1.75
                page.key("p")
                page.type("1.75")
                page.leaving("Enter")  # Enter in the field saves too
            elif number % 4 == 2:
                page.key("c")
                page.run("window.former = true")
                page.key("Enter", ctrl=True)
                page.wait("!window.former && document.readyState === 'complete'")
            else:
                page.leaving("Enter")
            wanted[name] = points, comment
        page.wait("document.querySelector('h1').textContent === 'The desk'")
        assert page.complaints() == []
    marker = Marker(folder)
    names = {name: marker.book.entries[name].students[0] for name in wanted}
    marker.close()
    db = decisions.connect(folder)
    judged = decisions.people(db).judged
    db.close()
    got = {name: judged[student][Q] for name, student in names.items()}
    assert {name: (one.points, one.comment) for name, one in got.items()} == wanted


def test_keys_skip_undo_flag_and_go_back_and_forth(page: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    simple(folder, 4, ["1/p", "1/P", "other", "more"])
    with desks.served(folder) as address:

        def here() -> str:
            return str(page.run("location.pathname.split('/').pop()"))

        page.open(f"{address}next?item={Q}")
        first = here()
        page.leaving("s")
        second = here()
        page.leaving("[")
        assert here() == first != second
        page.leaving("]")
        page.key("p")
        page.type("1")
        page.leaving("Enter")
        assert here() not in (first, second)
        page.leaving("u")
        assert here() == second
        page.key("f")
        page.type("is this right?")
        page.leaving("Enter")
        page.run("window.former = true; history.back()")
        page.wait("!window.former && document.readyState === 'complete'")
        assert "is this right?" in page.run("document.body.textContent")  # not an old page
        assert page.run("document.querySelector('#keys').open") is False
        page.key("?")
        assert page.run("document.querySelector('#keys').open") is True
    assert [one.action for one in said(folder)] == ["grade", "undo", "flag"]


def test_without_a_script_everything_works_by_tab_and_enter(page: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    simple(folder, 2)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    with desks.served(folder) as address:
        page.open(f"{address}next?item={Q}")
        root = page.call("DOM.getDocument")["root"]["nodeId"]
        field = page.call("DOM.querySelector", nodeId=root, selector="#points")["nodeId"]
        page.call("DOM.focus", nodeId=field)
        page.type("1.5")
        page.key("Enter")
        page.wait("document.readyState === 'complete'")
        for _ in range(200):
            if found := said(folder):
                break
    assert [one.points for one in found] == [1.5]


def test_two_at_once_are_shown_side_by_side_and_one_settles_by_keys(
    page: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "class"
    simple(folder, 1)
    other = Marker(folder, "bo")
    theirs = other.at(1)
    with desks.served(folder) as address:
        page.open(f"{address}answer/{theirs.name}")
        page.key("p")
        page.type("2")
        theirs.send(points="0.5")
        page.leaving("Enter")
        assert "of which one has to stand" in page.run("document.body.textContent")
        page.size(320)
        assert page.run("document.documentElement.scrollWidth") == 320
        page.key("p")
        page.type("1")
        page.leaving("Enter")
    other.close()
    db = decisions.connect(folder)
    assert decisions.people(db).points == {(1, Q): 1.0}
    db.close()
    assert len(said(folder)) == 3


def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """The process is killed while it saves, at another moment each time."""
    import httpx

    folder, kills = tmp_path / "class", 100 if EVERYTHING else 1
    simple(folder, 40)
    acknowledged, last = set[str](), ""
    draw = random.Random(3)
    for turn in range(kills):
        with process(folder) as (address, number):
            origin = "/".join(address.split("/", 3)[:3])
            kill = threading.Timer(draw.uniform(0.0, 0.06), os.kill, (number, signal.SIGKILL))
            with httpx.Client(headers={"origin": origin}, timeout=10) as client:
                client.get(address)
                for step in itertools.count():
                    name = f"kill{turn:03}step{step:05}"
                    try:
                        page = client.get(f"{address}next?item={Q}", follow_redirects=True)
                        if "/answer/" not in str(page.url):
                            page = client.get(f"{address}answer/{last}")
                        last = page.url.path.rpartition("/")[2]
                        fields = {**desks.Forms(page.text).named("grade"), "id": name,
                                  "action": "grade", "points": f"{step % 3}"}  # fmt: skip
                        if client.post(str(page.url), data=fields).status_code == 303:
                            acknowledged.add(name)
                    except (httpx.HTTPError, StopIteration):
                        break
                    if step == 0:
                        kill.start()
            kill.join()
    kept = {one.id for one in said(folder)}
    assert acknowledged <= kept and acknowledged
    assert len(kept) - len(acknowledged) <= kills  # of each run, one that was not told in time


PAGES = {
    "overview": "", "answer": f"next?item={Q}", "run": "next?item=dropout_training",
    "flag": "next?item=flag:odd", "groups": f"groups?item={Q}", "criteria": f"criteria?item={Q}",
    "agreement": "agreement",
}  # fmt: skip


@pytest.mark.skipif(not browser.AXE.is_file(), reason="NOT CHECKED: no axe-core; set AXE_CORE")
def test_axe_finds_nothing_and_320_pixels_are_enough(page: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    flag = [{"kind": "odd", "says": "x" * 300, "where": "layers.py"}]
    texts = (
        "العربية: من اليمين",
        "w" * 400,
        "",
        "| a | b |\n\n    code " + "x" * 300,
        "1/p",
        "1/p",
    )
    Class(folder).hand_in([result({Q: text}, ["dropout_training"], flag) for text in texts])
    add_criteria(folder, 1.0, -0.5)
    for name in ("bo", "cy"):
        marker = Marker(folder, name, 100)
        for student, points in ((1, "1"), (2, "2" if name == "bo" else "1")):
            marker.at(student).send(points=points, comment="w" * 200)
        marker.close()
    with desks.served(folder) as address:
        page.call("Page.setBypassCSP", enabled=True)
        conflict = Marker(folder)
        pages = PAGES | {"conflict": f"answer/{conflict.book.places[2, Q]}"}
        conflict.close()
        for name, path in pages.items():
            page.size(320)
            page.open(address + path)
            assert page.run("document.documentElement.scrollWidth") == 320, name
            for dark in (False, True) if EVERYTHING or name == "answer" else (False,):
                page.dark(dark)
                assert wrong(page) == [], (name, dark)


def wrong(page: Browser) -> list[str]:
    """Return what axe-core finds wrong with a page, all of it unfolded."""
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    return list(browser.axe(page).violations)


def test_a_desk_in_a_file_keeps_what_is_decided_and_says_what_is_not_saved(
    page: Browser, tmp_path: Path
) -> None:
    folder, out = tmp_path / "class", tmp_path / "out"
    simple(folder, 4, ["1/p", "1/P!", "because of p", "</script><script>document.title=1</script>"])
    add_criteria(folder, 1.5)
    grade("desk", "export", str(folder), "--markers", "1", "-o", str(out))
    file = (out / "desk-1.html").as_uri()
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(out))
    page.open(file)
    assert page.run("document.querySelectorAll('.entry:not([hidden])').length") == 1
    page.key("Enter")
    assert "Tick a criterion" in page.run("document.querySelector('#problem').textContent")
    page.run("document.querySelector('#marker').focus()")
    page.type("Bo")
    page.key("Escape")
    for _ in range(3):
        page.key("p")
        page.type("1.5")
        page.key("Enter")
        page.key("Escape")
    page.key("u")
    page.key("p")
    page.run("document.querySelector('#points').select()")
    page.type("0.5")
    page.key("Enter")
    unsaved = "document.querySelector('#unsaved').textContent"
    assert "Not in a file yet: 5 decisions" in page.run(unsaved)
    page.size(320)
    assert page.run("document.documentElement.scrollWidth") == 320
    page.key("Escape")
    page.key("w")
    page.wait(f"{unsaved}.startsWith('Everything is in the file')")
    for _ in range(500):
        if (out / "decisions-1.json").is_file():
            break
        page.run("1")
    page.call("Page.setBypassCSP", enabled=True)
    page.open(file)
    assert "Everything is in the file" in page.run(unsaved)  # kept in the browser
    if browser.AXE.is_file():
        assert wrong(page) == []
    assert page.complaints() == []
    said_so = grade("desk", "merge", str(folder), str(out / "decisions-1.json"))
    assert "5 new decisions of Bo" in said_so
    db = decisions.connect(folder)
    assert sorted(decisions.people(db).points.values()) == [0.5, 1.5, 1.5]
    db.close()


def grade(*words: str) -> str:
    """Run `grade` and return what it says."""
    command = [sys.executable, "-m", "grader", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
