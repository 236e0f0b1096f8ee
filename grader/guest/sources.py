"""Compile a student's files: what Python 3 does not know is repaired, line by line.

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
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from grader.guest import unavailable
from grader.guest.legacy import old_operators, python2, statements

MAX_LINE = 300  # characters of a student's line or message that are handed on
# `from NAME.layers import *`: how files import their own package.
OWN_PACKAGE = re.compile(
    r"(?m)^[ \t]*(?:from|import)[ \t]+(\w+)\.(?:layers|layer_utils|fast_layers|optim|classifiers)\b"
)
INSIDE = re.compile(r"^[ \t]+(?:from|import)\b|[:;][ \t]*(?:from|import)\b", re.M)


class Source:
    """One file of a submission, compiled or with the error that prevented it.

    `text` is the student's own text; `marshalled` are bytes for `execute`, or None; `error` is
    (type, message, line number, line); `repaired` says what was read otherwise than it stands, and
    `modernised` that it is no Python 3. With `is_old` it runs as in Python 2; with `old_arrays`
    it gets from its arrays what older NumPy gave.
    """

    def __init__(
        self, path: str, text: str, is_old: bool = False, old_arrays: bool = False
    ) -> None:
        self.path = path
        self.text = text
        self.repaired: str | None = None
        self.modernised = False
        self._is_old = is_old
        self._old_arrays = old_arrays
        self.marshalled: bytes | None = None
        self.error: tuple[str, str, int, str] | None = None
        try:
            code, text = self._compile()
            inside = INSIDE.search(text)  # only an import inside of a statement can be guarded
            guarded = unavailable.guarded_lines(ast.parse(text)) if inside else frozenset()
        except SyntaxError as error:
            message, line = str(error.msg)[:MAX_LINE], (error.text or "").rstrip("\n")[:MAX_LINE]
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
        if not self._is_old:
            with suppress(SyntaxError):
                return self._compiled(own), own
        modern = statements.modernise(own)
        try:
            code = self._compiled(modern)
        except SyntaxError:
            return self._compiled(own), own  # or its own mistake
        if not self._is_old or modern.expandtabs() != own.expandtabs():  # tabs are in both
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


@dataclass
class Compiled:
    """The files of one submission, compiled one after the other by `compile`.

    `texts` are the student's by path. `given` and `graft` map short names of modules to code of
    ours: what the course handed out, and what replaces the student's (see modules.install).
    `is_old` says that the files are of Python 2. `codes` and `broken` map paths to the code and to
    the error of Source.
    """

    package: str
    texts: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, bytes] = field(default_factory=dict)
    graft: Mapping[str, bytes] = field(default_factory=dict)
    is_old: bool = False
    codes: dict[str, bytes] = field(default_factory=dict)
    broken: dict[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Other names by which the files call their own package.
        self.aliases = called(self.texts.values()) - {self.package}
        # Files of 2017 or earlier, as the arguments of the net's constructor say.
        self._has_old_nets = any("use_batchnorm" in text for text in self.texts.values())

    def compile(self, path: str) -> Source:
        """Compile one file, and keep its code or its error."""
        source = Source(path, self.texts[path], self.is_old)
        if source.marshalled is not None:
            self.codes[path] = source.marshalled
        if source.error is not None:
            self.broken[path] = source.error
        return source

    def compile_all(self) -> None:
        """Compile every file, as Python 2 if that is what they are written for."""
        is_modernised = [self.compile(path).modernised for path in self.texts]
        if python2.is_written_for(self.texts.values(), any(is_modernised)):
            self.is_old = True
            for path in self.texts:
                self.compile(path)

    @property
    def lent(self) -> dict[str, bytes]:
        """The handed-out layer_utils by its path, unless the submission has its own."""
        path = f"{self.package}/layer_utils.py"
        is_lent = path not in self.texts and "layer_utils" in self.given
        return {path: self.given["layer_utils"]} if is_lent else {}

    @property
    def is_2017(self) -> bool:
        """Whether the files are of 2017 or earlier."""
        return self.is_old or self._has_old_nets


def called(texts: Iterable[str]) -> set[str]:
    """Return the names by which files import their own package: `from NAME.layers import *`."""
    return {name for text in texts for name in OWN_PACKAGE.findall(text)}


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


def decode(data: bytes) -> str:
    """Return the text by PEP 263, or as Latin-1 if the bytes are not valid UTF-8."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except Exception:  # noqa: BLE001 - a file may name any codec, and codecs raise what they like
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
