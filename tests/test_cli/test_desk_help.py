"""`grade desk --help` names every option that the desk takes."""

from __future__ import annotations

import typer
from typer.main import get_command

from grader.cli import desk


def test_help_of_the_desk_names_all_that_it_takes() -> None:
    group = get_command(desk.app)
    opens = group.get_command(typer.Context(group), "open")  # type: ignore[attr-defined]
    options = [one.opts[0] for one in opens.params if one.opts[0].startswith("--")]
    assert len(options) >= 4
    assert [one for one in options if one != "--help" and one not in str(group.help)] == []
