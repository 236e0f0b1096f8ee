"""Rewrite statements of Python 2 in their Python 3 form, line for line.

Strings and comments are put aside first, so that nothing inside of them is taken for code. What is
not recognised stays, and is then the student's own SyntaxError.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

ASIDE, NOTE = "\ue000", "\ue001"  # stand around the number of a string, or of a comment
# One that does not end takes all that follows, so that the time is that of one pass.
LITERAL = re.compile(
    r"#[^\n]*|(?P<prefix>(?<!\w)[uUbBrR]{1,2})?(?P<text>"
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)|' r"'''(?:\\.|[^\\])*?(?:'''|\Z)|"
    r'"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z)|' r"'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z))",
    re.DOTALL,
)  # fmt: skip
ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*\\[uUN])")  # of u"...", in a string that is none
WORDS = (
    (re.compile(r"<>"), "!="),
    (re.compile(r"`([^`\n]*)`"), r"repr(\1)"),
    (re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)[lL]\b"), r"\1"),
    (re.compile(r"(?<![\w.])(?<![eE][-+])0([0-7]+)(?![\w.])"), r"0o\1"),
    (re.compile(
        r"(?m)^([ \t]*except[ \t]+(?:[\w.]+(?:\(\))?|\([^()\n]*\)))[ \t]*,[ \t]*(\w+)[ \t]*:"
    ), r"\1 as \2:"),
)  # fmt: skip
STATEMENT = re.compile(r"(?P<before>(?:^|[;:])[ \t]*)(?P<word>print|exec|raise)\b")
PARAMETERS = re.compile(r"(?<=[(,])([ \t]*)\(([\w \t,]+)\)(?=[ \t]*[,)])")
OPEN, CLOSE, ENDS = "([{", ")]}", (";", NOTE)


def modernise(source: str) -> str:
    """Return `source` with tabs expanded and Python 2 statements in their Python 3 form."""
    if ASIDE in source or NOTE in source:
        return source
    kept: list[str] = []

    def aside(match: re.Match[str]) -> str:
        text, mark = match.group(), NOTE
        if match["text"]:
            prefix = (match["prefix"] or "").lower()
            body = match["text"] if prefix else ESCAPE.sub(r"\\\1", match["text"])
            text = ("r" if prefix == "ur" else prefix) + body
            mark = ASIDE
        kept.append(text)
        return f"{mark}{len(kept) - 1}{mark}"

    code = LITERAL.sub(aside, source)
    code = re.sub(r"^[ \t]+", lambda m: m.group().expandtabs(8), code, flags=re.MULTILINE)
    for pattern, replacement in WORDS:
        code = pattern.sub(replacement, code)
    code = "\n".join(_statements(line) for line in _logical_lines(code))
    return re.sub(rf"[{ASIDE}{NOTE}](\d+)[{ASIDE}{NOTE}]", lambda m: kept[int(m[1])], code)


def _logical_lines(code: str) -> Iterator[str]:
    """Yield lines joined as Python joins them, with the line breaks inside."""
    lines: list[str] = []
    depth = 0
    for line in code.split("\n"):
        lines.append(line)
        depth = max(0, depth + _opened(line)) if line else depth
        if depth == 0 and not line.endswith("\\"):
            yield "\n".join(lines)
            lines = []
    if lines:
        yield from lines


def _statements(line: str) -> str:
    """Return one logical line, whose statements may be several, in Python 3."""
    if "def " in line or "lambda" in line:
        line = _parameters(line)
    done: list[str] = []
    at = seen = depth = 0
    for match in STATEMENT.finditer(line):
        word = match.start("word")
        if word < at:
            continue  # inside of a statement that is done
        depth += _opened(line[seen:word])
        seen = word
        if depth:
            continue
        end = _end(line, match.end())
        done += [line[at:word], _rewritten(match["word"], line[match.end() : end])]
        at = seen = end
    return "".join([*done, line[at:]])


def _opened(text: str) -> int:
    """Return how many brackets are opened and not closed again."""
    return sum(map(text.count, OPEN)) - sum(map(text.count, CLOSE))


def _end(line: str, start: int) -> int:
    """Return where the statement ends: at a semicolon, a comment or the end of the line."""
    ends = (start + n for n, char, depth in _depths(line[start:]) if not depth and char in ENDS)
    return next(ends, len(line))


def _rewritten(word: str, rest: str) -> str:
    """Return the statement `word rest` in Python 3."""
    text = rest.strip(" \t")
    after = rest[len(rest.rstrip(" \t")) :]
    if word == "raise":
        parts = _parts(text)
        if len(parts) not in (2, 3):
            return word + rest
        trace = f".with_traceback({parts[2].strip()})" if len(parts) == 3 else ""
        return f"raise {parts[0].strip()}({parts[1].strip()}){trace}{after}"
    if text.startswith(("=", ".")) or _is_call(text):
        return word + rest
    if word == "exec":
        code, found, spaces = text.partition(" in ")
        return f"exec({code}, {spaces}){after}" if found else f"exec({text}){after}"
    if text.startswith(">>"):
        file, *values = _parts(text[2:])
        values = [value.strip(" \t") for value in values if value.strip()]
        return f"print({', '.join([*values, f'file={file.strip()}'])}){after}"
    return f"print({text.rstrip(' ,') if text.endswith(',') else text}){after}"


def _is_call(text: str) -> bool:
    """Say whether one pair of brackets holds all that follows the word."""
    closed = next((place for place, _, depth in _depths(text) if not depth), None)
    return text.startswith("(") and closed == len(text) - 1


def _parts(text: str) -> list[str]:
    """Return what commas outside of brackets separate."""
    commas = [place for place, char, depth in _depths(text) if char == "," and not depth]
    starts = [0, *(place + 1 for place in commas)]
    return [text[start:end] for start, end in zip(starts, [*commas, len(text)])]


def _depths(text: str) -> Iterator[tuple[int, str, int]]:
    """Return each place, its character, and how many brackets are open behind it."""
    depths = itertools.accumulate((char in OPEN) - (char in CLOSE) for char in text)
    return zip(itertools.count(), text, depths)


def _parameters(line: str) -> str:
    """Give parameters in brackets one name that holds theirs; python2 takes them apart."""

    def named(names: str) -> str:
        return "__".join(["unpacked", *(name.strip() for name in names.split(",") if name.strip())])

    line = re.sub(r"\blambda[ \t]*\(([\w \t,]+)\)[ \t]*:", lambda m: f"lambda {named(m[1])}:", line)
    head = re.match(r"[ \t]*def[ \t]+\w+[ \t]*\(", line)
    if head is None:
        return line
    rest = PARAMETERS.sub(lambda m: f"{m[1]}{named(m[2])}", line[head.end() - 1 :])
    return line[: head.end()] + rest[1:]
