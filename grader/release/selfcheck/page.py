"""The self-check as one page of HTML: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from grader.errors import UsageError
from grader.release.selfcheck import card, show
from grader.release.selfcheck.check import Checked
from grader.release.selfcheck.public import Public

CSP = "default-src 'none'; style-src 'unsafe-inline'"
# The report's own style; what a card brings for notebooks gives way to it.
TEMPLATES = Path(__file__).resolve().parents[2] / "report" / "templates"
SHEETS = ("colors.css", "report.css")
STYLE = """
.selfcheck { background: var(--card); border-color: var(--line); border-radius: .75rem;
  padding: clamp(1rem, 3vw, 1.75rem); margin: 1.25rem 0; scroll-margin-top: 1rem; }
.selfcheck .quiet { opacity: 1; color: var(--quiet); }
.selfcheck .small { border-left-color: var(--line); }
"""


def write(
    path: Path, public: Public, checked: Sequence[Checked], places: Mapping[str, str]
) -> None:
    """Write the page. Raises UsageError if that cannot be done."""
    try:
        path.write_text("\n".join(_page(public, checked, places)) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None


def _page(public: Public, checked: Sequence[Checked], places: Mapping[str, str]) -> Iterator[str]:
    right, many = show.counted(checked)
    hidden = sum(one.hidden for one in checked)
    title, style = escape(public.table.title), _sheets() + card.STYLE + STYLE
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Self-check: {right} of {many}</title>\n<style>{style}</style>\n</head>\n<body>"
    yield f"<main>\n<h1>Public checks: {right} of {many} right</h1>"
    yield f"<p>{title}. {hidden} more checks run when you hand in.</p>\n<div class='selfcheck'>"
    yield from card.overview(checked, places, linked=True)
    yield "</div>"
    for one in filter(card.has_card, checked):
        yield f"<section class='selfcheck' id='{escape(one.item.id)}'>"
        yield from card.card(one, places[one.item.id])
        yield "</section>"
    yield "</main>\n</body>\n</html>"


def _sheets() -> str:
    """Return the report's sheets of style; without what is for its templates alone."""
    texts = [(TEMPLATES / name).read_text(encoding="utf-8") for name in SHEETS]
    return "".join(re.sub(r"{#.*?#}", "", text, flags=re.DOTALL) for text in texts)
