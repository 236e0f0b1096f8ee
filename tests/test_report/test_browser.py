"""The page in a real browser: axe-core in light and dark, 320 px, and what comes out on paper.

Needs Chromium and axe-core; without them these tests are skipped, and say so:

    apt-get install chromium poppler-utils
    npm pack axe-core && tar xf axe-core-*.tgz && export AXE_CORE=$PWD/package/axe.min.js
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import pytest

from grader.course.dashboard import page
from grader.course.dashboard.pupils import Pupil
from grader.course.similarity import page as pairs_page
from grader.course.similarity import pairs, traces
from grader.course.similarity.evidence import Entry
from grader.report import class_page, html, similar_page
from grader.report.class_page import ClassRow
from tests.support import authors, disguises, made_class
from tests.test_report.samples import ALL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PDFTOTEXT = shutil.which("pdftotext")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars"
).split()
CSP = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = f"""
document.querySelectorAll('details').forEach(d => d.open = true);
axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(r => {{
  document.body.innerHTML = '';
  document.body.dataset.result = JSON.stringify({{
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    passes: r.passes.length,
    violations: r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 200)))}});
}});
"""
MEASURE = """
addEventListener('load', () => {
  const d = document.querySelector('iframe').contentDocument.documentElement;
  document.body.dataset.result = JSON.stringify(d.scrollWidth);
});
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="NOT CHECKED: chromium is not installed")
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="NOT CHECKED: no axe-core; set AXE_CORE to its axe.min.js"
)
needs_pdftotext = pytest.mark.skipif(
    PDFTOTEXT is None, reason="NOT CHECKED: pdftotext (poppler-utils) is not installed"
)


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


PAGES: dict[str, Callable[[], str]] = {
    name: partial(lambda make: html.render(make(), version="0.1.0"), make)
    for name, make in ALL.items()
} | {"notebook": notebook_page, "class": page_of_a_class, "pairs": page_of_pairs}


def browse(tmp_path: Path, source: str, *flags: str) -> str:
    """Open the page in a fresh browser; return what it prints."""
    page = tmp_path / "page.html"
    page.write_text(source, encoding="utf-8")
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}/profile", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def result(dom: str) -> object:
    found = re.search(r'data-result="([^"]*)"', dom)
    assert found, dom[-2000:]
    return json.loads(found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&"))


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
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
    ],
)
def test_axe_finds_nothing(name: str, scheme: str, tmp_path: Path) -> None:
    source = CSP.sub("", PAGES[name]())
    script = f"<script>{AXE.read_text(encoding='utf-8')}</script><script>{RUN}</script></body>"
    source = source.replace("</body>", script)
    dark = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    found = result(browse(tmp_path, source, dark, "--virtual-time-budget=20000", "--dump-dom"))
    assert isinstance(found, dict)
    assert found["dark"] == (scheme == "dark")
    assert found["violations"] == [] and found["passes"] > 30


@pytest.mark.long_trial(0.4)
@pytest.mark.parametrize("name", PAGES)
def test_no_sideways_scroll_at_320_pixels(name: str, tmp_path: Path) -> None:
    inner = escape(PAGES[name](), quote=True)
    frame = f'<iframe width="320" height="640" style="border:0" srcdoc="{inner}"></iframe>'
    source = f"<!doctype html><script>{MEASURE}</script><body>{frame}</body>"
    assert result(browse(tmp_path, source, "--virtual-time-budget=5000", "--dump-dom")) == 320


@needs_pdftotext
def test_paper_shows_the_whole_notebook_and_the_chart_without_its_numbers(tmp_path: Path) -> None:
    said = {name: on_paper(tmp_path / name, PAGES[name]()) for name in ("notebook", "executed")}
    assert "while True: pass" in said["notebook"] and "f: write <this>" in said["notebook"]
    assert "Rules side by side" in said["executed"] and "adam, lr 0.001" in said["executed"]
    assert "Computed again: training" not in said["executed"]  # a table for screens


def on_paper(folder: Path, source: str) -> str:
    """Return the text of a page as it is printed."""
    folder.mkdir(exist_ok=True)
    pdf = folder / "page.pdf"
    browse(folder, source, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    command = [str(PDFTOTEXT), "-layout", str(pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_pdftotext
def test_paper_shows_cause_and_next_step_no_hint_and_the_stamp_on_each_page(tmp_path: Path) -> None:
    said = on_paper(tmp_path, PAGES["unisolated"]())
    assert "This is the mistake" in said and "Next:" in said
    assert "db sums dout over the batch axis" not in said  # a folded hint
    pages = [page for page in said.split("\f") if page.strip()]
    assert len(pages) > 2 and all("NOT ISOLATED" in page for page in pages)
