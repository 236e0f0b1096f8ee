"""A report that was made before people decided, with the points that they gave in every place.

What has points has a mark in the template: data-item, data-card, data-worth, data-waits. What a
student wrote is escaped, so it cannot look like one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from typing import Any

from grader.report.faults import WORDS
from grader.report.html import environment
from grader.report.page import bar_of
from grader.report.text import count, one_line, points
from grader.types import COUNTED

Items = Mapping[str, Mapping[str, Any]]
_HEADING = re.compile(r'<h1 id="score">(.*?)</h1>')
_BAR = re.compile(r'<svg class="bar".*?</svg>', re.S)
_TABLE = re.compile(r"(<caption>[^<]*<span>)[^<]*(</span></caption>)(.*?</table>)", re.S)
_ROW = re.compile(r'(<tr data-item="([^"]*)".*?)<td class="r">.*?</td><td class="n">.*?</td>', re.S)
_CARD = re.compile(
    r'(<article class="card" data-card="([^"]*)" id="([^"]*)".*?<p class="gain">).*?</p>'
    r'(.*?<p class="state">).*?( <span class="quiet">)', re.S,
)  # fmt: skip
_WORTH = re.compile(r'(<p class="quiet" data-worth="([^"]*)">).*?</p>')
_WAITS = re.compile(r'<li data-waits="([^"]*)"><b>(.*?)</b>.*?</li>\n?', re.S)
_NO_LIST = re.compile(r"<h3>Not graded yet</h3>\s*<ul>\s*</ul>")
_ASKED = "<p>A person reads and grades these.</p>"
DECIDED = "decided by a person"


def corrected(page: str, given: Collection[str], result: Mapping[str, Any]) -> str:
    """Return a report with the points of a result, of whose items people have `given` some."""
    items: Items = {html.escape(item["id"]): item for item in result["items"]}
    known = {html.escape(item) for item in given} & set(items)
    page = _headed(page, result["score"])
    page = _ROW.sub(lambda found: _row(found, items, known), page)
    page = _TABLE.sub(lambda found: _section(found, items), page)
    page = _BAR.sub(lambda _: _bar(items), page, count=1)
    for anchor in [found[3] for found in _CARD.finditer(page) if found[2] in known]:
        todo = rf'(<li><a href="#{re.escape(anchor)}">.*?</a> <span class="quiet">).*?(</span>)'
        page = re.sub(todo, lambda found: f"{found[1]}{DECIDED}{found[2]}", page, count=1)
    page = _CARD.sub(lambda found: _card(found, items, known), page)
    page = _WORTH.sub(
        lambda found: (
            f"{found[1]}{_points(items[found[2]])}</p>" if found[2] in known else found[0]
        ),
        page,
    )
    if {html.escape(one["id"]) for one in result["questions"]} <= known:
        page = page.replace(_ASKED, "<p>A person has read and graded these.</p>", 1)
    page = _WAITS.sub(lambda found: _waiting(found, items, known), page)
    return _NO_LIST.sub("", page)


def _headed(page: str, score: Mapping[str, float]) -> str:
    """Return a page with another score in its title, its heading and its navigation."""
    found = _HEADING.search(page)
    if found is None:
        return page
    _, comma, rest = found[1].partition(",")
    short = f"{points(score['earned'])} of {count(score['possible'], 'point')}"
    page = page.replace(found[0], f'<h1 id="score">{short}{comma}{rest}</h1>', 1)
    page = page.replace(f"<title>{found[1]}", f"<title>{short}{comma}{rest}", 1)
    link = re.compile(r'(<a href="#score">).*?(</a>)')
    return link.sub(lambda at: f"{at[1]}{short}{at[2]}", page, count=1)


def _worth(item: Mapping[str, Any]) -> str:
    return f"{points(item['earned'])} of {points(item['possible'])}"


def _points(item: Mapping[str, Any]) -> str:
    return f"{points(item['earned'])} of {count(item['possible'], 'point')}"


def _result(item: Mapping[str, Any]) -> str:
    """Return the mark and the word of an item that a person has decided about."""
    status = item["status"]
    mark = f'<svg class="mark {status}" aria-hidden="true"><use href="#m-{status}"/></svg>'
    return f"{mark} {WORDS[status]}, by a person"


def _row(found: re.Match[str], items: Items, known: Collection[str]) -> str:
    if found[2] not in known:
        return found[0]
    item = items[found[2]]
    return f'{found[1]}<td class="r">{_result(item)}</td><td class="n">{_worth(item)}</td>'


def _section(found: re.Match[str], items: Items) -> str:
    """Return a section of the map with its sum over what is graded."""
    here = [
        items[name] for name in re.findall(r'<tr data-item="([^"]*)"', found[3]) if name in items
    ]
    counted = [item for item in here if item["status"] in COUNTED]
    if not counted:
        return found[0]
    earned, possible = (sum(item[name] for item in counted) for name in ("earned", "possible"))
    return f"{found[1]}{points(earned)} of {points(possible)}{found[2]}{found[3]}"


def _bar(items: Items) -> str:
    shown = [item for item in items.values() if item["status"] in COUNTED]
    shown += [item for item in items.values() if item["status"] == "pending"]
    bar = bar_of((item["earned"], item["possible"]) for item in shown)
    return environment().get_template("bar.html").render(bar=bar).strip()


def _card(found: re.Match[str], items: Items, known: Collection[str]) -> str:
    if found[2] not in known:
        return found[0]
    item = items[found[2]]
    return f"{found[1]}{DECIDED}</p>{found[4]}{_result(item)}, {_worth(item)}{found[5]}"


def _waiting(found: re.Match[str], items: Items, known: Collection[str]) -> str:
    """Return an entry of what is not graded yet without what people have decided about."""
    names = found[1].split(" ")
    left = [items[name] for name in names if name in items and name not in known]
    if len(left) == len(names):
        return found[0]
    if not left:
        return ""
    worth = count(sum(item["possible"] for item in left), "point")
    titles = "; ".join(html.escape(one_line(item.get("title") or item["id"])) for item in left)
    ids = " ".join(html.escape(item["id"]) for item in left)
    return (
        f'<li data-waits="{ids}"><b>{found[2]}</b>, {worth}: '
        f'<span class="quiet">{titles}</span></li>\n'
    )
