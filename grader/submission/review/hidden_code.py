"""Where what a person sees is not what runs: hidden characters, far columns, replaced functions."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator
from itertools import islice

from grader.submission.review.source import Remark, SourceFile
from grader.submission.upload import shown

FAR = 200  # a column that no editor shows at once
PUSHED, GAP = 150, 40  # or this column, behind so many blanks
MANY = 100  # places of one kind in one file
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# No pattern may go over the same characters twice: whoever wrote the text wants it to be slow.
_BLANKS = re.compile(r"[ \t]+")
_LONE_RETURN = re.compile(rb"\r(?!\n)[ \t]*[^\s#]")
_FORM_FEED = re.compile("[\x0b\x0c][ \t]*[^\\s#]")
_ODD_LETTER = re.compile(r"[^\W\x00-\x7f]")
# Letters that cannot be told from ASCII ones, where a word mixes both.
_LOOKS_LIKE = str.maketrans(
    "асеорхуіјѕԁһԛԝАВЕКМНОРСТХУІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡ",
    "aceopxyijsdhqwABEKMHOPCTXYIJSoABEZHIKMNOPTYXig",
)
_SPEAKS = re.compile(
    r"ignore\s{1,9}(?:all\s{1,9})?(?:the\s{1,9}|your\s{1,9})?(?:previous|prior|above|earlier)"
    r"\s{1,9}instructions|(?:award|give|grant|assign)\s{1,9}(?:\w{1,20}\s{1,9}){0,4}?"
    r"(?:full|maximum|all)\s{1,9}(?:points|marks|credit|score)"
    r"|you\s{1,9}are\s{1,9}(?:now\s{1,9})?(?:an?|the)\s{1,9}(?:\w{1,20}\s{1,9})?"
    r"(?:grader|language\s{1,9}model|assistant)",
    re.IGNORECASE,
)
_FAR = "has code in column {}, out of sight in most editors"
_ORDER = "holds the direction character {}, which shows the line in another order than it runs"
_SHOWN_DIFFERENTLY = "has code behind a form feed, which editors show in different ways"
_IN_LINES = (
    (_BIDI, "bidi", _ORDER),
    (_FORM_FEED, "source_differs", _SHOWN_DIFFERENTLY),
    (_SPEAKS, "speaks_to_grader", "speaks to whoever grades: '{}'"),
)


def remarks(source: SourceFile) -> Iterator[Remark]:
    """Yield what hides, moves or replaces code, and text that speaks to whoever grades."""
    yield from _bytes(source)
    yield from _lines(source)
    if _ODD_LETTER.search(source.text):
        yield from _words(source)
    yield from _texts(source)
    yield from _columns(source)
    yield from _replaced(source, source.tree)
    for scope in source.all(ast.ClassDef):
        yield from _replaced(source, scope)


def _bytes(source: SourceFile) -> Iterator[Remark]:
    """Yield line ends that an editor may not show, and codecs that change the text."""
    if b"\n" in source.data and (match := _LONE_RETURN.search(source.data)):
        line = source.data[: match.end()].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        message = "has a line that ends in a bare carriage return: many editors show it as one line"
        yield source.remark("source_differs", f"{message} with the next", line + 1)
    try:
        codec, _ = tokenize.detect_encoding(io.BytesIO(source.data).readline)
    except (SyntaxError, ValueError):
        return
    is_plain = codec in ("utf-8", "utf-8-sig", "iso-8859-1")
    for number, line_bytes in enumerate(() if is_plain else source.data.splitlines(), start=1):
        if line_bytes.isascii() and not _reads_as_it_looks(line_bytes, codec):
            message = f"is written in the codec {shown(codec)}, in which this line means something"
            yield source.remark("source_differs", f"{message} else than it shows", number)
            return


def _reads_as_it_looks(line: bytes, codec: str) -> bool:
    try:
        return line.decode(codec) == line.decode("ascii")
    except (ValueError, LookupError):
        return True  # it cannot be decoded; then the worker reads it as Latin-1


def _lines(source: SourceFile) -> Iterator[Remark]:
    for pattern, kind, message in _IN_LINES:
        for match in islice(pattern.finditer(source.text), MANY):
            line = source.text.count("\n", 0, match.start()) + 1
            found = shown(" ".join(match[0].split()), 60)
            yield source.remark(kind, message.format(found), line)


def _words(source: SourceFile) -> Iterator[Remark]:
    """Yield names that look like others: compatibility forms, or letters of other scripts."""
    if source.text.isascii():
        return
    known = {node.id for node in source.nodes if isinstance(node, ast.Name)}
    known |= {node.arg for node in source.nodes if isinstance(node, ast.arg)}
    for word, line in _names_in(source.text):
        if word.isascii():
            continue
        plain = unicodedata.normalize("NFKC", word)
        alike = plain.translate(_LOOKS_LIKE)
        spelled = shown(word.encode("ascii", "backslashreplace").decode(), 60)
        name = f"the name '{shown(word)}' ({spelled})"
        if plain.isascii():
            yield source.remark("source_differs", f"{name} is {plain} to Python", line)
        elif alike.isascii() and (alike in known or re.search("[A-Za-z]", plain)):
            yield source.remark("source_differs", f"{name} looks like {alike} and is another", line)


def _names_in(text: str) -> Iterator[tuple[str, int]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                yield token.string, token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return  # Python 2; all before that was looked at


def _texts(source: SourceFile) -> Iterator[Remark]:
    """Yield invisible characters inside strings, which make two keys out of one."""
    for node in source.all(ast.Constant):
        text = node.value
        if not isinstance(text, str) or text.isascii():
            continue
        found = next((c for c in text if _is_invisible(c) and c in source.text), None)
        if found is not None and not isinstance(source.parents.get(node), ast.Expr):
            message = f"a text holds the invisible character {shown(found)}: '{shown(text)}'"
            yield source.remark("source_differs", message, node)


def _is_invisible(char: str) -> bool:
    """Format characters, but for those that join emoji and the letters of some scripts."""
    if char in "\u200c\u200d" or _BIDI.match(char):
        return False
    return unicodedata.category(char) == "Cf" or char in "\u115f\u1160\u2800\u3164\uffa0"


def _columns(source: SourceFile) -> Iterator[Remark]:
    """Yield code so far to the right that nobody scrolls there."""
    far: dict[int, int] = {}  # line -> column
    for number, line in enumerate(source.text.split("\n"), start=1):
        for match in _BLANKS.finditer(line) if len(line) > PUSHED else ():
            is_code = line[match.end() : match.end() + 1] not in ("", "#")
            if is_code and match.end() > PUSHED and match.end() - match.start() >= GAP:
                far.setdefault(number, match.end() + 1)
    for node in source.all(ast.stmt):
        if node.col_offset >= FAR:
            far.setdefault(node.lineno, node.col_offset + 1)
    for number, column in far.items():
        yield source.remark("source_differs", _FAR.format(column), number)


def _replaced(source: SourceFile, scope: ast.Module | ast.ClassDef) -> Iterator[Remark]:
    """Yield what is defined twice. Branches of one `if` may define a name each; others may not."""
    defined: dict[str, ast.stmt] = {}
    inside = "" if isinstance(scope, ast.Module) else f"{scope.name}."
    for statement in scope.body:
        new: dict[str, ast.stmt] = {}
        for node in _statements(statement):
            for name, value in _given_names(node):
                old = defined.get(name)
                if old is not None and not _is_kept(old, node, value, name):
                    was = f"{inside}{shown(name)} is defined in line {old.lineno}"
                    message = f"{was} and gets another meaning here, which is the one that runs"
                    yield source.remark("source_differs", message, node)
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    new.setdefault(name, node)
        defined |= new


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statement and those in its branches, but not those in functions and classes."""
    stack: list[ast.stmt] = [statement]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for name in ("finalbody", "orelse", "handlers", "cases", "body"):
                stack += reversed(getattr(node, name, []))


def _given_names(node: ast.stmt) -> Iterator[tuple[str, ast.AST | None]]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name, None
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            parts = getattr(target, "elts", [target])
            yield from ((part.id, node.value) for part in parts if isinstance(part, ast.Name))
    elif isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, None) for alias in node.names)


def _is_kept(old: ast.AST, new: ast.AST, value: ast.AST | None, name: str) -> bool:
    """Return whether nothing is lost: a stub, the same again, an accessor, a wrapped function."""
    is_wrapped = getattr(new, "decorator_list", None) and getattr(old, "decorator_list", None)
    if is_wrapped or isinstance(old, ast.FunctionDef) and _is_stub(old):
        return True
    if value is not None:
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))
    return ast.dump(old) == ast.dump(new)


def _is_stub(function: ast.FunctionDef) -> bool:
    """Return whether a body is only a docstring, pass, None or NotImplementedError."""
    empty: set[str] = set()
    for node in function.body:
        match node:
            case ast.Assign(targets=targets, value=value) if _is_nothing(value, empty):
                parts = (part for target in targets for part in ast.walk(target))
                empty |= {part.id for part in parts if isinstance(part, ast.Name)}
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Raise():
                continue
            case _ if not isinstance(node, ast.Return) or not _is_nothing(node.value, empty):
                return False
    return True


def _is_nothing(node: ast.AST | None, empty: set[str]) -> bool:
    """Return whether a value is None, a name that holds None, or a tuple of such."""
    if isinstance(node, ast.Tuple):
        return all(_is_nothing(each, empty) for each in node.elts)
    if isinstance(node, ast.Name):
        return node.id in empty
    return node is None or isinstance(node, ast.Constant) and node.value is None
