"""Notebook files: whatever is handed in is read or refused in a line; what is written is safe."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from grader.errors import UnusableSubmission
from grader.notebooks import ipynb, png
from grader.notebooks.ipynb import Runnable, SourceCell
from grader.report.pictures import png as drawn
from grader.types import Cell, Notebook, Raised

CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [{"forged": 1}]}


def notebook(*cells: Any, **more: Any) -> bytes:
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 0, **more}).encode()


READ: dict[str, tuple[bytes, list[SourceCell]]] = {
    "a line": (notebook(CODE), [SourceCell(1, "code", "x = 1")]),
    "a list of lines": (
        notebook({"cell_type": "code", "source": ["x = 1\n", "y = 2"]}),
        [SourceCell(1, "code", "x = 1\ny = 2")],
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + notebook(CODE), [SourceCell(1, "code", "x = 1")]),
    "nbformat 3": (
        json.dumps({
            "nbformat": 3,
            "worksheets": [{"cells": [
                {"cell_type": "heading", "source": "Title", "level": 1},
                {"cell_type": "code", "input": "x = 1", "prompt_number": 3},
            ]}],
        }).encode(),
        [SourceCell(1, "markdown", "Title"), SourceCell(2, "code", "x = 1")],
    ),
    "no metadata, unknown keys, the same id twice": (
        notebook({"cell_type": "code", "source": "1", "id": "a", "new": []},
                 {"cell_type": "code", "source": "2", "id": "a"}, nbformat=99),
        [SourceCell(1, "code", "1"), SourceCell(2, "code", "2")],
    ),
    "tags": (
        notebook({"cell_type": "markdown", "source": "?", "metadata": {"tags": ["q", 7, "r"]}}),
        [SourceCell(1, "markdown", "?", ("q", "r"))],
    ),
    "cells that are none": (
        notebook(CODE, "text", None, {"cell_type": ["code"]}, {"cell_type": "code", "source": {}}),
        [SourceCell(1, "code", "x = 1"), *(SourceCell(n, "raw", "") for n in (2, 3, 4)),
         SourceCell(5, "code", "")],
    ),
    "a lonely surrogate": (
        notebook({"cell_type": "code", "source": "s = '\ud800'"}),
        [SourceCell(1, "code", "s = '?'")],
    ),
    "no cell": (notebook(), []),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_notebook_is_read_leniently(name: str) -> None:
    data, cells = READ[name]
    assert ipynb.read(data, "N.ipynb") == cells


REFUSED = {
    "nothing": (b"", "is empty"),
    "blanks": (b" \n", "is empty"),
    "no JSON": (b"{cells", "is no JSON"),
    "deep": (b"[" * 100_000, "is no JSON"),
    "a list": (b"[]", "has no list of cells"),
    "cells that are no list": (b'{"cells": {}}', "has no list of cells"),
    "worksheets of nothing": (b'{"worksheets": 3}', "has no list of cells"),
    "too many cells": (notebook(*[{}] * 2001), "2,001 cells"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_notebook_is_refused_in_one_line(name: str) -> None:
    data, says = REFUSED[name]
    with pytest.raises(UnusableSubmission) as refused:
        ipynb.read(data, "N.ipynb")
    assert says in str(refused.value) and str(refused.value).startswith("N.ipynb: ")
    assert "\n" not in str(refused.value)


def test_a_huge_cell_is_cut() -> None:
    (cell,) = ipynb.read(notebook({"cell_type": "code", "source": "x" * 10**6}), "N.ipynb")
    assert len(cell.text) == ipynb.MAX_SOURCE


RUNNABLE: dict[str, tuple[str, str, int]] = {  # source -> what runs, how many repairs
    "plain": ("x = 1", "x = 1", 0),
    "a drive is mounted": ("from google.colab import drive\ndrive.mount('/d')\n%cd x", "", 1),
    "a folder is looked for": ("FOLDERNAME = None\nassert FOLDERNAME is not None", "", 1),
    "installs": ("!pip install future\nx = 1", "pass\nx = 1", 1),
    "percent pip": ("%pip install x", "pass", 1),
    "a change of folder": ("%cd drive/My\\ Drive\n!bash get_datasets.sh\n%cd ..",
                           "pass\npass\npass", 3),
    "inside a block": ("if True:\n    !ls\n", "if True:\n    pass", 1),
    "a shell's cell": ("%%bash\nls", "", 1),
    "reloading": ("%load_ext autoreload\n%autoreload 2\nx = 1", "\n\nx = 1", 0),
    "other magic": ("%matplotlib inline\n%timeit f()", "%matplotlib inline\n%timeit f()", 0),
    "not equal": ("a != b\n  != c", "a != b\n  pass", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNABLE)
def test_what_only_makes_sense_elsewhere_is_left_out_and_told(name: str) -> None:
    source, runs, repairs = RUNNABLE[name]
    ready = ipynb.runnable(SourceCell(3, "code", source))
    assert (ready.text, len(ready.repaired)) == (runs, repairs)
    assert bool(ready.why) == (not runs)
    assert all("cell 3" in line for line in ready.repaired)
    assert ready.number == Runnable(3, "").number


def test_the_executed_notebook_holds_our_outputs_and_no_other() -> None:
    sources = [SourceCell(1, "markdown", "# Title", ("tag",)), SourceCell(2, "code", "x"),
               SourceCell(3, "code", "y")]  # fmt: skip
    raised = Raised("ValueError", "no", (("N.ipynb, cell 3", 1, "", "y"),))
    image = drawn(np.zeros((1, 1), np.uint8))
    ran = (
        Cell(2, "x", "ran", text="1\n", images=(image,)),
        Cell(3, "y", "failed", raised=raised),
    )
    written = json.loads(ipynb.write(sources, Notebook("N.ipynb", "error", cells=ran)))
    assert written["nbformat"] == 4 and len({cell["id"] for cell in written["cells"]}) == 3
    text, picture = written["cells"][1]["outputs"]
    assert text["text"] == "1\n"
    assert base64.b64decode(picture["data"]["image/png"]) == image
    (error,) = written["cells"][2]["outputs"]
    assert error["ename"] == "ValueError" and "N.ipynb, cell 3, line 1: y" in error["traceback"]
    assert ipynb.read(json.dumps(written).encode(), "N.ipynb") == sources


GOOD = drawn(np.array([[0, 9]], np.uint8))


def test_a_picture_keeps_what_it_needs_and_loses_the_rest() -> None:
    assert png.checked(GOOD) == GOOD
    extra = b"\x00\x00\x00\x08tEXt<script>"
    extra += __import__("zlib").crc32(extra[4:]).to_bytes(4, "big")
    assert png.checked(GOOD[:33] + extra + GOOD[33:]) == GOOD


@pytest.mark.parametrize(
    "data",
    {
        "nothing": b"",
        "text": b"<svg onload=alert(1)>",
        "cut": GOOD[:-5],
        "more behind it": GOOD + b"<script>",
        "a wrong sum": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
        "only the magic": GOOD[:8],
        "no pixels": GOOD[:33] + GOOD[-12:],
    }.values(),
)
def test_what_is_no_whole_picture_is_dropped(data: bytes) -> None:
    assert png.checked(data) is None


def test_a_picture_of_absurd_size_is_dropped() -> None:
    import zlib

    header = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    huge = GOOD[:12] + header + zlib.crc32(header).to_bytes(4, "big") + GOOD[33:]
    assert png.checked(huge) is None
