"""The page of an executed notebook: its cells, why one stopped, and that it can do no harm."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from grader.report import html, notebook_page, prose
from grader.types import Cell, Notebook, Raised
from tests.test_report import samples
from tests.test_report.reading import Reader, words

NAME = samples.NAMES[0]


def page(*cells: Cell, name: str = NAME, markdown: dict[int, str] | None = None) -> str:
    """Return the page of a notebook that holds these cells."""
    book = Notebook(name, "error", cells=cells, written=samples.written(*cells, markdown=markdown))
    made = html.render_notebooks(samples.executed(), [book])
    return made[name.replace(".ipynb", ".html")]


@pytest.fixture(scope="module")
def source() -> str:
    made = samples.executed()
    pages = html.render_notebooks(made, made.notebooks)
    assert list(pages) == ["FullyConnectedNets.html"]  # the others were not executed
    return pages["FullyConnectedNets.html"]


def cell(source: str, number: int) -> str:
    """Return one code cell of a page."""
    rest = source[source.index(f'<div class="cell" id="cell-{number}"') :]
    ends = [found.start() for found in re.finditer(r'<div class="(?:cell|text)"|</main>', rest)]
    return rest[: ends[1]]


def marked(part: str) -> list[str]:
    """Return the marked lines."""
    found = re.findall(r"(<mark[^>]*>.*?</mark>)", part, re.S)
    return [" ".join(unescape(re.sub(r"<[^>]*>", "", one)).split()) for one in found]


def test_cells_have_their_names_and_anchors_and_those_that_stopped_say_why(source: str) -> None:
    said = {number: words(cell(source, number)) for number in (4, 9, 10, 11)}
    assert said[4].startswith("code cell 3, In [2]: stopped with an error")
    assert "took too long , stopped after 300 s of 300 s" in said[9]
    assert said[10].startswith("code cell 9: skipped , it calls <b>a shell</b>")
    assert said[11].startswith("code cell 10, In [8] plot(x) hi")
    assert "did not come to their end: code cell 3, In [2] , code cell 4, In [3]" in words(source)
    assert 'href="#cell-4"' in source and 'id="cell-3"' not in source  # an empty cell


def test_the_line_that_stopped_a_cell_is_marked(source: str) -> None:
    assert marked(cell(source, 4)) == [
        "▸ went on from here: out = f(x)",
        "▸ stopped here: raise NotImplementedError('f: write <this>')",
    ]
    said = words(cell(source, 4))
    assert "FullyConnectedNets.ipynb, code cell 3, In [2], line 3" in said
    assert "NotImplementedError : f: write <this>" in said


def test_the_last_line_of_an_exception_is_marked_in_its_cell() -> None:
    raised = Raised("E", "no", ((f"{NAME}, cell 3", 2, "<module>", "f()"),
                                (f"{NAME}, cell 1", 1, "f", "1/0")))  # fmt: skip
    made = page(Cell(1, "1/0", "ran"), Cell(3, "a\nf()\nb", "failed", raised=raised, place=2))
    assert "<mark" not in cell(made, 1)  # that cell ran; the frames lead to it
    assert marked(cell(made, 3)) == ["▸ went on from here: f()", "▸ stopped here: 1/0"]
    assert "a\n<mark" in made and "</mark>\nb" in made


INNER = Raised("E", "no", ((f"{NAME}, cell 3", 1, "<module>", "f()"),
                           (f"{NAME}, cell 3", 3, "f", "1/0")))  # fmt: skip


def test_a_cell_that_stopped_in_itself_is_marked_where_it_stopped() -> None:
    made = cell(page(Cell(3, "f()\nx\n1/0", "failed", raised=INNER, place=2)), 3)
    assert marked(made)[:2] == ["▸ went on from here: f()", "▸ stopped here: 1/0"]
    assert words(made).count("E : no") == 1  # the error output says the same
    assert '<b>E</b>: <span class="message">no</span>' in made


def test_text_is_read_as_markdown_and_what_is_neither_text_nor_code_as_it_is() -> None:
    made = page(Cell(3, "x", "ran"))
    assert '<div class="text" id="cell-2"><h2>Nets</h2>\n<h3>Why?</h3>' in made
    assert "<strong>Because</strong> &lt;b&gt;x&lt;/b&gt;." in made
    text = json.loads(samples.written(Cell(1, "x", "ran")))
    text["cells"][0] = {"cell_type": "raw", "source": "a\n<b>"}
    book = Notebook(NAME, "executed", cells=(Cell(1, "x", "ran"),), written=json.dumps(text))
    (raw,) = html.render_notebooks(samples.executed(), [replace(book, cells=())]).values()
    assert "a\n&lt;b&gt;</pre>" in cell(raw, 1) and 'aria-label="a cell"' in cell(raw, 1)


def test_why_a_cell_did_not_end_is_said_once() -> None:
    late = Cell(1, "x", "timeout", "stopped after 9 s of 9 s", text="a\n", place=1)
    noted = replace(late, text="a\n[timeout: stopped after 9 s of 9 s]\n")
    book = Notebook(NAME, "timeout", cells=(late,), written=samples.written(noted))
    (made,) = html.render_notebooks(samples.executed(), [book]).values()
    assert words(cell(made, 1)).count("stopped after 9 s of 9 s") == 1
    assert "<pre>a</pre>" in cell(made, 1)


def test_pictures_and_runs_of_a_cell_are_there(source: str) -> None:
    part = cell(source, 11)
    image = f'<img src="data:image/png;base64,{samples.PLOT}"'
    assert part.count("<img") == 1 and image in part
    assert 'alt="Picture 2 of the outputs of code cell 10, In [8]"' in part
    links = re.findall(r'<a href="(report.html#runs-\d+)">(.*?)</a>', part)
    assert [text for _, text in links] == ["A two-layer net", "Rules side by side"]
    report = html.render(samples.executed(), version="")
    assert all(f'id="{link.partition("#")[2]}"' in report for link, _ in links)


def test_the_links_of_the_report_lead_to_cells_of_the_page(source: str) -> None:
    report = html.render(samples.executed(), version="")
    anchors = set(re.findall(r'href="FullyConnectedNets\.html#([\w-]+)"', report))
    assert anchors and all(f'id="{anchor}"' in source for anchor in anchors)
    assert 'href="report.html"' in source


def test_the_page_is_as_closed_as_the_report(source: str) -> None:
    report = html.render(samples.executed(), version="")
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    assert policy.findall(source) == policy.findall(report) != []
    for word in ("<script", "@import", "url(", "http:", "https:", "<link", "onerror"):
        assert word not in source
    assert Reader(source).open == []


HEADINGS = {
    "a title": ("# A", ["h2"]),
    "in order": ("# A\n## B\n### C\n# D", ["h2", "h3", "h4", "h2"]),
    "too deep": ("###### A", ["h2"]),
    "a step left out": ("# A\n#### B\n## C", ["h2", "h3", "h3"]),
    "the other kind": ("A\n===\n\nB\n---", ["h2", "h3"]),
    "all six": (
        "# A\n## A\n### A\n#### A\n##### A\n###### A",
        ["h2", "h3", "h4", "h5", "h6", "h6"],
    ),
}


@pytest.mark.parametrize("what", HEADINGS)
def test_headings_leave_no_step_out(what: str) -> None:
    text, expected = HEADINGS[what]
    made, last = prose.with_headings(text, 1)
    assert re.findall(r"<(h\d)>", made) == re.findall(r"</(h\d)>", made) == expected
    assert f"h{last}" == expected[-1]


FORMULAS = {
    "a letter": ("drop $p$ now", "drop <code>p</code> now"),
    "with what Markdown would read": ("$x_1*y_2*z$", "<code>x_1*y_2*z</code>"),
    "on a line of its own": ("$$\\sum_i x_i$$", "<code>\\sum_i x_i</code>"),
    "harmful": ("$<script>$", "<code>&lt;script&gt;</code>"),
    "money": ("it costs $5 and $6", "it costs $5 and $6"),
    "one dollar": ("a $ b", "a $ b"),
    "in code": ("`$p$`", "<code>$p$</code>"),
    "escaped": ("\\$p\\$", "$p$"),
}


@pytest.mark.parametrize("what", FORMULAS)
def test_a_formula_stays_as_it_was_typed(what: str) -> None:
    text, expected = FORMULAS[what]
    assert prose.from_markdown(text) == f"<p>{expected}</p>\n"


PICTURES = {
    "with a text": ("![a <b>proof</b>](attachment:x.png)", ": a &lt;b&gt;proof&lt;/b&gt;"),
    "without": ("![](http://example.org/x.png)", ""),
}


@pytest.mark.parametrize("what", PICTURES)
def test_where_a_picture_is_not_shown_that_is_said(what: str) -> None:
    text, told = PICTURES[what]
    assert prose.from_markdown(text) == f"<p><em>[a picture, not shown here{told}]</em></p>\n"


EVIL = (
    "</pre></div><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<!-- <style>*{display:none}</style>", "\x1b[31m\u202e\u2066x\x00", "{{ 7*7 }}{% raw %}",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_in_a_notebook_can_do_harm(evil: str) -> None:
    raised = Raised(evil, evil, ((f"{NAME}, cell 4", 1, evil, evil), (evil, 1, "", evil)))
    cells = (
        Cell(4, evil, "failed", evil, evil, raised=raised),
        Cell(5, "x", "skipped", evil),
        Cell(6, "x", "ran", text=evil),
    )
    made = page(*cells, markdown={2: evil, 3: f"[a]({evil})\n\n```\n{evil}\n```"})
    plain = page(*(Cell(n, "x", "failed", "x", "x", raised=raised and Raised("E", "x", (
        (f"{NAME}, cell 4", 1, "x", "x"), ("x", 1, "", "x")))) if n == 4 else Cell(n, "x",
        "skipped" if n == 5 else "ran", "x" if n == 5 else "", "x" if n == 6 else "")
        for n in (4, 5, 6)), markdown={2: "x", 3: "x"})  # fmt: skip
    tags = {name for name, _ in Reader(made).tags}
    assert tags <= {name for name, _ in Reader(plain).tags} | prose.TAGS | prose.HEADINGS
    attributes = {key for _, each in Reader(made).tags for key in each}
    assert attributes <= {key for _, each in Reader(plain).tags for key in each}
    assert not {"\u202e", "\x1b", "\x00"} & set(made)


def test_a_picture_that_is_none_cannot_leave_its_attribute() -> None:
    text = json.loads(samples.written(Cell(1, "x", "ran")))
    data = {"image/png": '"><script>alert(1)</script>'}
    text["cells"][0]["outputs"] = [{"output_type": "display_data", "data": data}]
    book = Notebook(NAME, "executed", cells=(Cell(1, "x", "ran"),), written=json.dumps(text))
    (made,) = html.render_notebooks(samples.executed(), [book]).values()
    assert "<script" not in made


def output(**told: Any) -> str:
    """Return what is shown of one output."""
    text = json.loads(samples.written(Cell(1, "x", "ran")))
    text["cells"][0]["outputs"] = [told]
    book = Notebook(NAME, "executed", cells=(Cell(1, "x", "ran"),), written=json.dumps(text))
    (made,) = html.render_notebooks(samples.executed(), [book]).values()
    return words(cell(made, 1)).partition("x ")[2].partition(" The same")[0]


def test_each_kind_of_output_is_shown() -> None:
    assert output(output_type="stream", name="stdout", text="a <b>\n").startswith("a <b>")
    assert output(output_type="execute_result", data={"text/plain": "(2, 3)"}).startswith("(2, 3)")
    unknown = output(output_type="error", ename="KeyError", evalue="'k'", traceback=["t"])
    assert unknown.startswith("KeyError: 'k'")


def test_a_page_is_bounded_whatever_a_notebook_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    long = page(Cell(3, "y" * 90_000, "ran", text="z" * 90_000))
    assert len(long) < 75_000 and "50,000 more characters" in long
    many = [Cell(n, "y" * 39_000, "ran") for n in range(3, 83)]
    made = page(*many)
    assert len(made) < 2_300_000
    assert "more cells in the .ipynb beside this page" in words(made)
    monkeypatch.setattr(notebook_page, "MOST_IMAGES", 3 * len(samples.PLOT) + 100)
    drawn = page(Cell(3, "x", "ran", images=(samples.PNG,) * 2),
                 Cell(4, "x", "ran", images=(samples.PNG,) * 2))  # fmt: skip
    assert drawn.count("<img") == 3
    assert words(drawn).count("A picture stands in the .ipynb only") == 1


def test_the_same_notebook_gives_the_same_page() -> None:
    made = samples.executed()
    again = replace(made, measured={**made.measured, "started": "another day"})
    assert html.render_notebooks(made, made.notebooks) == html.render_notebooks(
        again, again.notebooks
    )


def test_an_unconfined_run_is_said_on_each_page() -> None:
    made = replace(samples.executed(), box=samples.unisolated().box)
    (source,) = html.render_notebooks(made, made.notebooks).values()
    assert "Not isolated." in words(source)
