"""Submissions whose score is known, made from an assignment's own files.

The reference and the template are laid out as submissions. Where tests/submissions is there,
`accepted/<style>/` holds a whole submission and expect.toml, and `wrong/<item>/<mistake>.py` holds
only the functions that are wrong; they replace those of the same name in a right submission.
`lazy/<name>.py` is the same for code that does not do the work: it must earn nothing for that.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.authoring.fixtures.misconceptions import applied, functions, functions_of
from grader.authoring.fixtures.reference import of_package
from grader.errors import GoldenError, UsageError
from grader.types import Submission

FOLDER = Path("tests") / "submissions"


@dataclass(frozen=True)
class Accepted:
    """A correct submission, the rubrics that give it full marks, items that it may lack, and parts
    that a habit of its style costs, by item.
    """

    path: Path
    rubrics: tuple[str, ...]
    missing: tuple[str, ...]
    submission: Submission
    costs: dict[str, list[str]]


@dataclass(frozen=True)
class WrongSubmission:
    """One wrong submission: what is wrong, which parts of which items it must lose, and of which
    kinds it must be flagged.
    """

    name: str
    message: str
    fails: dict[str, list[str]]
    rubric: str
    submission: Submission
    flags: tuple[str, ...] = ()


def of_files(name: str, files: dict[str, bytes], package: str = "cs231n") -> Submission:
    """Return a submission in memory."""
    return Submission(name, "0" * 64, package, files)


def accepted(home: Path) -> Iterator[Accepted]:
    """Yield every accepted submission. Raises UsageError for an expect.toml that is none."""
    for path in sorted((home / FOLDER / "accepted").glob("*/expect.toml")):
        try:
            expected = tomllib.loads(path.read_text(encoding="utf-8"))
            rubrics = tuple(map(str, expected["rubrics"]))
            missing = tuple(expected.get("missing", ()))
            costs = {item: list(parts) for item, parts in expected.get("costs", {}).items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: says no `rubrics` ({error}); add them") from None
        yield Accepted(path, rubrics, missing, style(home, path.parent.name), costs)


def style(home: Path, name: str) -> Submission:
    """Return one accepted submission."""
    layers = next((home / FOLDER / "accepted" / name).rglob("layers.py"), None)
    if layers is None:
        raise UsageError(f"accepted/{name}: holds no layers.py; name another style, or add it")
    return of_files(name, of_package(layers.parent), layers.parent.name)


def wrong(home: Path) -> dict[str, Path]:
    """Return the files of wrong/ by item/name."""
    paths = sorted((home / FOLDER / "wrong").glob("*/*.py"))
    return {f"{path.parent.name}/{path.stem}": path for path in paths}


def lazy(home: Path) -> list[Path]:
    """Return the files of lazy/."""
    return sorted((home / FOLDER / "lazy").glob("*.py"))


def wrong_submission(home: Path, path: Path) -> WrongSubmission:
    """Return the wrong submission that a file describes. Raises UsageError for one that is none."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        said: dict[str, Any] = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            if node.targets[0].id in ("FAILS", "BASE", "RUBRIC", "CHANGE", "FLAGS")
        }
        fails = {item: list(parts) for item, parts in said["FAILS"].items()}
    except (SyntaxError, KeyError, ValueError, AttributeError) as error:
        raise UsageError(f"{path}: says no FAILS = {{item: [parts]}} ({error!r}); add it") from None
    base = said.get("BASE", "reference")
    right = of_files("reference", of_package(home / "reference" / "cs231n"))
    if base != "reference":
        right = style(home, base)
    files = dict(right.files)
    try:
        files = applied(files, said.get("CHANGE", {}))
    except GoldenError as error:
        raise UsageError(f"{path}: {error}") from None
    if "CHANGE" not in said or any(
        isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in tree.body
    ):
        files = planted(files, text, str(path))
    submission = of_files(f"{path.parent.name} {path.stem}", files, right.package)
    rubric, says = said.get("RUBRIC", "cs231n-a2"), ast.get_docstring(tree) or ""
    name, flags = f"{path.parent.name}/{path.stem}", tuple(said.get("FLAGS", ()))
    return WrongSubmission(name, says, fails, rubric, submission, flags)


def planted(files: dict[str, bytes], wrong: str, place: str = "wrong") -> dict[str, bytes]:
    """Return `files` with the functions and methods of `wrong` in the place of their namesakes.

    New top-level functions and imports of `wrong` go to the end of each file that was changed,
    where they are found at call time. Raises UsageError where nothing is replaced.
    """
    tree = ast.parse(wrong)
    lines = wrong.splitlines()
    changed: set[str] = set()
    extra: list[str] = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            extra.append(text_of(lines, node))
        for name, piece in functions_of([node]):
            path = next((p for p in files if find(files[p], name)), None)
            bound = next((p for p in files if path is None and _is_bound(files[p], name)), None)
            text = text_of(lines, piece)
            if path is not None:
                files[path] = _replaced(files[path], name, text)
            elif bound is not None:  # to an object: the new function binds the name again
                files[bound] += f"\n\n{text}\n".encode()
            else:
                extra.append(text)
            changed.update(filter(None, (path, bound)))
    if not changed:
        raise UsageError(f"{place}: replaces no function of a right submission; name one of it")
    for path in changed:
        files[path] += ("\n\n" + "\n\n\n".join(extra) + "\n").encode()
    return files


def find(data: bytes, name: str) -> ast.FunctionDef | None:
    """Return a function, or Class.method, of a source file."""
    return dict(functions(data.decode())).get(name)


def text_of(lines: list[str], node: ast.stmt) -> str:
    """Return the text of a statement."""
    return "\n".join(lines[node.lineno - 1 : node.end_lineno])


def _is_bound(data: bytes, name: str) -> bool:
    """Say whether a file binds a name to something at its top level."""
    return any(
        isinstance(node, ast.Name) and node.id == name
        for each in ast.parse(data).body
        if isinstance(each, ast.Assign)
        for target in each.targets
        for node in ast.walk(target)
    )


def _replaced(data: bytes, name: str, text: str) -> bytes:
    node = find(data, name)
    assert node is not None and node.end_lineno is not None
    lines = data.decode().splitlines()
    lines[node.lineno - 1 : node.end_lineno] = text.splitlines()
    return ("\n".join(lines) + "\n").encode()
