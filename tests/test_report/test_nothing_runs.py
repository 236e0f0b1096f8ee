"""Nothing that a stranger writes runs, loads or leads anywhere: in no page, and with no policy on.

Every text of a report is replaced by a piece of the corpus, in turn, and what comes out is opened
in a browser that ignores the pages' own policy. Gradescope and GitHub clean what they are given;
here they do not, so that we rest on nobody.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt

from grader.course.dashboard import page
from grader.course.dashboard.pupils import Pupil
from grader.release.selfcheck import card, show
from grader.report import by_people, class_page, html, result, staff_page
from grader.report import page as report_page
from grader.report.class_page import ClassRow
from grader.report.export import executed, github, gradescope
from grader.types import CaseOutcome, Report, Seen
from tests.support import made_class
from tests.support.browser import Browser, opened
from tests.test_report.samples import ALL

RUN = "window.ran=1"
CORPUS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<body onload={RUN}>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f'" autofocus onfocus="{RUN}" x="',
    f"' onmouseover='{RUN}' style='position:fixed;inset:0' x='",
    f"--><script>{RUN}</script><!--",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</pre></code><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{RUN}>",
    f"<object data=javascript:{RUN}>",
    "<embed src=//e.example>",
    f"<a href=javascript:{RUN}>x</a>",
    f"[x](javascript:{RUN})",
    f"![x](javascript:{RUN})",
    "![x](https://e.example/p.png)",
    "<https://e.example>",
    "<base href=//e.example/>",
    f"<form action=javascript:{RUN}><button>x</button></form>",
    "<link rel=stylesheet href=//e.example>",
    "<style>@import '//e.example';body{display:none}</style>",
    "<meta http-equiv=refresh content=0>",
    f"<math><mtext></p><script>{RUN}</script>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<marquee onstart={RUN}>",
    f"`</code><script>{RUN}</script>`",
    f"$</code><script>{RUN}</script>$",
    f"```\n</pre><script>{RUN}</script>\n```",
    f"| a |\n|---|\n| <script>{RUN}</script> |",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "{{ 7 * 7 }}{% raw %}",
    f"\x00<script>{RUN}</script>",
    f"<scr\x00ipt>{RUN}</script>",
    f"\u202e<script>{RUN}</script>",
    f"<script\u200b>{RUN}</script>",
    f"\ud800<script>{RUN}</script>",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<template><script>{RUN}</script></template>",
    f"<x\n/onclick={RUN}>",
    "<!--",
    "<![CDATA[",
    "<",
]
# What our own program, the rubric or its author writes.
OURS = set(
    "id status kind outcome because_of item items over judge part case output visibility outer "
    "inner normalization golden_sha256 rubric_sha256 sha256 sections output_type cell_type tags"
    " only started image/png".split()
)
OUR_SCRIPT = "<script>(function () {\n  var list"  # templates/class.js
# What would run, load or lead away, were it an element and not text.
ALIVE = (
    "script, iframe, object, embed, base, form, link, meta[http-equiv=refresh], video, audio, "
    "source, template, marquee, math, "
    "img:not([src^='data:image/png;base64,']), "
    "[src]:not(img), [srcdoc]"
)


def poisoned(value: Any, given: Iterator[str], name: str = "") -> Any:
    """Return a record with a piece of the corpus in the place of each text of a stranger."""
    if name in OURS:
        return value
    if isinstance(value, str):
        if name == "written" and value:
            return json.dumps(poisoned(json.loads(value), given))
        return next(given) if value else value
    if isinstance(value, (tuple, list)):
        return type(value)(poisoned(one, given, name) for one in value)
    if isinstance(value, Mapping):
        return {
            key: f"{next(given)}\n".encode("utf-8", "replace") * 40 if isinstance(one, bytes)
            else poisoned(one, given, str(key))
            for key, one in value.items()
        }  # fmt: skip
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{f.name: poisoned(getattr(value, f.name), given, f.name) for f in fields(value)},
        )
    return value


def exported(report: Report, given: Iterator[str]) -> dict[str, str]:
    """Return what Gradescope and GitHub show of a report, as HTML, without their own cleaning."""
    told: Any = json.loads(result.write(report))
    data = json.loads(gradescope.write(told))
    pieces = [data["output"], *(test["output"] for test in data["tests"])]
    book = {"name": next(given), "status": "error", "page": "x"}
    outputs = [
        {"output_type": "stream", "text": next(given)},
        {"output_type": "error", "ename": next(given), "evalue": next(given)},
        {"output_type": "display_data", "data": {"image/png": next(given)}},
        {"output_type": "display_data", "data": {"text/plain": next(given)}},
    ]
    code = {"cell_type": "code", "source": "", "execution_count": next(given), "outputs": outputs}
    room = executed.Room()
    pieces.append(executed.html(book, json.dumps({"cells": [code]}), room))  # type: ignore[arg-type]
    shown = MarkdownIt("commonmark", {"html": True}).enable("table")
    return {"gradescope": "".join(pieces), "github": shown.render(github.summary(told))}


def carded(report: Report) -> str:
    """Return the self-check's cards of what is wrong in a report, and its table of all."""
    verdict = lambda item: SimpleNamespace(faults=item.faults, warnings=item.faults)  # noqa: E731
    seen = SimpleNamespace(case="", outcome="answered", text="".join(CORPUS), unloaded="")
    checked: list[Any] = [
        SimpleNamespace(
            item=SimpleNamespace(id=item.title, title=item.title, cases=(1, 2), file=""), hidden=3,
            verdict=verdict(item), parts=item.parts, right=0, passed=False, status="failed",
            cause=item.cause, hints=item.hints, waits_for=item.title, smallest=item.smallest,
            evidence={"a": seen}, unloaded="",
        )
        for item in report.items if item.faults
    ]  # fmt: skip
    places = {one.item.id: one.item.title for one in checked}
    alone = [line for one in checked for line in card.card(one, places[one.item.id])]
    return "\n".join([card.html(checked, places, [show.waits(checked[0])]), *alone])


def for_staff(report: Report, given: Iterator[str]) -> str:
    """Return the page for staff, with names of arrays by a student."""
    good = np.arange(4.0)
    seen = Seen(
        (next(given),), {next(given): good}, {"dx": good}, {"dx": good + 1}, {"dx": good > 0}
    )
    outcome = CaseOutcome("affine_backward/c", "answered", False, "", seen)
    shown = [staff_page.Shown(outcome, False, next(given), next(given))]
    return staff_page.render(report, shown, "a seed")


def of_a_class(given: Iterator[str]) -> str:
    rows = [ClassRow(next(given), "refused", reason=next(given)) for _ in range(len(CORPUS))]
    setting = page.Setting(next(given), made_class.rubric())
    return class_page.render(page.make([Pupil(row) for row in rows], setting, (next(given),)))


def pages(offset: int) -> Iterator[tuple[str, str]]:
    """Yield (name, HTML) of all that shows a stranger's text, the corpus begun at `offset`."""
    given = itertools.islice(itertools.cycle(CORPUS), offset, None)
    for name in ("smallest_case", "with_source", "executed"):
        report = poisoned(ALL[name](), given)
        shown = report_page.make(report, "")
        comment = by_people.Given(
            report.items[0].id, next(given), 1.0, 2.0, "\n\n".join(CORPUS), ((next(given), 1.0),)
        )
        told = dict(result.as_dict(report))
        by_people.in_result(told, [comment])
        shown = replace(by_people.in_page(shown, [comment], told), policy=next(given))
        yield name, html.finished(shown)
        yield from html.render_notebooks(report, report.notebooks).items()
        yield from exported(report, given).items()
        yield f"staff {name}", for_staff(report, given)
        if any(item.faults for item in report.items):
            yield f"self-check {name}", carded(report)
    yield "class", of_a_class(given)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("browser")) as one:
        one.call("Page.setBypassCSP", enabled=True)
        one.call("Network.enable")
        yield one


def found_alive(browser: Browser, folder: Path, text: str) -> list[str]:
    """Open a page; return what ran in it, what it asked the network for, and what is alive."""
    file = folder / "page.html"
    file.write_bytes(text.encode("utf-8", "replace"))
    browser.events.clear()
    browser.open(file.as_uri())
    browser.run(
        "document.querySelectorAll('details').forEach(one => { one.open = true });"
        "document.querySelectorAll('[autofocus]').forEach(one => one.focus())"
    )
    browser.wait("new Promise(done => setTimeout(() => done(true), 0)) && true")
    alive = browser.run(
        f"[...document.querySelectorAll({json.dumps(ALIVE)})]"
        ".concat([...document.querySelectorAll('a[href]')].filter("
        "a => !/^(#|[^:\\/]+\\.html(#|$))/.test(a.getAttribute('href'))))"
        ".map(one => one.outerHTML.slice(0, 200))"
        ".concat([...document.querySelectorAll('*')].flatMap(one => [...one.attributes]"
        ".filter(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value))"
        ".map(a => a.name + '=' + a.value)))"
    )
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    away = [url for url in asked if not url.startswith(("file:", "data:"))]
    dialogs = [e["method"] for e in browser.events if e["method"] == "Page.javascriptDialogOpening"]
    ran = ["something ran"] if browser.run("window.ran === 1") else []
    strange = [one for one in alive if not one.startswith(OUR_SCRIPT)]
    return [*ran, *strange, *away, *dialogs]


@pytest.mark.long_trial(0.04)
@pytest.mark.parametrize("offset", range(0, len(CORPUS), 2))
def test_nothing_runs_in_any_page_though_no_policy_keeps_it_out(
    offset: int, browser: Browser, tmp_path: Path
) -> None:
    seen = set[str]()
    for name, text in pages(offset):
        seen.add(name)
        assert found_alive(browser, tmp_path, text) == [], name
    assert {"executed", "gradescope", "github", "class"} <= seen and len(seen) > 8


@pytest.mark.parametrize("kind", ["script", "attribute", "frame", "network"])
def test_the_trap_catches_what_is_alive(kind: str, browser: Browser, tmp_path: Path) -> None:
    bad: Mapping[str, str] = {
        "script": f"<script>{RUN}</script>", "attribute": f"<p onclick={RUN}>x</p>",
        "frame": "<iframe srcdoc='x'></iframe>", "network": "<img src='http://127.0.0.1:9/x.png'>",
    }  # fmt: skip
    assert found_alive(browser, tmp_path, bad[kind])
    if kind == "script":
        unescaped = dict(pages(0))["executed"].replace("&lt;", "<").replace("&gt;", ">")
        assert found_alive(browser, tmp_path, unescaped)
