"""Arrays side by side and code in colours, drawn by rich for a terminal.

A student need not have rich: then there is nothing drawn, and plain lines say the same.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.report.tables import ArrayTable

if TYPE_CHECKING:
    from rich.console import Group

STYLES = {"expected": "bold green", "yours": "bold red"}  # of a number that differs


def arrays(tables: Sequence[tuple[str, ArrayTable]], width: int, colour: bool) -> str:
    """Return arrays with their titles as lines for a terminal of `width`; "" without rich."""
    try:
        from rich.columns import Columns
    except ImportError:
        return ""
    return _printed(Columns([_titled(*one) for one in tables], padding=(0, 3)), width, colour)


def code(text: str, width: int, colour: bool) -> str:
    """Return Python in colours; its lines are never broken, for they are to be copied."""
    try:
        from rich.syntax import Syntax
    except ImportError:
        return ""
    shown = Syntax("", "python", theme="ansi_light", background_color="default").highlight(text)
    shown.rstrip()
    return _printed(shown, width, colour)


def _titled(title: str, array: ArrayTable) -> Group:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    style, has_names = STYLES.get(title, "bold"), any(index for index, _ in array.rows)
    drawn = Table(box=box.ROUNDED, show_header=False)
    for index, row in array.rows:
        texts = [Text(f"{c.text}*", style) if c.wrong else Text(f"{c.text} ") for c in row]
        drawn.add_row(*([Text(index, "dim")] if has_names else []), *texts)
    for column in drawn.columns:
        column.justify, column.no_wrap = "right", True
    note = f"  {array.note}" if array.note else ""
    return Group(Text(f"{title} {array.name}, {array.shape}{note}"), drawn)


def _printed(shown: Any, width: int, colour: bool) -> str:
    from rich.console import Console

    written = io.StringIO()
    console = Console(file=written, force_terminal=colour, width=width, legacy_windows=False)
    console.print(shown, soft_wrap=not hasattr(shown, "add_renderable"))
    return written.getvalue().rstrip("\n")
