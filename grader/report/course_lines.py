"""Lines of a course on a student's page: raw score, penalty, final score, what a person said.

A page is made from a result, which knows no deadline. It has a place below the score for what a
course computes when it publishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

PLACE = "<!-- lines of the course -->"


def put(page: str, lines: Sequence[str]) -> str:
    """Return the page with these lines of plain text below its score, each a paragraph."""
    said = "".join(f'<p class="course">{escape(line)}</p>\n' for line in lines)
    return page.replace(PLACE, said.rstrip("\n"), 1)
