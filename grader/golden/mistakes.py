"""The usual mistakes, as reference/misconceptions/<item>.toml tells them.

A mistake is the smallest change to functions of the reference, so it can never drift away from it:

    [[mistakes]]
    id = "db-mean"                                   affine_backward/db-mean
    says = "db is the mean over the batch."          one plain sentence for the student
    formula = "db[m] = sum over n of dout[n, m]"     what is right
    hints = [where to look, the idea, nearly code]
    fails.affine_backward = ["db"]                   item -> the parts that lose their points
    change.affine_backward = [['dout.sum(axis=0)', 'dout.mean(axis=0)']]

`change` maps a function, or Class.method, to pairs of old and new text; each old text stands
exactly once in it, the docstring apart. conventions.toml holds other right conventions in the same
form, so that a mistake is known in them too.
"""

from __future__ import annotations

import ast
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.errors import GoldenError

FOLDER = "misconceptions"
CONVENTIONS = "conventions"
Change = Mapping[str, tuple[tuple[str, str], ...]]  # function -> (old text, new text), ...


class Overlap(GoldenError):
    """Two changes want to change the same text."""


@dataclass(frozen=True)
class Misconception:
    """One usual mistake; `id` is "item/name"."""

    id: str
    says: str
    formula: str
    hints: tuple[str, ...]
    fails: Mapping[str, tuple[str, ...]]
    change: Change

    @property
    def item(self) -> str:
        """The item that it belongs to."""
        return self.id.partition("/")[0]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z0-9-]+$")
    says: str = Field(min_length=10, max_length=200)
    formula: str = Field(min_length=3, max_length=200)
    hints: tuple[str, str, str]
    fails: dict[str, tuple[str, ...]] = Field(min_length=1)
    change: dict[str, tuple[tuple[str, str], ...]] = Field(min_length=1)


class _Convention(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    change: dict[str, tuple[tuple[str, str], ...]] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    mistakes: tuple[_Row, ...] = ()
    conventions: tuple[_Convention, ...] = ()


def read(reference: Path) -> tuple[Misconception, ...]:
    """Return all mistakes that reference/misconceptions tells of, by item and in their order.

    Raises GoldenError: "file: mistake, field: what".
    """
    found: dict[str, Misconception] = {}
    for path in sorted((reference / FOLDER).glob("*.toml")):
        for row in _read(path).mistakes:
            name = f"{path.stem}/{row.id}"
            if name in found:
                raise GoldenError(f"{path}: there are two mistakes with the id {row.id!r}")
            found[name] = Misconception(
                name, row.says, row.formula, row.hints, row.fails, row.change
            )
    return tuple(found.values())


def conventions(reference: Path) -> dict[str, Change]:
    """Return the conventions that a mistake can be combined with, by the alternative's name."""
    path = reference / FOLDER / f"{CONVENTIONS}.toml"
    return {row.id: row.change for row in _read(path).conventions} if path.exists() else {}


def together(one: Change, other: Change) -> Change:
    """Return both changes as one."""
    functions = dict.fromkeys([*one, *other])
    return {name: (*one.get(name, ()), *other.get(name, ())) for name in functions}


def applied(files: Mapping[str, bytes], change: Change) -> dict[str, bytes]:
    """Return Python files by path with `change` made in them.

    Raises GoldenError where a function, or the text to be changed, is not there exactly once.
    """
    texts = {path: data.decode() for path, data in files.items()}
    for function, pairs in change.items():
        path = next((p for p in texts if function in _places(texts[p])), None)
        if path is None:
            raise GoldenError(f"{function}: the reference has no such function; mend the change")
        texts[path] = _changed(texts[path], function, pairs)
    return {path: text.encode() for path, text in texts.items()}


def _changed(text: str, function: str, pairs: tuple[tuple[str, str], ...]) -> str:
    first, last = _places(text)[function]
    lines = text.splitlines(keepends=True)
    body = "".join(lines[first:last])
    places = []
    for old, new in pairs:
        if body.count(old) != 1:
            raise GoldenError(
                f"{function}: {old!r} stands there {body.count(old)} times; write a piece of text "
                "that is there once"
            )
        places.append((body.index(old), old, new))
    places.sort()
    for (start, old, _), (after, _, _) in zip(places, places[1:], strict=False):
        if start + len(old) > after:
            raise Overlap(f"{function}: {old!r} overlaps with another change; join them")
    for start, old, new in reversed(places):  # from the end, so that places stay
        body = body[:start] + new + body[start + len(old) :]
    return "".join([*lines[:first], body, *lines[last:]])


@functools.lru_cache(maxsize=64)
def _places(text: str) -> Mapping[str, tuple[int, int]]:
    """Return where the code of each function and Class.method stands, the docstring left out."""
    found = {}
    for outer in ast.parse(text).body:
        inside = outer.body if isinstance(outer, ast.ClassDef) else [outer]
        prefix = f"{outer.name}." if isinstance(outer, ast.ClassDef) else ""
        for node in inside:
            if isinstance(node, ast.FunctionDef):
                told = ast.get_docstring(node) is not None
                first = (node.body[0].end_lineno or 0) if told else node.lineno - 1
                found[prefix + node.name] = (first, node.end_lineno or 0)
    return found


def _read(path: Path) -> _File:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(table)
    except OSError as error:
        raise GoldenError(f"{path}: cannot be read ({error.strerror}); restore it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GoldenError(f"{path}: is no valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(str(step) for step in first["loc"])
        raise GoldenError(f"{path}: {place}: {first['msg']}") from None
