"""Percent scripts: read as written, refused where unclear, and always the same notebook."""

from __future__ import annotations

import json

import nbformat
import pytest

from grader.errors import GraderFault
from grader.notebooks.percent import ScriptCell, notebook, parse

SCRIPT = """\
# %% [markdown]
# # Title
#
# Two *paragraphs*,
#   and an indent: $\\hat{x}$

# %%
# %load_ext autoreload
# a comment % of code
x = 1


def f():
    return "%"


# %% [markdown] tags=["inline-question", "Dropout/1"]
# Why?
# %% tags=["slow"]
# %%
"""
CELLS = [
    ScriptCell("markdown", "# Title\n\nTwo *paragraphs*,\n  and an indent: $\\hat{x}$"),
    ScriptCell("code", '# %load_ext autoreload\n# a comment % of code\nx = 1\n\n\ndef f():\n'
                 '    return "%"'),
    ScriptCell("markdown", "Why?", ("inline-question", "Dropout/1")),
    ScriptCell("code", "", ("slow",)),
    ScriptCell("code", ""),
]  # fmt: skip


def test_a_script_is_read_as_cells() -> None:
    assert parse(SCRIPT, "a.py") == CELLS
    assert parse("", "a.py") == parse("\n\n", "a.py") == []
    assert parse("\n# %%\n\n\nx = 1\n\n", "a.py") == [ScriptCell("code", "x = 1")]


REFUSED = {
    # what is wrong: (script, place in the message)
    "text before the first cell": ('"""Doc."""\n# %%\n', "a.py:1"),
    "no cell at all": ("\nx = 1\n", "a.py:2"),
    "a word after the header": ("# %%\n# %% solution\n", "a.py:2"),
    "no space in the header": ("# %%\n#%% [markdown]\n# x\n", "a.py:2"),
    "another kind of cell": ("# %% [raw]\n", "a.py:1"),
    "tags without quotes": ("# %% tags=[slow]\n", "a.py:1"),
    "tags that are no names": ("# %% tags=[1]\n", "a.py:1"),
    "a tag with a comma": ('# %% tags=["a,b"]\n', "a.py:1"),
    "tags twice": ('# %% tags=["a"] tags=["b"]\n', "a.py:1"),
    "text that is no comment": ("# %%\n# %% [markdown]\n# x\ny\n", "a.py:2"),
    "text without a space": ("# %% [markdown]\n#x\n", "a.py:1"),
    "an empty line inside a text": ("# %% [markdown]\n# x\n\n# y\n", "a.py:1"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_unclear_is_refused_with_its_place(what: str) -> None:
    script, place = REFUSED[what]
    with pytest.raises(GraderFault, match=f"^{place}: .*; ") as caught:
        parse(script, "a.py")
    assert "\n" not in str(caught.value)


def test_a_notebook_is_valid_and_written_as_jupyter_writes_it() -> None:
    text = notebook(parse(SCRIPT, "a.py"))
    read = nbformat.reads(text, as_version=4)
    nbformat.validate(read)
    assert (read.nbformat, read.nbformat_minor) == (4, 5)
    assert nbformat.writes(read) + "\n" == text
    assert [(c.cell_type, c.metadata.get("tags", [])) for c in read.cells] == [
        (cell.kind, list(cell.tags)) for cell in CELLS
    ]
    assert [c.source for c in read.cells[2:]] == [cell.source for cell in CELLS[2:]]
    assert read.metadata.kernelspec.name == "python3"
    assert all(c.outputs == [] and c.execution_count is None for c in read.cells[1::2])


def test_commands_to_the_notebook_come_alive_in_code_and_nowhere_else() -> None:
    cells = [
        ScriptCell("code", "# %load_ext a\n# 5 % b\n#%c\n# % d\nx = '# %e'"),
        ScriptCell("markdown", "# %f"),
    ]
    code, text = json.loads(notebook(cells))["cells"]
    assert "".join(code["source"]) == "%load_ext a\n# 5 % b\n#%c\n# % d\nx = '# %e'"
    assert text["source"] == ["# %f"]


def test_ids_depend_on_order_and_source_and_on_nothing_else() -> None:
    def ids(*cells: ScriptCell) -> list[str]:
        return [cell["id"] for cell in json.loads(notebook(cells))["cells"]]

    a, b = ScriptCell("code", "a"), ScriptCell("code", "b")
    assert ids(a, b) == ids(a, b) == ["001-ca978112", "002-3e23e816"]  # sha256 of "a" and "b"
    assert ids(a, a)[0] != ids(a, a)[1]
    assert ids(a, b)[0] == ids(a)[0] and ids(b, a)[1] != ids(a, b)[0]
    assert ids(ScriptCell("code", "a", ("slow",))) == ids(a)
