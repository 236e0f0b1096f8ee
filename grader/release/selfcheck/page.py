"""The self-check as one page of HTML: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from grader.errors import UsageError
from grader.release.selfcheck import show
from grader.release.selfcheck.check import Checked
from grader.release.selfcheck.public import Public
from grader.report.cards import label
from grader.report.faults import chosen, in_one_line, show_fault
from grader.report.tables import ArrayTable, Example
from grader.report.text import shown

SIDE = 8  # rows and columns of a table
CSP = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --good: #17692f; --bad: #a3241b; --dim: #5a6270; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --good: #7bd88f; --bad: #ff9b90; --dim: #aab2bf; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre, table.numbers { font-family: ui-monospace, Consolas, monospace; font-size: .9rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); }
table.numbers td, table.numbers th { text-align: right; border: 0; }
caption { text-align: left; white-space: nowrap; }
td.wrong { color: var(--bad); font-weight: bold; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim { color: var(--dim); }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
.pair { display: flex; flex-wrap: wrap; gap: 2rem; }
pre { white-space: pre-wrap; }
"""


def write(
    path: Path, public: Public, checked: Sequence[Checked], places: Mapping[str, str]
) -> None:
    """Write the page. Raises UsageError if that cannot be done."""
    try:
        path.write_text("\n".join(_page(public, checked, places)) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None


def _page(public: Public, checked: Sequence[Checked], places: Mapping[str, str]) -> Iterator[str]:
    right, many = show.counted(checked)
    hidden = sum(one.hidden for one in checked)
    title = escape(public.table.title)
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Self-check: {right} of {many}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f"<main>\n<h1>Public checks: {right} of {many} right</h1>"
    yield f"<p>{title}. {hidden} more checks run when you hand in.</p>"
    yield from _overview(checked, places)
    for one in checked:
        if not one.passed and one.status != "not_written":
            yield from _section(one, places[one.item.id])
    yield "</main>\n</body>\n</html>"


def _overview(checked: Sequence[Checked], places: Mapping[str, str]) -> Iterator[str]:
    yield "<table>\n<caption class='dim'>Every function</caption>"
    yield "<tr><th scope='col'>Function</th><th scope='col'>Public checks</th>"
    yield "<th scope='col'>Where</th></tr>"
    for one in checked:
        name = escape(one.item.id)
        words, style = f"{one.right} of {len(one.item.cases)} right", "bad"
        if one.passed:
            style = "good"
        elif one.status == "not_written":
            words, style = "not written yet", "dim"
        else:
            name = f"<a href='#{name}'>{name}</a>"
        place = escape(places[one.item.id])
        yield f"<tr><th scope='row'>{name}</th><td class='{style}'>{words}</td>"
        yield f"<td><code>{place}</code></td></tr>"
    yield "</table>"


def _section(one: Checked, place: str) -> Iterator[str]:
    yield f"<section id='{escape(one.item.id)}'>\n<h2>{escape(one.item.title)}</h2>"
    yield f"<p><code>{escape(place)}</code></p>"
    if one.waits_for:
        yield f"<p>It needs {escape(one.waits_for)}, which is wrong too: start there.</p>"
    picked = chosen(one.verdict.faults)
    for fault in picked:
        detail = show_fault(fault, SIDE)
        yield f"<p class='bad'>{escape(detail.message)}</p>"
        yield f"<p class='dim'>{escape(detail.check)}</p>"
        for frame in detail.frames:
            yield f"<pre>{escape(frame.place)}: {escape(frame.source)}</pre>"
        if detail.example:
            yield from _example(detail.example)
    if one.cause:
        yield f"<p>{label(one.cause)} {escape(one.cause.message)}</p>"
    rest = [fault for fault in one.verdict.faults if all(fault is not each for each in picked)]
    if rest:
        yield "<ul>" + "".join(f"<li>{escape(in_one_line(f))}</li>" for f in rest) + "</ul>"
    if one.hint:
        yield f"<details><summary>A hint</summary><p>{escape(one.hint)}</p></details>"
    printed = next((e.text for e in one.evidence.values() if e.text.strip()), "")
    if printed:
        yield f"<p>Your code printed:</p><pre>{escape(shown(printed, 2000))}</pre>"
    yield "</section>"


def _example(example: Example) -> Iterator[str]:
    yield "<div class='pair'>"
    yield from _numbers("expected", example.expected)
    yield from _numbers("yours", example.got)
    yield "</div>"
    if example.code:
        yield f"<details><summary>The same as Python</summary><pre>{escape(example.code)}</pre>"
        yield "</details>"


def _numbers(title: str, table: ArrayTable) -> Iterator[str]:
    yield f"<table class='numbers'><caption>{title} {escape(table.name)}, {escape(table.shape)}"
    yield f" {escape(table.note)}</caption>"
    for index, row in table.rows:
        cells = "".join(
            f"<td class='wrong'><strong>{escape(cell.text)}</strong></td>"
            if cell.wrong
            else f"<td>{escape(cell.text)}</td>"
            for cell in row
        )
        yield f"<tr><th scope='row'>{escape(index)}</th>{cells}</tr>"
    yield "</table>"
