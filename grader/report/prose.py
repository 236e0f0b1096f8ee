"""A student's Markdown as HTML that can do no harm: no raw HTML, no link, no picture.

Twice over: the reader knows no HTML, and what it writes goes through a list of allowed tags.
Formulas stay as they were typed, as code: a page without a script draws none.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

TAGS = {"p", "br", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "hr"}
HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
FORMULA = re.compile(r"(\${1,2})(?![\s$])(.+?)(?<!\s)\1(?!\d)", re.DOTALL)


def from_markdown(text: str) -> str:
    """Return the text as HTML, in the tags of TAGS without any attribute."""
    return _clean(_reader().render(text), TAGS)


def with_headings(text: str, above: int) -> tuple[str, int]:
    """Return the text as HTML with headings below an h1, and the level of the last of them.

    `above` is the level of the heading before it: none is deeper than that by more than one.
    """
    reader = _reader()
    tokens = reader.parse(text)
    for token in tokens:
        if token.type == "heading_open":
            above = min(int(token.tag[1]) + 1, above + 1, 6)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{above}"
    return _clean(reader.renderer.render(tokens, reader.options, {}), TAGS | HEADINGS), above


def _clean(html: str, tags: set[str]) -> str:
    import nh3  # only where there is something to read: most runs have no answers

    return nh3.clean(html, tags=tags, attributes={}, link_rel=None)


@cache
def _reader() -> Any:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False})
    reader.inline.ruler.before("escape", "formula", _formula)
    reader.add_render_rule("image", _picture)
    return reader


def _picture(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    """Return that there is a picture, with its text: whoever reads has to know that it is there."""
    text = renderer.renderInlineAsText(tokens[index].children, options, env).strip()
    return f"<em>[a picture, not shown here{': ' if text else ''}{escape(text)}]</em>"


def _formula(state: Any, silent: bool) -> bool:
    """Take $...$ as code, so that nothing in it is read as Markdown."""
    found = FORMULA.match(state.src, state.pos)
    if found and not silent:
        state.push("code_inline", "code", 0).content = found[2]
    state.pos = found.end() if found else state.pos
    return found is not None
