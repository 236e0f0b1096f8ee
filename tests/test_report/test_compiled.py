"""What templates compile to is kept by the rules of Python for its own files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import jinja2
import pytest

from grader.report import html


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the templates, from which pages are made now."""
    copy = shutil.copytree(html._TEMPLATES, tmp_path / "templates")
    monkeypatch.setattr(html, "_TEMPLATES", copy)
    monkeypatch.setattr(html, "_COMPILED", copy / "__pycache__")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return copy


def _template() -> jinja2.Template:
    return html.environment.__wrapped__().get_template("incomplete.html")


def test_a_template_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _template()
    assert len(list((folder / "__pycache__").iterdir())) == 1
    monkeypatch.setattr(jinja2.Environment, "compile", None)  # nobody calls it
    _template()


def test_a_changed_template_is_compiled_anew(folder: Path) -> None:
    _template()
    (folder / "incomplete.html").write_text("as it is now")
    assert _template().render() == "as it is now"


def test_nothing_is_kept_where_that_is_switched_off_or_cannot_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    _template()
    assert not (folder / "__pycache__").exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (folder / "__pycache__").write_text("no folder")
    assert _template() is not None
