"""The page as one self-contained file: no script, nothing loaded from anywhere.

The templates see only a `Page`, and everything in it is escaped.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from grader.report import page
from grader.types import Report

_TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report, *, version: str) -> str:
    """Return the report as HTML; the same report gives the same text."""
    return _template().render(page=page.make(report, version))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html")
