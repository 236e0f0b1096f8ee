"""The page in a real browser: axe-core in light and dark, 320 px, and what comes out on paper.

Needs Chromium and axe-core; without them these tests are skipped, and say so:

    apt-get install chromium poppler-utils
    npm pack axe-core && tar xf axe-core-*.tgz && export AXE_CORE=$PWD/package/axe.min.js
"""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from demo import picture
from grader.course.dashboard import page
from grader.course.dashboard.pupils import Pupil
from grader.course.similarity import page as pairs_page
from grader.course.similarity import pairs, traces
from grader.course.similarity.evidence import Entry
from grader.report import class_page, html, similar_page, staff_page
from grader.report.class_page import ClassRow
from grader.types import CaseOutcome, Seen
from tests.support import authors, disguises, made_class, shared
from tests.support.browser import Browser, axe, opened
from tests.test_report.samples import ALL

PDFTOTEXT = shutil.which("pdftotext")
needs_pdftotext = pytest.mark.skipif(
    PDFTOTEXT is None, reason="NOT CHECKED: pdftotext (poppler-utils) is not installed"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages, to which a page's policy about scripts does not apply."""
    with opened(tmp_path_factory.mktemp("browser")) as one:
        one.call("Page.setBypassCSP", enabled=True)
        yield one


def notebook_page() -> str:
    """Return the page of an executed notebook, with a long line, headings, a plot and an error."""
    made = ALL["executed"]()
    (source,) = html.render_notebooks(made, made.notebooks).values()
    return source


def page_of_a_class() -> str:
    """Return the page of a class: every status, long names, no scores, hostile text."""
    rows = [
        ClassRow(
            "Ada Lovelace (ada01)", "graded", "61.5 of 64", 61.5 / 64, "4.8", link="reports/a/r"
        ),
        ClassRow("<b>" + "N" * 80, "graded", "0 of 64", 0.0, handed_in="2026-03-06 late", flags=2),
        ClassRow("李 雷", "refused", reason="this zip is truncated or damaged; hand it in again"),
        ClassRow("O'Brien", "nothing to grade", reason="a text that was written online"),
        ClassRow("=1+1", "fault", reason="the process that graded it was lost twice"),
        ClassRow("Grace", "waiting"),
    ]
    pupils = made_class.pupils(made_class.truth()[:90])
    setting = page.Setting("Assignment 2", made_class.rubric())
    return class_page.render(
        page.make([*map(Pupil, rows), *pupils], setting, ("x.txt: belongs to nobody",))
    )


def page_of_pairs() -> str:
    """Return the page of a small class in which two share a source."""
    files = [authors.author(number) for number in range(6)]
    files.append(disguises.disguised(files[2], 3, "page"))
    given = traces.of_files(authors.handed_out())
    entries = [
        Entry(f"S{number}", traces.of_files(each), at="2026-03-06")
        for number, each in enumerate(files)
    ]
    found, usual, counts = pairs.found(entries, given, 9)
    made = pairs_page.make(
        "Similar", entries, found, usual, counts, given, lambda place: files[place], True
    )
    assert made.pairs and made.pairs[0].beside
    return similar_page.render(made)


def page_for_staff() -> str:
    """Return the page for staff: numbers, an exception, another shape, hostile text."""
    good, bad = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) + [0, 0, 1]
    evil = "<script>alert(1)</script>\u202e" * 9
    seen = [
        Seen(("dx has wrong values",), {"x": good}, {"dx": good}, {"dx": bad}, {"dx": good != bad}),
        Seen((f"stopped with {evil}",), {"x": good, evil: good}, {"dx": good}, {}, {}),
        Seen(("dx has shape (6,)",), {}, {"dx": good, "db": good}, {"dx": good.ravel()}, {}),
    ]
    shown = [
        staff_page.Shown(
            CaseOutcome(f"affine_backward/c{n}", "answered", False, "", one),
            n > 1,
            evil,
            "x = 1\n" * 9,
        )
        for n, one in enumerate(seen)
    ]
    return staff_page.render(ALL["hostile"](), shown, "a seed")


PAGES: dict[str, Callable[[], str]] = {
    name: partial(lambda make: html.render(make(), version="0.1.0"), make)
    for name, make in ALL.items()
} | {
    "notebook": notebook_page,
    "class": page_of_a_class,
    "pairs": page_of_pairs,
    "staff": page_for_staff,
}


def show(browser: Browser, folder: Path, name: str) -> None:
    """Open a page, with all that is folded shown."""
    page = folder / "page.html"
    page.write_text(PAGES[name](), encoding="utf-8")
    browser.open(page.as_uri())


COLOURS = "color-contrast"


@pytest.mark.long_trial(0.5)
@pytest.mark.parametrize(
    "name",
    [
        "three_mistakes",
        "smallest_case",
        "with_source",
        "hostile",
        "untouched",
        "unisolated",
        "odd_arrays",
        "executed",
        "notebook",
        "class",
        "pairs",
        "staff",
    ],
)
def test_axe_finds_nothing(name: str, browser: Browser, tmp_path: Path) -> None:
    browser.size(1200)
    show(browser, tmp_path, name)
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    for dark in (False, True):
        browser.dark(dark)
        assert browser.run("matchMedia('(prefers-color-scheme: dark)').matches") == dark
        found = axe(browser, COLOURS if dark else "")  # a dark page differs in its colours only
        assert found.violations == () and found.passes > (0 if dark else 30), (name, dark)


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("name", PAGES)
def test_no_sideways_scroll_at_320_pixels(name: str, browser: Browser, tmp_path: Path) -> None:
    browser.size(320)
    show(browser, tmp_path, name)
    assert browser.run("document.documentElement.scrollWidth") == 320


@needs_pdftotext
def test_paper_shows_the_whole_notebook_and_the_chart_without_its_numbers(
    browser: Browser, tmp_path: Path
) -> None:
    said = {name: on_paper(browser, tmp_path, name) for name in ("notebook", "executed")}
    assert "while True: pass" in said["notebook"] and "f: write <this>" in said["notebook"]
    assert "Rules side by side" in said["executed"] and "adam, lr 0.001" in said["executed"]
    assert "Computed again: training" not in said["executed"]  # a table for screens


def on_paper(browser: Browser, folder: Path, name: str) -> str:
    """Return the text of a page as it is printed."""
    show(browser, folder, name)
    pdf = folder / "page.pdf"
    pdf.write_bytes(b64decode(browser.call("Page.printToPDF")["data"]))
    command = [str(PDFTOTEXT), "-layout", str(pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_pdftotext
def test_paper_shows_cause_and_next_step_no_hint_and_the_stamp_on_each_page(
    browser: Browser, tmp_path: Path
) -> None:
    said = on_paper(browser, tmp_path, "unisolated")
    assert "This is the mistake" in said and "Next:" in said
    assert "db sums dout over the batch axis" not in said  # a folded hint
    pages = [page for page in said.split("\f") if page.strip()]
    assert len(pages) > 2 and all("NOT ISOLATED" in page for page in pages)


OVER = """[...document.querySelectorAll(".card")].map(card => card.offsetHeight)"""


@needs_pdftotext
def test_the_demo_is_six_sheets_at_most_150_kB_and_each_card_a_screen(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("demo")
    graded = shared.made_once(tmp_path_factory, "demo graded", picture.report)
    text = (graded / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 150_000
    (folder / "page.html").write_text(text, encoding="utf-8")
    browser.dark(False)
    browser.size(1280)
    browser.open((folder / "page.html").as_uri())
    assert max(browser.run(OVER)) < 1000  # closed
    assert browser.run("document.querySelector('#all').getBoundingClientRect().top") < 700
    pdf = folder / "page.pdf"
    pdf.write_bytes(b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"]))
    said = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert int(said.partition("Pages:")[2].split()[0]) <= 6
    browser.run("scrollTo(0, 3000)")
    assert browser.run("document.querySelector('.nav').getBoundingClientRect().top") == 0


SHOWN = "[...document.querySelectorAll('#list tr')].filter(row => row.offsetParent)"


def test_the_list_of_a_class_sorts_filters_and_shows_a_group(
    browser: Browser, tmp_path: Path
) -> None:
    """The page's own script runs under its own policy."""
    browser.size(1200)
    show(browser, tmp_path, "class")
    assert browser.run(f"{SHOWN}.length") == 96
    browser.run("document.querySelector('[data-who]').click()")
    told = browser.run("document.querySelector('[data-who]').textContent")
    assert f"all {browser.run(f'{SHOWN}.length')} in the list" == told
    browser.run("document.getElementById('all').click()")
    assert browser.run(f"{SHOWN}.length") == 96
    browser.run("document.getElementById('f-not').click()")
    assert browser.run(f"{SHOWN}.map(row => row.cells[1].textContent)") == [
        "cannot be graded", "with nothing to grade", "not graded by our fault", "not graded yet",
    ]  # fmt: skip
    browser.run("document.getElementById('f-all').click()")
    for down in (False, True):
        browser.run("document.querySelector('button[data-by=\"1\"]').click()")
        scores = browser.run(f"{SHOWN}.map(row => Number(row.cells[1].dataset.v))")
        assert isinstance(scores, list) and scores == sorted(scores, reverse=down)
    browser.run(
        "document.getElementById('f-text').value = 'lovelace';"
        "document.getElementById('f-text').dispatchEvent(new Event('input'))"
    )
    assert browser.run("document.getElementById('shown').textContent") == "1 of 96 shown"
