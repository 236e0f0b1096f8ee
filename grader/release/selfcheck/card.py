"""What the self-check says of functions, as HTML: a card for one, a table for many.

It stands in a notebook, and in the page that `--html` writes. A notebook has a light or a dark
theme that no page can ask for, so text has the colour of what is around it, and what is marked
brings both of its colours. There is no script, and nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from grader.release.selfcheck import show
from grader.release.selfcheck.check import Checked
from grader.report.cards import HINTS, label, lede
from grader.report.faults import Frame, ShownFault, chosen, in_one_line, show_fault
from grader.report.small import Small, make
from grader.report.tables import ArrayTable, Example
from grader.report.text import one_line

SIDE = 8  # rows and columns of a table
STYLE = """
.selfcheck { border: 1px solid #8888; border-radius: .5rem; padding: .6rem 1rem; max-width: 60rem;
  margin: .3rem 0; line-height: 1.5; overflow-wrap: break-word; overflow-x: auto; }
.selfcheck p, .selfcheck ul, .selfcheck details { margin: .4rem 0; }
.selfcheck code, .selfcheck pre, .selfcheck .numbers td {
  font-family: ui-monospace, Consolas, monospace; color: inherit; background: none; }
.selfcheck td code, .selfcheck th code { white-space: nowrap; }
.selfcheck pre { white-space: pre-wrap; margin: .2rem 0 .2rem 1rem; }
.selfcheck table { border-collapse: collapse; margin: .4rem 0; color: inherit; }
.selfcheck table tr { background: none; color: inherit; }
.selfcheck th, .selfcheck td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0;
  border: 0; border-bottom: 1px solid #8884; font-weight: normal; color: inherit; }
.selfcheck .numbers td { text-align: right; padding: .1rem .5rem; border: 1px solid #8886; }
.selfcheck .numbers th { text-align: right; padding: .1rem .5rem; border: 0; opacity: .8; }
.selfcheck caption { text-align: left; white-space: nowrap; color: inherit; }
.selfcheck .pair { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: flex-start; }
.selfcheck .quiet { opacity: .8; }
.selfcheck .word { padding: .1rem .5rem; border-radius: .3rem; color: #fff; white-space: nowrap; }
.selfcheck .good { background: #1b6b3f; }
.selfcheck .bad { background: #a03f0c; }
.selfcheck .dim { background: #565d67; }
.selfcheck .numbers td.wrong { background: #fde6d8; color: #7d2a06; font-weight: bold; }
.selfcheck .cause { border-left: .25rem solid #a03f0c; padding-left: .7rem; }
.selfcheck .small { border-left: .25rem solid #8886; padding-left: .7rem; }
.selfcheck summary { cursor: pointer; }
@media (max-width: 34rem) {  /* one below the other, or the words would be out of sight */
.selfcheck .all, .selfcheck .all * { display: block; }
.selfcheck .all .head, .selfcheck .all br { display: none; }
.selfcheck .all th, .selfcheck .all td { border: 0; padding: 0; }
.selfcheck .all span { width: fit-content; }
.selfcheck .all td:last-child { border-bottom: 1px solid #8884; padding-bottom: .4rem; }
.selfcheck .all code { white-space: normal; }
}
"""


def html(checked: Sequence[Checked], places: Mapping[str, str], ending: Sequence[str]) -> str:
    """Return what a notebook shows of items: the card of one, or the table of several.

    `ending` are lines to close with.
    """
    many = len(checked) > 1
    body = overview(checked, places) if many else card(checked[0], places[checked[0].item.id])
    last = [f"<p class='quiet'>{'<br>'.join(escape(line) for line in ending)}</p>"]
    return "\n".join([f"<style>{STYLE}</style>", "<div class='selfcheck'>", *body, *last, "</div>"])


def overview(
    checked: Sequence[Checked], places: Mapping[str, str], linked: bool = False
) -> Iterator[str]:
    """Yield the table of all items; `linked` to their cards, where these stand below."""
    for _, why in show.unreadable(checked):
        yield f"<p class='cause'>{escape(why)}</p>"
    yield "<table class='all'>\n<tr class='head'><th scope='col'>Function</th>"
    yield "<th scope='col'>Public checks</th><th scope='col'>Where</th></tr>"
    for one in checked:
        name = escape(one.item.id)
        if linked and has_card(one):
            name = f"<a href='#{name}'>{name}</a>"
        lines = list(show.in_short(one))
        short = lines[:1] if linked and has_card(one) else lines  # its card says the rest
        says = "".join(f"<br>{escape(line)}" for line in short)
        yield f"<tr><th scope='row'><code>{name}</code></th><td>{_word(one)}{says}</td>"
        yield f"<td><code>{escape(places[one.item.id])}</code></td></tr>"
    yield "</table>"


def has_card(one: Checked) -> bool:
    """Return whether there is more to say of an item than a line of the table does."""
    return not one.passed and one.status != "not_written" and not one.unloaded


def card(one: Checked, place: str) -> Iterator[str]:
    """Yield the card of an item: how it stands, why, what shows it, and what helps."""
    yield f"<p><b>{escape(one.item.title)}</b> {_word(one)}<br>"
    yield f"<code>{escape(one.item.id)}</code> <code class='quiet'>{escape(place)}</code></p>"
    if not one.passed and one.status != "not_written":
        yield from _wrong(one)
    for title, hint in zip(HINTS, () if one.passed else one.hints):
        yield f"<details><summary>{title}</summary><p>{escape(hint)}</p></details>"
    for warning in one.verdict.warnings[: show.SIDE]:
        yield f"<p class='quiet'>It costs nothing, but: {escape(one_line(warning.message))}</p>"
    if printed := show.printed(one):
        yield f"<details><summary>Your code printed:</summary><pre>{escape(printed)}</pre>"
        yield "</details>"


def _word(one: Checked) -> str:
    """Return the mark of an item with its words, as a terminal has them."""
    mark, style, words = show.stands(one)
    return f"<span class='word {style or 'dim'}'>{escape(f'{mark} {words}')}</span>"


def _wrong(one: Checked) -> Iterator[str]:
    if one.cause:
        says = escape(one_line(one.cause.message))
        yield f"<p class='cause'><b>{label(one.cause)}</b> {says}</p>"
    if one.waits_for:
        yield f"<p>{escape(show.waits(one))}</p>"
    if text := lede(one.parts):
        yield f"<p>{escape(text)}</p>"
    picked, small = chosen(one.verdict.faults, one.item.file), make(one.smallest)
    if small:
        yield from _smallest(small)
    for fault in picked:
        detail = show_fault(fault, SIDE)
        if small:
            yield f"<details><summary>A larger check: {escape(one_line(detail.message))}</summary>"
        yield from _problem(detail)
        yield "</details>" if small else ""
    rest = [fault for fault in one.verdict.faults if all(fault is not each for each in picked)]
    if rest:
        lines = "".join(f"<li>{escape(in_one_line(fault))}</li>" for fault in rest)
        what = f"{len(rest)} more {'check' if len(rest) == 1 else 'checks'} not right yet"
        yield f"<details><summary>{what}</summary><ul>{lines}</ul></details>"


def _smallest(small: Small) -> Iterator[str]:
    settings = f" <code class='quiet'>({escape(small.settings)})</code>" if small.settings else ""
    yield f"<div class='small'><p><b>{show.SMALLEST}</b> {escape(small.message)}{settings}</p>"
    yield from _frames(small.frames)
    inputs = [line for table in small.inputs for line in _numbers("with", table)]
    yield from ("<div class='pair'>", *inputs, "</div>", "<div class='pair'>")
    yield from _numbers("expected", small.expected)
    yield from _numbers("yours", small.got, "≠ ") if small.got else ()
    yield f"</div><p>{show.TO_SEE}</p><pre>{escape(small.code)}</pre></div>"


def _frames(frames: Iterable[Frame]) -> Iterator[str]:
    for frame in frames:
        yield f"<pre>{escape(frame.place)}: {escape(frame.source)}</pre>"


def _problem(shown_fault: ShownFault) -> Iterator[str]:
    yield f"<p><b>{escape(one_line(shown_fault.message))}</b>"
    yield f"<span class='quiet'>({escape(shown_fault.check)})</span></p>"
    yield from _frames(shown_fault.frames)
    if shown_fault.example:
        yield from _example(shown_fault.example)


def _example(example: Example) -> Iterator[str]:
    yield "<div class='pair'>"
    yield from _numbers("expected", example.expected)
    yield from _numbers("yours", example.got, "≠ ")
    yield "</div>"
    if example.code:
        yield f"<details><summary>The same as Python</summary><pre>{escape(example.code)}</pre>"
        yield "</details>"


def _numbers(title: str, table: ArrayTable, mark: str = "") -> Iterator[str]:
    """Yield an array; a wrong number of theirs has a mark and colours of its own."""
    yield f"<table class='numbers'><caption><b>{title}</b> {escape(table.name)}, "
    yield f"<span class='quiet'>{escape(table.shape)} {escape(table.note)}</span></caption>"
    for index, row in table.rows:
        cells = "".join(
            f"<td class='wrong'>{mark}{escape(cell.text)}</td>"
            if cell.wrong and mark
            else f"<td>{escape(cell.text)}</td>"
            for cell in row
        )
        head = f"<th scope='row'>{escape(index)}</th>" if index else ""
        yield f"<tr>{head}{cells}</tr>"
    yield "</table>"
