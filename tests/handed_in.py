"""Whole submissions as test cases: those under tests/submissions, and wrong ones made from them.

`accepted/<style>/` holds a whole submission and expect.toml. Wrong ones are the reference with one
mistake of reference/misconceptions, or are made from `wrong/<item>/<mistake>.py`, which holds only
the functions that are wrong; they replace those of the same name in a right submission.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.golden import mistakes as usual
from grader.golden.mistakes import Misconception
from grader.types import Submission

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "tests" / "submissions" / "accepted"
WRONG = ROOT / "tests" / "submissions" / "wrong"
LAYERS = "from {package}.layers import *\nfrom {package}.layer_utils import *\n"  # for nets
# Functions that know each other's caches, or one object: a mistake in one comes with the others.
TOGETHER = (
    ("affine_forward", "affine_backward"),
    ("relu_forward", "relu_backward"),
    ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
    ("layernorm_forward", "layernorm_backward"),
    ("dropout_forward", "dropout_backward"),
    ("TwoLayerNet.__init__", "TwoLayerNet.loss"),
    ("FullyConnectedNet.__init__", "FullyConnectedNet.loss"),
    ("sgd_momentum",), ("rmsprop",), ("adam",),
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """One wrong submission: what is wrong, and which parts of which items it must lose."""

    name: str
    says: str
    fails: dict[str, list[str]]
    rubric: str
    submission: Submission


def of_files(name: str, files: dict[str, bytes], package: str = "cs231n") -> Submission:
    """Return a submission in memory."""
    return Submission(name, "0" * 64, package, files)


def reference() -> Submission:
    """Return the reference laid out as a submission."""
    return of_files("reference", _package(ROOT / "reference" / "cs231n"))


def template() -> Submission:
    """Return the untouched student template."""
    return of_files("template", _package(ROOT / "student_template" / "cs231n"))


def neighbour() -> Submission:
    """Return a submission with two mistakes, of which one has consequences."""
    wrong = "def relu_forward(x):\n    return np.abs(x), x\n\n\ndef affine_backward(dout, cache):\n"
    wrong += "    x, w, b = cache\n    dx = dout.dot(w.T).reshape(x.shape)\n"
    wrong += "    return dx, x.reshape(len(x), -1).T.dot(dout), dout.mean(axis=0)\n"
    return of_files("neighbour", planted(dict(reference().files), wrong))


def unwritten() -> Submission:
    """Return stubs that raise nothing, as course years hand them out."""
    return of_files("unwritten", _package(ROOT / "tests" / "submissions" / "unwritten" / "cs231n"))


def accepted() -> list[tuple[str, str]]:
    """Return (style, rubric) of every accepted submission."""
    found = []
    for expect in sorted(ACCEPTED.glob("*/expect.toml")):
        found += [
            (expect.parent.name, rubric) for rubric in expected(expect.parent.name)["rubrics"]
        ]
    return found


def expected(style: str) -> dict[str, list[str]]:
    """Return what an accepted submission's expect.toml says."""
    return tomllib.loads((ACCEPTED / style / "expect.toml").read_text(encoding="utf-8"))


def accepted_submission(style: str) -> Submission:
    """Return one accepted submission."""
    layers = next((ACCEPTED / style).rglob("layers.py"))
    package = layers.parent
    return of_files(style, _package(package), package.name)


def usual_mistakes() -> dict[str, Misconception]:
    """Return the mistakes of reference/misconceptions by id."""
    return {one.id: one for one in usual.read(ROOT / "reference")}


def mistakes() -> dict[str, Path | Misconception]:
    """Return what describes each wrong submission, by item/name."""
    files = {f"{path.parent.name}/{path.stem}": path for path in sorted(WRONG.glob("*/*.py"))}
    return {**usual_mistakes(), **files}


def mistake(what: Path | Misconception) -> Mistake:
    """Return a wrong submission: the reference with one mistake, or what a file says."""
    if isinstance(what, Path):
        return _of_file(what)
    submission = with_mistakes(reference(), [what])
    fails = {item: list(parts) for item, parts in what.fails.items()}
    return Mistake(what.id, what.says, fails, "cs231n-a2", submission)


def with_mistakes(base: Submission, planned: Iterable[Misconception]) -> Submission:
    """Return `base` with mistakes planted in it.

    A mistake is made in the text of the reference; then its functions, and those that work with
    their caches, take the place of their namesakes.
    """
    right = {path.partition("/")[2]: data for path, data in reference().files.items()}
    change: usual.Change = {}
    for one in planned:
        change = usual.together(change, one.change)
    changed = usual.applied(right, change)
    groups = [group for group in TOGETHER if set(group) & set(change)]
    files = dict(base.files)
    for is_net in (False, True):
        names = [name for group in groups for name in group if ("." in name) is is_net]
        if names:
            imports = LAYERS.format(package=base.package) if is_net else ""
            files = planted(files, f"{_only(changed, names)}import numpy as np\n{imports}")
    name = f"{base.name} with {' and '.join(one.id.replace('/', ' ') for one in planned)}"
    return of_files(name, files, base.package)


def _only(files: Mapping[str, bytes], names: Iterable[str]) -> str:
    """Return the text of functions and methods, each class once."""
    classes: dict[str, list[str]] = {}
    for name in names:
        data = next(d for d in files.values() if _find(d, name) is not None)
        node = _find(data, name)
        assert node is not None
        classes.setdefault(name.rpartition(".")[0], []).append(
            _text(data.decode().splitlines(), node)
        )
    pieces = classes.pop("", [])
    pieces += [f"class {name}:\n" + "\n\n".join(methods) for name, methods in classes.items()]
    return "\n\n\n".join(pieces) + "\n\n\n"


def _of_file(path: Path) -> Mistake:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("FAILS", "BASE", "RUBRIC")
    }  # fmt: skip
    base_name = constants.get("BASE", "reference")
    base = reference() if base_name == "reference" else accepted_submission(base_name)
    name = f"{path.parent.name}/{path.stem}"
    files = planted(dict(base.files), text)
    submission = of_files(name.replace("/", " "), files, base.package)
    rubric = constants.get("RUBRIC", "cs231n-a2")
    return Mistake(name, ast.get_docstring(tree) or "", constants["FAILS"], rubric, submission)


def planted(files: dict[str, bytes], wrong: str) -> dict[str, bytes]:
    """Return `files` with the functions and methods of `wrong` in the place of their namesakes.

    New top-level functions and imports of `wrong` go to the end of each file that was changed,
    where they are found at call time.
    """
    tree = ast.parse(wrong)
    lines = wrong.splitlines()
    changed: set[str] = set()
    extra: list[str] = []
    for node in tree.body:
        pieces = []
        if isinstance(node, ast.ClassDef):
            pieces = [
                (f"{node.name}.{m.name}", m) for m in node.body if isinstance(m, ast.FunctionDef)
            ]
        elif isinstance(node, ast.FunctionDef):
            pieces = [(node.name, node)]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            extra.append(_text(lines, node))
        for name, piece in pieces:
            path = next((p for p in files if _find(files[p], name)), None)
            bound = next((p for p in files if path is None and _is_bound(files[p], name)), None)
            if bound is not None:  # to an object: the new function binds the name again
                files[bound] += f"\n\n{_text(lines, piece)}\n".encode()
                changed.add(bound)
                continue
            if path is None:
                extra.append(_text(lines, piece))
                continue
            files[path] = _replaced(files[path], name, _text(lines, piece))
            changed.add(path)
    assert changed, "a wrong submission must replace at least one function"
    for path in changed:
        files[path] += ("\n\n" + "\n\n\n".join(extra) + "\n").encode()
    return files


def _package(folder: Path) -> dict[str, bytes]:
    return {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
    }


def _find(data: bytes, name: str) -> ast.FunctionDef | None:
    outer, _, inner = name.rpartition(".")
    body: list[ast.stmt] = ast.parse(data).body
    if outer:
        body = [m for c in body if isinstance(c, ast.ClassDef) and c.name == outer for m in c.body]
    return next((n for n in body if isinstance(n, ast.FunctionDef) and n.name == inner), None)


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
    node = _find(data, name)
    assert node is not None and node.end_lineno is not None
    lines = data.decode().splitlines()
    lines[node.lineno - 1 : node.end_lineno] = text.splitlines()
    return ("\n".join(lines) + "\n").encode()


def _text(lines: list[str], node: ast.stmt) -> str:
    assert node.end_lineno is not None
    return "\n".join(lines[node.lineno - 1 : node.end_lineno])
