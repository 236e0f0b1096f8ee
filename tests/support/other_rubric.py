"""The shipped rubric with one item changed, as a teacher would who puts a mistake right."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.handed_in import ROOT

NAME = "cs231n-a2"


def copied(folder: Path) -> Path:
    """Copy the rubrics into a folder; return the place of the shipped one."""
    shutil.copytree(ROOT / "rubrics", folder, dirs_exist_ok=True)
    return folder / f"{NAME}.toml"


def change(folder: Path, item: str, how: str = "points") -> tuple[Path, str]:
    """Change an item of the rubric in a folder; return the file and its former text.

    `how` is a name of CHANGES.
    """
    for path in sorted((folder / NAME).glob("*.toml")):
        text = path.read_text("utf-8")
        if _head(item) in text:
            path.write_text(CHANGES[how](text, item), "utf-8")
            return path, text
    raise ValueError(item)


def with_other_points(text: str, item: str) -> str:
    """Return a file of a rubric whose item has the points of its parts the other way round.

    One with a single part, or equal ones, gets a point more in the first of them and as a whole.
    """
    before, block, after = _cut(text, item)
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
    return before + block + after


def with_other_words(text: str, item: str) -> str:
    """Return a file of a rubric whose item has another title, hints and words for its parts."""
    before, block, after = _cut(text, item)
    for name in ("title", "about"):
        block = re.sub(rf'{name} = "', f'{name} = "In other words: ', block)
    hints = 'hints = ["Look at it again."]\n'
    block = re.sub(r"hints = \[\n(?:  .*\n)+\]\n", hints, block)
    return before + block + after


def with_more_points(text: str, item: str) -> str:
    """Return a file of a rubric whose item brings twice the points in each part."""
    before, block, after = _cut(text, item)
    twice = re.sub(r"points = ([0-9.]+)", lambda found: f"points = {2 * float(found[1]):g}", block)
    return before + twice + after


def without_a_case(text: str, item: str) -> str:
    """Return a file of a rubric whose item lacks its last hidden case that all parts go by."""
    before, block, after = _cut(text, item)
    rows = re.findall(r"  \{ id = .*inputs = .*\n", block)
    rows += re.findall(r"\[\[items\.cases\]\]\n(?:.+\n)+", block)
    free = [row for row in rows if not re.search(r"public|part = |only = |needs = |probe = ", row)]
    return before + block.replace((free or rows)[-1], "") + after


def judged_strictly(text: str, item: str) -> str:
    """Return a file of a rubric whose item has to give the very numbers."""
    before, block, after = _cut(text, item)
    return before + re.sub('tolerance = ".*"', 'tolerance = "exact"', block) + after


CHANGES = {
    "points": with_other_points,
    "more points": with_more_points,
    "words": with_other_words,
    "a case less": without_a_case,
    "strictly": judged_strictly,
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
