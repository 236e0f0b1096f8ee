"""Notebook files: whatever is handed in is read or refused in a line; what is written is valid."""

from __future__ import annotations

import base64
import json
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import v4

from grader.errors import UnusableSubmission
from grader.notebooks import ipynb, repair
from grader.report.pictures import png as drawn

CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [{"forged": 1}]}
Cells = list[tuple[str, str, tuple[str, ...]]]  # kind, source, tags
ONE: Cells = [("code", "x = 1", ())]


def notebook(*cells: Any, **more: Any) -> bytes:
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 0, **more}).encode()


def older(version: Any, *sheets: Any) -> bytes:
    return json.dumps({"nbformat": version, "worksheets": list(sheets)}).encode()


def cells_of(data: bytes) -> Cells:
    node = ipynb.read(data, "N.ipynb")
    nbformat.validate(node)
    assert (node.nbformat, node.nbformat_minor) == (4, 5)
    assert [cell.id for cell in node.cells] == [f"cell-{n}" for n in range(1, len(node.cells) + 1)]
    assert all(cell.get("outputs", []) == [] for cell in node.cells)
    return [(c.cell_type, c.source, tuple(c.metadata.get("tags", ()))) for c in node.cells]


READ: dict[str, tuple[bytes, Cells]] = {
    "a line": (notebook(CODE), ONE),
    "a list of lines": (
        notebook({"cell_type": "code", "source": ["x = 1\n", 7, "y = 2"]}),
        [("code", "x = 1\ny = 2", ())],
    ),
    "Windows lines": (notebook({"cell_type": "code", "source": "a\r\nb"}), [("code", "a\nb", ())]),
    "separators that end no line of Python": (
        notebook({"cell_type": "code", "source": "s = '\u2028'\x0c\x1c\x85 # \u2029"}),
        [("code", "s = '\u2028'\x0c\x1c\x85 # \u2029", ())],
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + notebook(CODE), ONE),
    "UTF-16, as a PowerShell writes it": (notebook(CODE).decode().encode("utf-16"), ONE),
    "bytes that are no UTF-8": (
        b'{"cells": [{"cell_type": "code", "source": "\xff"}]}', [("code", "\ufffd", ())]
    ),
    "nbformat 3": (
        older(3, {"cells": [
            {"cell_type": "heading", "source": "Title", "level": 2},
            {"cell_type": "code", "input": "x = 1", "prompt_number": 3, "outputs": [{"odd": 1}]},
        ]}, {"cells": [{"cell_type": "html", "source": "<b>"}]}),
        [("markdown", "## Title", ()), *ONE, ("markdown", "<b>", ())],
    ),
    "nbformat 2": (older(2, {"cells": [{"cell_type": "code", "input": ["x = 1"]}]}), ONE),
    "nbformat 1": (
        notebook({"cell_type": "text", "text": "Title"}, {"cell_type": "code", "code": "x = 1"},
                 nbformat=1),
        [("markdown", "Title", ()), *ONE],
    ),
    "cells of 4 in a file that says 1": (notebook(CODE, nbformat=1), ONE),
    "worksheets in a file that says 4": (
        older(4, 3, {}, {"cells": {}}, {"cells": [{"cell_type": "code", "input": "x = 1"}, None]}),
        [*ONE, ("raw", "", ())],
    ),
    "a heading without a level": (
        older("3", {"cells": [{"cell_type": "heading", "source": ["A"], "level": 10**9}]}),
        [("markdown", "# A", ())],
    ),
    "a version from the future": (notebook(CODE, nbformat=99, nbformat_minor=10**30), ONE),
    "versions that are no numbers": (notebook(CODE, nbformat=[], nbformat_minor="x"), ONE),
    "no version": (b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}', ONE),
    "unknown keys": (notebook({**CODE, "new": [], "execution_count": "7"}, extra=1), ONE),
    "metadata that is none": (notebook({**CODE, "metadata": [3]}, metadata="x"), ONE),
    "metadata that nbformat refuses": (
        notebook({**CODE, "metadata": {"collapsed": 3, "name": "", "scrolled": []}},
                 metadata={"kernelspec": 3, "authors": 1, "title": 7}),
        ONE,
    ),
    "the same id twice, and ids that are none": (
        notebook({**CODE, "id": "a"}, {**CODE, "id": "a"}, {**CODE, "id": "ä ö"},
                 nbformat_minor=5),
        ONE * 3,
    ),
    "a numeral of 5,000 digits": (
        notebook(CODE)[:-1] + b', "metadata": {"n": ' + b"9" * 5_000 + b"}}", ONE
    ),
    "what is no number in JSON": (
        notebook(CODE)[:-1] + b', "metadata": {"n": [NaN, -Infinity, 1e999]}}', ONE
    ),
    "a source that is a number": (
        notebook({"cell_type": "code", "source": 7}), [("code", "7", ())]
    ),
    "tags": (
        notebook({"cell_type": "markdown", "source": "?",
                  "metadata": {"tags": ["q", 7, "r", "q", "", "a,b"]}}),
        [("markdown", "?", ("q", "r", "a b"))],
    ),
    "cells that are none": (
        notebook(CODE, "text", None, {"cell_type": ["code"]}, {"cell_type": "code", "source": {}}),
        [*ONE, *[("raw", "", ())] * 3, ("code", "", ())],
    ),
    "half of a pair": (
        notebook({"cell_type": "code", "source": "s = '\ud800'", "metadata": {"tags": ["\udfff"]}}),
        [("code", "s = '\ufffd'", ("\ufffd",))],
    ),
    "halves that meet": (
        notebook({"cell_type": "code", "source": ["\ud83d", "\ude00"]}), [("code", "😀", ())]
    ),
    "no cell": (notebook(), []),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_notebook_of_any_kind_becomes_a_valid_one(name: str) -> None:
    data, cells = READ[name]
    assert cells_of(data) == cells
    node = ipynb.read(data, "N.ipynb")
    assert ipynb.read(ipynb.write(node).encode(), "N.ipynb") == node


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
    (cell,) = ipynb.read(notebook({**CODE, "source": "x" * 10**6}), "N.ipynb").cells
    assert len(cell.source) == repair.MAX_SOURCE


RUNNABLE: dict[str, tuple[str, str, int]] = {  # source -> what runs, how many repairs
    "plain": ("x = 1", "x = 1", 0),
    "a drive is mounted": ("from google.colab import drive\ndrive.mount('/d')\n%cd x", "", 1),
    "a folder is looked for": ("FOLDERNAME = None\nassert FOLDERNAME is not None", "", 1),
    "installs": ("!pip install future\nx = 1", "pass\nx = 1", 1),
    "percent pip": ("%pip install x", "pass", 1),
    "a change of folder": ("%cd drive/My\\ Drive\n!bash get_datasets.sh\n%cd ..",
                           "pass\npass\npass", 3),
    "what a shell prints": ("files = !ls x\nif files:\n    a = !ls\nc = d != e",
                            "files = []\nif files:\n    a = []\nc = d != e", 2),
    "inside a block": ("if True:\n    !ls\n", "if True:\n    pass\n", 1),
    "a shell's cell": ("%%bash\nls", "", 1),
    "reloading": ("%load_ext autoreload\n%autoreload 2\nx = 1", "\n\nx = 1", 0),
    "other magic": ("%matplotlib inline\n%timeit f()", "%matplotlib inline\n%timeit f()", 0),
    "not equal": ("a != b\n  != c", "a != b\n  pass", 1),
    "a separator in a text": ("s = 'a\u2028!ls'\f", "s = 'a\u2028!ls'\f", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNABLE)
def test_what_only_makes_sense_elsewhere_is_left_out_and_told(name: str) -> None:
    source, runs, repairs = RUNNABLE[name]
    ready = ipynb.runnable(3, source)
    assert (ready.text, len(ready.repaired), ready.number) == (runs, repairs, 3)
    assert bool(ready.why) == (not runs)


def test_the_executed_notebook_is_valid_and_holds_nothing_but_safe_outputs() -> None:
    node = ipynb.read(notebook({**CODE, "metadata": {"tags": ["t"]}}), "N.ipynb")
    image = base64.b64encode(drawn(np.zeros((1, 1), np.uint8))).decode()
    (cell,) = node.cells
    cell.execution_count, cell.metadata["execution"] = 7, {"iopub.execute_input": "now"}
    html = {"text/html": "<script>", "text/plain": "a table"}
    cell.outputs = [
        v4.new_output("stream", name="stderr", text="a warning\ud800\x1b[31m"),
        v4.new_output("display_data", {"image/png": image, "image/svg+xml": "<svg/>"}),
        v4.new_output("execute_result", html, execution_count=7, metadata={"x": 1}),
        v4.new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[0;31mline"]),
    ]
    cell.id = "what a notebook may not have"
    written = ipynb.write(node)
    nbformat.validate(read := nbformat.reads(written, as_version=4))
    (cell,) = read.cells
    warning, picture, result, error = cell.outputs
    assert (cell.id, cell.execution_count, cell.metadata) == ("cell-1", 7, {"tags": ["t"]})
    assert (warning.name, warning.text) == ("stderr", "a warning\ufffd")
    assert picture.data == {"image/png": image}
    assert (result.data, result.metadata) == ({"text/plain": "a table"}, {})
    assert (error.ename, error.traceback) == ("ValueError", ["line"])
    assert written == ipynb.write(read)
