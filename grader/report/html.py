"""The report and the executed notebooks as pages: no script, nothing loaded from anywhere.

The templates see only a `Page` or a `NotebookPage`, and everything in it is escaped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.bccache

from grader.errors import explaining, log_fault
from grader.report import page
from grader.report.cells import file_of
from grader.report.page import Page
from grader.report.run_sets import sets_of
from grader.types import Notebook, Report

_TEMPLATES = Path(__file__).parent / "templates"
_COMPILED = Path(__file__).parent / "__pycache__"


def render(
    report: Report, *, version: str, noted: Callable[[str], object] = lambda log: None
) -> str:
    """Return the report as HTML; the same report gives the same text.

    Where that breaks by a fault of ours the page has the points alone, and `noted` gets the place
    of the traceback.
    """
    try:
        return finished(page.make(report, version))
    except Exception:  # noqa: BLE001 - the points are known
        noted(log := log_fault("making the report"))
    return incomplete(report, log)


def finished(content: Page) -> str:
    """Return a page as HTML."""
    return environment().get_template("report.html").render(page=content)


def incomplete(report: Report | Mapping[str, Any], log: str) -> str:
    """Return a page that has the points of a report, or of a result.json, and nothing else."""
    return environment().get_template("incomplete.html").render(report=report, log=log)


def render_notebooks(report: Report, notebooks: Sequence[Notebook]) -> dict[str, str]:
    """Return the page of each notebook that was executed, by the name of its file.

    A page that breaks by a fault of ours is left out, and the traceback is kept.
    """
    if not any(map(file_of, notebooks)):
        return {}
    from grader.report import notebook_page

    template = environment().get_template("notebook.html")
    pages = {}
    for notebook in notebooks:
        with explaining(f"making the page of {notebook.name}"):
            if name := file_of(notebook):
                sets = sets_of(report.trained, report.goals)
                pages[name] = template.render(page=notebook_page.make(report, notebook, sets))
    return pages


class _Compiled(jinja2.FileSystemBytecodeCache):
    """What templates compile to: kept where, and by the rules by which, Python keeps modules."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Find it, if it can be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep it, unless that is switched off or not allowed here."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(exist_ok=True)
                super().dump_bytecode(bucket)


@cache
def environment() -> jinja2.Environment:
    """Return what turns templates into pages: everything is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        bytecode_cache=_Compiled(str(_COMPILED)),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
