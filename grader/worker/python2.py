"""Line-by-line repairs for sources written for Python 2 (course years 2015 and 2016).

Line numbers never change, so that an error still names the student's own line.
"""

from __future__ import annotations

import re

RENAMED = (
    (re.compile(r"\.iteritems\(\)"), ".items()"),
    (re.compile(r"\.itervalues\(\)"), ".values()"),
    (re.compile(r"\.iterkeys\(\)"), ".keys()"),
    (re.compile(r"\bxrange\("), "range("),
)
STATEMENTS = (
    (re.compile(r"^(\s*)print\s*$"), r"\1print()"),
    (re.compile(r"^(\s*)print[ \t]+(?!\()(.*?),?\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print[ \t]+(\(.*\)\s*%.*|\(.*\)\s*,.*)$"), r"\1print(\2)"),
    (re.compile(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+)$"), r"\1(\2)"),
)


def rename(source: str) -> str:
    """Return `source` with dictionary and range methods that Python 3 dropped replaced."""
    for pattern, replacement in RENAMED:
        source = pattern.sub(replacement, source)
    return source


def modernise(source: str) -> str:
    """Return `source` with tabs expanded and Python 2 statements in their Python 3 form."""
    lines = source.expandtabs(8).split("\n")
    for pattern, replacement in STATEMENTS:
        lines = [pattern.sub(replacement, line) for line in lines]
    return "\n".join(lines)
