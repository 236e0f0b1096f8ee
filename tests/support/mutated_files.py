"""Files that people and programs write, broken in all ways that a seed thinks of."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.mutated_notebooks import CHANGES, DAMAGES, DEEP

NAMES = (
    "layers.py", "optim.py", "fc_net.py", "classifiers", "cs231n", "Dropout.ipynb", "Layers.PY",
    "layers.py.txt", "layers (1).py", "__init__.py", "hw.zip", "a\nb.py", "\u202egnp.py", "é.py",
    "e\u0301.py", "CON.py", "x" * 250, ".git", "datasets", "[link](x).py", "<b>.py", "=1+1.py",
    "\udcff.py", " ", "-o", "..py", "solver.py", "layers.ipynb",
)  # fmt: skip
TEXTS = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbfx = 1\n", b"def affine_forward(x, w, b):\n    pass\n",
    b"(" * 5_000, b"# coding: rot13\n", b"# coding: \xff\n", b"print " * 99, b"x = 1\r" * 50,
    b"\x1a" * 9, b"import os\nos._exit(3)\n", b'{"cells": []}', b"PK\3\4", b"class A:\n\tx\n  y\n",
)  # fmt: skip


def json_mutant(number: int, base: Any) -> bytes:
    """Return the bytes of a broken JSON file; the same number gives the same bytes."""
    draw = random.Random(f"json/{number}")
    made = _changed(draw, base)
    text = json.dumps(made, ensure_ascii=draw.random() < 0.8)
    depth = draw.choice((10, 500, 5_000))
    text = text.replace(json.dumps(DEEP), "[" * depth + "]" * depth)
    return _damaged(draw, text.encode("utf-8", "surrogatepass"))


def toml_mutant(number: int, base: Mapping[str, Any]) -> bytes:
    """Return the bytes of a broken TOML file; the same number gives the same bytes."""
    draw = random.Random(f"toml/{number}")
    made = _changed(draw, base)
    lines = made.items() if isinstance(made, dict) else {"value": made}.items()
    text = "".join(f"{_text(key)} = {_toml(value)}\n" for key, value in lines if value is not None)
    return _damaged(draw, text.encode("utf-8", "surrogatepass"))


def bytes_mutant(number: int, base: bytes) -> bytes:
    """Return broken bytes; the same number gives the same."""
    draw = random.Random(f"bytes/{number}")
    return _damaged(draw, base, least=1)


def folder_mutant(number: int, base: Mapping[str, bytes], place: Path) -> None:
    """Make a broken folder of homework at `place`; the same number makes the same."""
    draw = random.Random(f"folder/{number}")
    files = dict(base)
    for _ in range(draw.choice((0, 1, 1, 2, 5, 12))):
        draw.choice(FOLDER_CHANGES)(draw, files)
    place.mkdir()
    for path, data in files.items():
        _make(draw, place / path, data)


def _changed(draw: random.Random, base: Any) -> Any:
    made = copy.deepcopy(base)
    for _ in range(draw.choice((0, 1, 1, 1, 2, 5, 20))):
        made = draw.choice(CHANGES)(draw, made)
    return made


def _damaged(draw: random.Random, data: bytes, least: int = 0) -> bytes:
    for _ in range(max(least, draw.choice((0, 0, 0, 0, 1, 1, 4, 50)))):
        data = draw.choice(DAMAGES)(draw, data)
    return data


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        rows = (f"{_text(key)} = {_toml(each)}" for key, each in value.items() if each is not None)
        return f"{{{', '.join(rows)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value if each is not None)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: object) -> str:
    if text == DEEP:
        return "[" * 400 + "]" * 400
    return json.dumps(str(text), ensure_ascii="\ud800" > str(text))


def _renamed(draw: random.Random, files: dict[str, bytes]) -> None:
    if files:
        path = draw.choice(sorted(files))
        folder = path.rpartition("/")[0]
        files[f"{folder}/{draw.choice(NAMES)}".lstrip("/")] = files.pop(path)


def _moved(draw: random.Random, files: dict[str, bytes]) -> None:
    if files:
        path = draw.choice(sorted(files))
        files[f"{draw.choice(NAMES)}/{path.rpartition('/')[2]}"] = files.pop(path)


def _added(draw: random.Random, files: dict[str, bytes]) -> None:
    depth = draw.choice((0, 0, 1, 2, 15))
    files["/".join(draw.choice(NAMES) for _ in range(depth + 1))] = draw.choice(TEXTS)


def _removed(draw: random.Random, files: dict[str, bytes]) -> None:
    if files:
        del files[draw.choice(sorted(files))]


def _rewritten(draw: random.Random, files: dict[str, bytes]) -> None:
    if files:
        path = draw.choice(sorted(files))
        files[path] = draw.choice((draw.choice(TEXTS), _damaged(draw, files[path], least=1)))


def _make(draw: random.Random, path: Path, data: bytes) -> None:
    """Write a file, or now and then something else in its place; what cannot be is left out."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        odd = draw.random()
        if odd < 0.02:
            path.symlink_to(draw.choice(("/etc/passwd", "/", "layers.py", "nowhere", ".")))
        elif odd < 0.03:
            os.mkfifo(path)
        elif odd < 0.04:
            path.mkdir()
        else:
            path.write_bytes(data)
            path.chmod(draw.choice((0o644,) * 20 + (0o000, 0o200)))
    except (OSError, ValueError):
        pass


FOLDER_CHANGES = (_renamed, _moved, _added, _removed, _rewritten, _rewritten)
