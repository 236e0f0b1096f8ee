"""A student's file, compiled: what Python 3 does not know is repaired, its lines stay as they are.

Compiling runs no student code. What comes out is bytes that another process can execute.
"""

from __future__ import annotations

import ast
import io
import marshal
import re
import tokenize
import types
import warnings
from typing import Any

from grader.guest import unavailable
from grader.guest.legacy import old_operators, python2

MAX_LINE = 300  # characters of a student's line or message that are handed on
INSIDE = re.compile(r"^[ \t]+(?:from|import)\b|[:;][ \t]*(?:from|import)\b", re.MULTILINE)


class Source:
    """One file of a submission, compiled or with the error that prevented it.

    `text` is the student's own text; `marshalled` are bytes for `execute`, or None; `error` is
    (type, message, line number, line); `repaired` says what was read otherwise than it stands, and
    `modernised` that it is no Python 3. With `is_old` it runs as in Python 2; with `old_arrays`
    it gets from its arrays what older NumPy gave.
    """

    def __init__(
        self, path: str, data: bytes, is_old: bool = False, old_arrays: bool = False
    ) -> None:
        self.path = path
        self.repaired: str | None = None
        self.modernised = False
        self._is_old = is_old
        self._old_arrays = old_arrays
        self.marshalled: bytes | None = None
        self.error: tuple[str, str, int, str] | None = None
        try:
            self.text = decode(data)
            code, text = self._compile()
            guarded = _guarded(text)
        except SyntaxError as error:
            line = (error.text or "").rstrip("\n")[:MAX_LINE]
            message = str(error.msg)[:MAX_LINE]
            self.error = (type(error).__name__, message, error.lineno or 0, line)
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            self.error = (type(error).__name__, f"it cannot be compiled: {error}"[:MAX_LINE], 0, "")
        else:
            self.marshalled = marshal.dumps((code, is_old, guarded))

    def _compile(self) -> tuple[types.CodeType, str]:
        """Return the code, and the text that was compiled in the end."""
        renamed = python2.rename(self.text)
        if renamed != self.text:
            self.repaired = f"{self.path}: names of Python 2 were read as those of Python 3"
        own = self.text if self._is_old else renamed  # in Python 2 they mean what they meant
        # What is of Python 2 may be valid here and mean something else: print >>file, x.
        mistake: SyntaxError | None = None
        if not self._is_old:
            try:
                return self._compiled(own), own
            except SyntaxError as error:
                mistake = error
        modern = python2.modernise(own)
        if mistake is not None and modern == own:
            raise mistake
        try:
            code = self._compiled(modern)
        except SyntaxError:
            if mistake is None:
                return self._compiled(own), own
            raise mistake from None
        self.repaired = f"{self.path}: Python 2 syntax was read as Python 3"
        self.modernised = True
        return code, modern

    def _compiled(self, text: str) -> types.CodeType:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source: ast.Module | str = python2.with_old_meaning(text) if self._is_old else text
            if self._old_arrays:
                source = old_operators.with_old_meaning(source)
            return compile(source, self.path, "exec", dont_inherit=True)


def execute(
    marshalled: bytes,
    space: dict[str, Any],
    importer: unavailable.Importer | None = None,
    owner: unavailable.Owner = lambda name: None,
) -> None:
    """Run what Source compiled in the namespace `space`; a student's code with its `importer`."""
    code, is_old, guarded = marshal.loads(marshalled)
    if importer is not None:
        more = python2.BUILTINS if is_old else {}
        space["__builtins__"] = importer.builtins(guarded, more, owner)
    exec(code, space)


def _guarded(text: str) -> frozenset[int]:
    """Return the lines of guarded imports; only an import inside of a statement can be one."""
    return unavailable.guarded_lines(ast.parse(text)) if INSIDE.search(text) else frozenset()


def decode(data: bytes) -> str:
    """Return the text by PEP 263, or as Latin-1 where the bytes are no valid UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except Exception:  # noqa: BLE001 - a file may name any codec, and codecs raise what they like
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
