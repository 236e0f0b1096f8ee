"""The shipped rubric with one item changed, as a teacher would who puts a mistake right."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.handed_in import ROOT

NAME = "cs231n-a2"
UNDONE = "undone: "  # in front of a change: the item is as shipped again


def copied(folder: Path) -> Path:
    """Copy the rubrics into a folder; return the place of the shipped one."""
    shutil.copytree(ROOT / "rubrics", folder, dirs_exist_ok=True)
    return folder / f"{NAME}.toml"


def change(folder: Path, item: str, how: str = "points") -> tuple[Path, str]:
    """Change an item of the rubric in a folder; return the file and its former text.

    `how` is a name of CHANGES, or one that is undone.
    """
    changed = as_shipped if how.startswith(UNDONE) else CHANGES[how]
    for path in sorted((folder / NAME).glob("*.toml")):
        text = path.read_text("utf-8")
        if _head(item) in text:
            path.write_text(changed(text, item), "utf-8")
            return path, text
    raise ValueError(item)


def before(folder: Path, item: str, how: str) -> None:
    """Have the rubric in a folder as it is before a change: another one, if that is undone."""
    if how.startswith(UNDONE):
        change(folder, item, how.removeprefix(UNDONE))


def as_shipped(text: str, item: str) -> str:
    """Return a file of a rubric whose item is as it is shipped."""
    every = (ROOT / "rubrics" / NAME).glob("*.toml")
    shipped = next(one for path in every if _head(item) in (one := path.read_text("utf-8")))
    start, _, end = _cut(text, item)
    return start + _cut(shipped, item)[1] + end


def with_other_points(text: str, item: str) -> str:
    """Return a file of a rubric whose item has the points of its parts the other way round.

    One with a single part, or equal ones, gets a point more in the first of them and as a whole.
    """
    start, block, end = _cut(text, item)
    at = block.find("parts")
    found = re.findall(r"points = ([0-9.]+)", block[at:]) if at > 0 else []
    turned = found[::-1]
    if turned == found:
        block = re.sub(r"points = ([0-9.]+)", _one_more, block, count=1)
        at, turned = block.find("parts"), [f"{float(p) + 1:g}" for p in found[:1]] + found[1:]
    if at > 0:
        each = iter(turned)
        rest = re.sub(r"points = [0-9.]+", lambda _: f"points = {next(each)}", block[at:])
        block = block[:at] + rest
    return start + block + end


def with_other_words(text: str, item: str) -> str:
    """Return a file of a rubric whose item has another title, hints and words for its parts."""
    start, block, end = _cut(text, item)
    for name in ("title", "about"):
        block = re.sub(rf'{name} = "', f'{name} = "In other words: ', block)
    hints = 'hints = ["Look at it again."]\n'
    block = re.sub(r"hints = \[\n(?:  .*\n)+\]\n", hints, block)
    return start + block + end


def with_more_points(text: str, item: str) -> str:
    """Return a file of a rubric whose item brings twice the points in each part."""
    start, block, end = _cut(text, item)
    twice = re.sub(r"points = ([0-9.]+)", lambda found: f"points = {2 * float(found[1]):g}", block)
    return start + twice + end


def without_a_case(text: str, item: str) -> str:
    """Return a file of a rubric whose item lacks its last hidden case that all parts go by."""
    start, block, end = _cut(text, item)
    rows = re.findall(r"  \{ id = .*inputs = .*\n", block)
    rows += re.findall(r"\[\[items\.cases\]\]\n(?:.+\n)+", block)
    free = [row for row in rows if not re.search(r"public|part = |only = |needs = |probe = ", row)]
    return start + block.replace((free or rows)[-1], "") + end


def with_a_part_more(text: str, item: str) -> str:
    """Return a file of a rubric whose item has its last hidden case for a part of its own.

    It brings half of the points of the part before it.
    """
    start, block, end = _cut(text, item)
    cases = block.index("[[items.cases]]")
    *_, last = re.finditer(r"points = ([0-9.]+)\n", block[:cases])
    half = f"points = {float(last[1]) / 2:g}\n"
    part = f'[[items.parts]]\nid = "more"\n{half}about = "one more"\noutputs = []\n\n'
    head = block[: last.start()] + half + block[last.end() : cases] + part
    *rows, row = re.findall(r"\[\[items\.cases\]\]\n(?:.+\n)+", block[cases:])
    own = re.sub(r"part = .*\n", "", row) + 'part = "more"\n'
    return start + head + block[cases:].replace(row, own) + end


def as_bonus(text: str, item: str) -> str:
    """Return a file of a rubric whose item is a bonus."""
    start, block, end = _cut(text, item)
    return start + re.sub(r"points = ", "bonus = true\npoints = ", block, count=1) + end


def without_alternatives(text: str, item: str) -> str:
    """Return a file of a rubric whose item accepts one convention alone."""
    start, block, end = _cut(text, item)
    block = re.sub(
        r"(, |^)refuses = \[[^]]*\]", "", block, flags=re.MULTILINE
    )  # there is nothing left to refuse
    return start + re.sub(r"alternatives = \[[^]]*\]\n", "", block) + end


def without_needs(text: str, item: str) -> str:
    """Return a file of a rubric whose item depends on no other."""
    start, block, end = _cut(text, item)
    return start + re.sub(r"needs = \[.*\]\n", "", block, count=1) + end


def judged_loosely(text: str, item: str) -> str:
    """Return a file of a rubric whose item allows larger errors."""
    start, block, end = _cut(text, item)
    return start + re.sub('tolerance = ".*"', 'tolerance = "net"', block) + end


def judged_strictly(text: str, item: str) -> str:
    """Return a file of a rubric whose item has to give the very numbers."""
    start, block, end = _cut(text, item)
    return start + re.sub('tolerance = ".*"', 'tolerance = "exact"', block) + end


CHANGES = {
    "points": with_other_points,
    "more points": with_more_points,
    "words": with_other_words,
    "a case less": without_a_case,
    "strictly": judged_strictly,
    "loosely": judged_loosely,
    "a part more": with_a_part_more,
    "a bonus": as_bonus,
    "no alternatives": without_alternatives,
    "no needs": without_needs,
}


def _cut(text: str, item: str) -> tuple[str, str, str]:
    """Return a file in three: what stands before an item, the item, and what stands behind it."""
    start = text.index(_head(item)) + len("[[items]]")
    end = text.find("[[items]]\n", start)
    end = end if end > 0 else len(text)
    return text[:start], text[start:end], text[end:]


def _head(item: str) -> str:
    return f'[[items]]\nid = "{item}"\n'


def _one_more(found: re.Match[str]) -> str:
    return f"points = {float(found[1]) + 1:g}"
