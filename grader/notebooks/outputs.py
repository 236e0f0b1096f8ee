"""Outputs of cells as they may be kept and written: text, pictures that are PNG, errors.

Whatever a kernel sent goes through here once, where it enters: other kinds are dropped, texts lose
what a terminal or a browser would obey, and everything has a size. What is clean stays as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.notebooks import png
from grader.notebooks.repair import carried

MAX_TEXT = 8_000  # characters of one cell
MAX_IMAGES, MAX_IMAGE = 12, 1024**2  # pictures of one cell, bytes of one
A_RESULT = 40  # characters that each shown text counts besides its own
MAX_NAME, MAX_MESSAGE, MAX_LINES, MAX_LINE = 80, 500, 40, 300  # of an error
CUT = "\n… the rest is left out\n"
# What a terminal obeys: colours, titles, the clipboard (ECMA-48, and "OSC" up to its end).
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Where Python and its packages lie on this machine: nobody's business, and not the same elsewhere.
_LIBRARY = re.compile(
    r"(?<![\w.])/[^\s:\"'<>]{0,300}?(?:/(?:site|dist)-packages/|/lib/python[\d.]+/(?!site-|dist-))"
)

Output = Mapping[str, Any]


@dataclass
class Budget:
    """Bytes that may still be kept of what the box sent: of one notebook, and of a submission.

    Texts, pictures and curves are all taken from it.
    """

    submission: int = 16 * 1024**2
    notebook: int = 8 * 1024**2
    _left: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin the next notebook."""
        self._left = min(self.notebook, self.submission)

    def take(self, size: int) -> bool:
        """Take bytes if they are left; return whether they were."""
        if size > self._left:
            return False
        self._left -= size
        self.submission -= size
        return True

    def give(self, size: int) -> None:
        """Give back bytes that were taken."""
        self._left += size
        self.submission += size


def clean(text: Any, most: int = MAX_TEXT) -> str:
    """Return at most `most` characters of a text, fit for UTF-8, a terminal and a page."""
    if isinstance(text, (list, tuple)):
        text = "".join(line for line in text if isinstance(line, str))
    if not isinstance(text, str):
        return ""
    text = _ESCAPE.sub("", carried(text[: 4 * most]))
    if "-packages/" in text or "/lib/python" in text:
        text = _LIBRARY.sub("", text)
    # A progress bar writes over its line: what stands last counts.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", "\n".join(lines))[:most]


def picture(data: Any) -> bytes | None:
    """Return a PNG, given as bytes or in base64, with nothing in it but pixels; None otherwise."""
    if isinstance(data, str):
        try:
            data = base64.b64decode("".join(data.split())) if len(data) <= 2 * MAX_IMAGE else b""
        except (binascii.Error, ValueError):
            return None
    return png.checked(data) if isinstance(data, bytes) and len(data) <= MAX_IMAGE else None


def bounded(outputs: Sequence[Output], budget: Budget | None = None) -> list[dict[str, Any]]:
    """Return the outputs of one cell as nbformat 4 has them: clean, in order, and not too many.

    Kinds other than text, PNG and one error are dropped. What is beyond a limit of the cell or of
    the budget is left out, and the text says so.
    """
    room = Room(budget or Budget())
    kept: list[dict[str, Any]] = []
    for output in outputs:
        made = room.made(output)
        last = kept[-1] if kept else {}
        if made and made.get("name", "") == last.get("name"):
            last["text"] += made["text"]
        elif made:
            kept.append(made)
    return [*kept, *room.note()]


class Room:
    """What one cell may still keep."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._begin()

    def _begin(self) -> None:
        self.left, self.images, self.errors = MAX_TEXT, MAX_IMAGES, 1
        self.is_cut, self._taken = False, 0

    def clear(self) -> None:
        """Give back what was kept: it was cleared."""
        self.budget.give(self._taken)
        self._begin()

    def note(self) -> list[dict[str, Any]]:
        """Return the output that says that something was left out, if so."""
        is_noted = self.is_cut and self.left >= len(CUT)
        return [{"output_type": "stream", "name": "stdout", "text": CUT}] if is_noted else []

    def _take(self, size: int) -> bool:
        is_taken = self.budget.take(size)
        self._taken += size if is_taken else 0
        return is_taken

    def text(self, value: Any, extra: int = 0) -> str:
        """Return as much of a text as there is room for; `extra` characters go with any of it."""
        text = clean(value, MAX_TEXT + 1)
        if len(text) + extra > self.left:
            text, self.is_cut = text[: max(0, self.left - extra - len(CUT))], True
        if text and not self._take(len(text.encode()) + extra):
            text, self.is_cut = "", True
        self.left -= len(text) + extra if text else 0
        return text

    def image(self, value: Any) -> str:
        """Return a picture in base64, "" if it is none or there is no room."""
        image = picture(value)
        if value is None or image is None and not _is_large(value):
            return ""
        if image is None or not self.images or not self._take(len(image)):
            self.is_cut = True
            return ""
        self.images -= 1
        return base64.b64encode(image).decode()

    def made(self, output: Output) -> dict[str, Any] | None:
        """Return one output, cleaned; None if nothing of it is kept."""
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            text = self.text(output.get("text"))
            return {"output_type": "stream", "name": name, "text": text} if text else None
        if kind == "error" and self.errors:
            self.errors -= 1
            lines = output.get("traceback")
            lines = lines[-MAX_LINES:] if isinstance(lines, (list, tuple)) else ()
            return {
                "output_type": "error",
                "ename": clean(output.get("ename"), MAX_NAME),
                "evalue": clean(output.get("evalue"), MAX_MESSAGE),
                "traceback": [clean(line, MAX_LINE) for line in lines],
            }
        data = output.get("data")
        if kind not in ("display_data", "execute_result") or not isinstance(data, Mapping):
            return None
        shown = {"image/png": self.image(data.get("image/png"))}
        if not shown["image/png"]:
            shown = {"text/plain": self.text(data.get("text/plain"), A_RESULT)}
        if not all(shown.values()):
            return None
        made = {"output_type": kind, "metadata": {}, "data": shown}
        count = output.get("execution_count")
        return made | ({"execution_count": counted(count)} if kind == "execute_result" else {})


def _is_large(value: Any) -> bool:
    return isinstance(value, (str, bytes)) and len(value) > MAX_IMAGE


def counted(count: Any) -> int | None:
    """Return an execution count that is one, None otherwise."""
    return count if type(count) is int and 0 <= count < 2**31 else None


def text_of(outputs: Sequence[Output]) -> str:
    """Return what a cell printed and showed as text, of outputs that are `bounded`."""
    return "".join(
        output.get("text", "") or f"{text}\n"
        for output in outputs
        if (text := output.get("data", {}).get("text/plain", "")) or "text" in output
    )


def images_of(outputs: Sequence[Output]) -> tuple[bytes, ...]:
    """Return the pictures of a cell, of outputs that are `bounded`."""
    shown = (output.get("data", {}).get("image/png") for output in outputs)
    return tuple(base64.b64decode(image) for image in shown if image)
