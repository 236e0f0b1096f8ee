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


def remarks(source: SourceFile) -> Iterator[Remark]:
    """Yield what hides, moves or replaces code, and text that speaks to whoever grades."""
    yield from _bytes(source)
    yield from _lines(source)
    if not source.text.isascii():
        yield from _words(source)
        yield from _texts(source)
    yield from _columns(source)
    yield from _replaced(source)


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
    if codec in ("utf-8", "utf-8-sig", "iso-8859-1"):
        return
    for number, line_bytes in enumerate(source.data.splitlines(), start=1):
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
    text = source.text
    for match in islice(_BIDI.finditer(text), MANY):
        message = (
            f"holds the direction character {shown(match[0])}, which shows the line in another"
        )
        yield source.remark("bidi", f"{message} order than it runs", _line(text, match.start()))
    for match in islice(_FORM_FEED.finditer(text), MANY):
        message = "has code behind a form feed, which editors show in different ways"
        yield source.remark("source_differs", message, _line(text, match.start()))
    for match in islice(_SPEAKS.finditer(text), MANY):
        message = f"speaks to whoever grades: '{shown(' '.join(match[0].split()), 60)}'"
        yield source.remark("speaks_to_grader", message, _line(text, match.start()))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _words(source: SourceFile) -> Iterator[Remark]:
    """Yield names that look like others: compatibility forms, or letters of other scripts."""
    if not _ODD_LETTER.search(source.text):
        return
    known = {node.id for node in source.nodes if isinstance(node, ast.Name)}
    known |= {node.arg for node in source.nodes if isinstance(node, ast.arg)}
    for word, line in _names_in(source.text):
        if word.isascii():
            continue
        plain = unicodedata.normalize("NFKC", word)
        alike = plain.translate(_LOOKS_LIKE)
        if plain.isascii():
            message = f"the name '{shown(word)}' ({_spelled(word)}) is {plain} to Python"
        elif alike.isascii() and (alike in known or re.search("[A-Za-z]", plain)):
            message = (
                f"the name '{shown(word)}' ({_spelled(word)}) looks like {alike} and is another"
            )
        else:
            continue
        yield source.remark("source_differs", message, line)


def _names_in(text: str) -> Iterator[tuple[str, int]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                yield token.string, token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return  # Python 2; all before that was looked at


def _spelled(word: str) -> str:
    return shown(word.encode("ascii", "backslashreplace").decode(), 60)


def _texts(source: SourceFile) -> Iterator[Remark]:
    """Yield invisible characters inside strings, which make two keys out of one."""
    for node in source.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node.value.isascii() or isinstance(source.parents.get(node), ast.Expr):
            continue
        for char in node.value:
            if _is_invisible(char) and char in source.text:
                message = (
                    f"a text holds the invisible character {shown(char)}: '{shown(node.value)}'"
                )
                yield source.remark("source_differs", message, node)
                break


def _is_invisible(char: str) -> bool:
    """Format characters, but for those that join emoji and the letters of some scripts."""
    if char in "\u200c\u200d" or _BIDI.match(char):
        return False
    return unicodedata.category(char) == "Cf" or char in "\u115f\u1160\u2800\u3164\uffa0"


def _columns(source: SourceFile) -> Iterator[Remark]:
    """Yield code so far to the right that nobody scrolls there."""
    done: set[int] = set()
    for number, line in enumerate(source.text.split("\n"), start=1):
        for match in _BLANKS.finditer(line) if len(line) > PUSHED else ():
            is_code = line[match.end() : match.end() + 1] not in ("", "#")
            if is_code and match.end() > PUSHED and match.end() - match.start() >= GAP:
                done.add(number)
                message = _FAR.format(match.end() + 1)
                yield source.remark("source_differs", message, number)
                break
    for node in source.nodes:
        is_far = isinstance(node, ast.stmt) and node.col_offset >= FAR
        if is_far and node.lineno not in done:  # type: ignore[attr-defined]
            done.add(node.lineno)  # type: ignore[attr-defined]
            yield source.remark("source_differs", _FAR.format(node.col_offset + 1), node)  # type: ignore[attr-defined]


def _replaced(source: SourceFile) -> Iterator[Remark]:
    """Yield functions and methods that something further down replaces."""
    for scope in source.nodes:
        if isinstance(scope, (ast.Module, ast.ClassDef)):
            yield from _replaced_in(source, scope)


def _replaced_in(source: SourceFile, scope: ast.Module | ast.ClassDef) -> Iterator[Remark]:
    """Yield what is defined twice. Branches of one `if` may define a name each; others may not."""
    defined: dict[str, ast.AST] = {}
    inside = "" if isinstance(scope, ast.Module) else f"{scope.name}."
    for statement in scope.body:
        new: dict[str, ast.AST] = {}
        for node in _statements(statement):
            for name, value in _given_names(node):
                old = defined.get(name)
                if old is not None and not _is_kept(old, node, value, name):
                    message = (
                        f"{inside}{shown(name)} is defined in line {getattr(old, 'lineno', 0)} and"
                        " gets another meaning here, which is the one that runs"
                    )
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
            if isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, (ast.Tuple, ast.List)):
                yield from ((t.id, node.value) for t in target.elts if isinstance(t, ast.Name))
    elif isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, None) for alias in node.names)


def _is_kept(old: ast.AST, new: ast.AST, value: ast.AST | None, name: str) -> bool:
    """Return whether nothing is lost: a stub, the same again, an accessor, a wrapped function."""
    if getattr(new, "decorator_list", None) and getattr(old, "decorator_list", None):
        return True
    if isinstance(old, ast.FunctionDef) and _is_stub(old):
        return True
    if value is not None:
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))
    return ast.dump(old) == ast.dump(new)


def _is_stub(function: ast.FunctionDef) -> bool:
    """Return whether a body is only a docstring, pass, None or NotImplementedError."""
    empty: set[str] = set()
    for node in function.body:
        if isinstance(node, ast.Assign) and _is_nothing(node.value, empty):
            names = [n.id for target in node.targets for n in ast.walk(target)
                     if isinstance(n, ast.Name)]  # fmt: skip
            empty.update(names)
        elif isinstance(node, ast.Return) and _is_nothing(node.value, empty):
            continue
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        elif not isinstance(node, (ast.Pass, ast.Raise)):
            return False
    return True


def _is_nothing(node: ast.AST | None, empty: set[str]) -> bool:
    """Return whether a value is None, a name that holds None, or a tuple of such."""
    if isinstance(node, ast.Tuple):
        return all(_is_nothing(each, empty) for each in node.elts)
    if isinstance(node, ast.Name):
        return node.id in empty
    return node is None or isinstance(node, ast.Constant) and node.value is None
