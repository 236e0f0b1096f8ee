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


def change(folder: Path, item: str) -> tuple[Path, str]:
    """Change an item of the rubric in a folder; return the file and its former text."""
    for path in sorted((folder / NAME).glob("*.toml")):
        text = path.read_text("utf-8")
        if _head(item) in text:
            path.write_text(with_other_points(text, item), "utf-8")
            return path, text
    raise ValueError(item)


def with_other_points(text: str, item: str) -> str:
    """Return a file of a rubric whose item has the points of its parts the other way round.

    One with a single part, or equal ones, gets a point more in the first of them and as a whole.
    """
    start = text.index(_head(item)) + len("[[items]]")
    end = text.find("[[items]]\n", start)
    block = text[start : end if end > 0 else len(text)]
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
    return text[:start] + block + (text[end:] if end > 0 else "")


def _head(item: str) -> str:
    return f'[[items]]\nid = "{item}"\n'


def _one_more(found: re.Match[str]) -> str:
    return f"points = {float(found[1]) + 1:g}"
