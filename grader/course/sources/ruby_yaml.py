"""The part of YAML that Ruby writes into a submission_metadata.yml, read line by line.

    submission_123:
      :submitters:
      - :name: Ada Lovelace
        :sid: '40101'
      :created_at: 2026-03-06 16:02:11.000000000 -06:00
      :results: …

Students' outputs stand below `:results:` and are passed over, whatever they look like.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_KEY = re.compile(r":?(?P<key>[A-Za-z_]+):(?:[ \t]+(?P<value>.*))?")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?")


@dataclass
class Told:
    """What the metadata says of one folder: the time, and each submitter's fields."""

    at: str = ""
    submitters: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    """A line that counts: where its text begins, whether it begins an item, and that text."""

    indent: int
    is_item: bool
    text: str


def parse(text: str) -> dict[str, Told]:
    """Return what the file says of each folder. Whatever else it holds is left out."""
    found: dict[str, Told] = {}
    current, section = Told(), ""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    at = 0
    while at < len(lines):
        line = _line(lines[at])
        at += 1
        if line is None:
            continue
        match = _KEY.fullmatch(line.text)
        if line.indent == 0 and not line.is_item:
            current, section = found.setdefault(_scalar(line.text.rpartition(":")[0]), Told()), ""
        elif line.indent == 2 and not line.is_item:
            section = match["key"] if match else ""
            if match and section == "created_at":
                current.at = _scalar(match["value"] or "")
        elif section == "submitters":
            if line.is_item:
                current.submitters.append({})
            if match and current.submitters:
                value, at = _value(match["value"] or "", lines, at, line.indent)
                current.submitters[-1].setdefault(match["key"], value)
    return found


def _line(line: str) -> _Line | None:
    bare = line.strip(" ")
    if not bare or line.startswith("---"):
        return None
    indent = len(line) - len(line.lstrip(" "))
    if bare == "-" or bare.startswith("- "):
        inner = bare[1:].lstrip(" ")
        # ":submitters:" and its items begin in one column
        return _Line(indent + len(bare) - len(inner), True, inner)
    return _Line(indent, False, bare)


def _value(first: str, lines: list[str], at: int, indent: int) -> tuple[str, int]:
    """Return the value that begins with `first`, and where the next line is.

    It goes on in all lines that are indented deeper than its key.
    """
    more = []
    while at < len(lines):
        bare = lines[at].strip(" ")
        if bare and len(lines[at]) - len(lines[at].lstrip(" ")) <= indent:
            break
        more.append(bare)
        at += 1
    if _BLOCK.fullmatch(first):
        return "\n".join(more).strip("\n"), at
    text = first
    for bare in filter(None, more):
        is_joined = text.startswith('"') and text.endswith("\\")
        text = text[:-1] + bare.removeprefix("\\") if is_joined else f"{text} {bare}"
    return _scalar(text), at


def _scalar(text: str) -> str:
    """Return what a scalar says, as a text."""
    text = re.sub(r"^(?:[&!]\S*\s+)+", "", text.strip())
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unescaped(text[1:-1])
    return "" if text in ("~", "null") or text.startswith("*") else text


def _unescaped(text: str) -> str:
    """Return what stands in double quotes."""

    def sign(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(min(int(code[1:], 16), 0x10FFFF))
        return str(json.loads(f'"\\{code}"')) if code in '"\\/bfnrt' else code

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", sign, text)
