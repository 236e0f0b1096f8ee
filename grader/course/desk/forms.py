"""What a form of the desk says, bounded."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import get_args
from urllib.parse import parse_qs

from starlette.requests import Request

from grader.course.desk.book import SLOW_S
from grader.course.desk.pages import Draft
from grader.course.desk.saving import Said, new_id
from grader.course.opinions import Action
from grader.errors import UsageError

LARGEST = 1024**2  # bytes
MOST = 4000  # fields
Form = dict[str, list[str]]


async def read(request: Request) -> Form:
    """Return the fields of a form. Raises UsageError for one that is too large."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LARGEST:
            raise UsageError("form: is larger than 1 MB and was not saved; shorten what you wrote")
    try:
        return parse_qs(data.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        raise UsageError("form: cannot be read and was not saved; load the page again") from None


def one(form: Form, name: str) -> str:
    """Return the last value of a field, "" if there is none; lines end as they do everywhere."""
    text = form.get(name, [""])[-1].replace("\r\n", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8")


def number(form: Form, name: str) -> float | None:
    """Return a number as people write it, "0,5" too; None for an empty field. Raises UsageError."""
    text = one(form, name).strip().replace(",", ".").replace("\u2212", "-")
    if not text:
        return None
    with suppress(ValueError):
        found = float(text)
        if math.isfinite(found) and abs(found) <= 1000:
            return found
    raise UsageError(f"points: {text[:40]!r} is no number of points; write one, as in 0.8")


def said(form: Form, action: str) -> Said:
    """Return what a form says. Raises UsageError."""
    if action not in ("grade", "looked", "flag"):
        raise UsageError("form: cannot be read and was not saved; load the page again")
    known: dict[str, Action] = {name: name for name in get_args(Action)}
    name = one(form, "id")
    return Said(
        id=name if 8 <= len(name) <= 80 and name.isalnum() else new_id(),
        action=known[action],
        criteria=tuple(dict.fromkeys(form.get("criterion", ()))),
        points=number(form, "points"),
        comment=one(form, "comment"),
        reason=one(form, "reason"),
        seen=tuple(one(form, "seen").split()),
        seconds=_seconds(one(form, "opened")),
    )


def _seconds(opened: str) -> float | None:
    """Return how long a page was open, given when it was made; None if that is not known."""
    with suppress(ValueError):
        seconds = time.time() - float(opened)
        if 0 <= seconds < SLOW_S:
            return round(seconds, 2)
    return None


def draft(form: Form, problem: str) -> Draft:
    """Return what was typed, to be shown again."""
    new = {name: one(form, f"new_{name}") for name in ("text", "points", "note")}
    return Draft(
        tuple(form.get("criterion", ())), one(form, "points"), one(form, "comment"),
        one(form, "reason"), problem, new if any(new.values()) else {},
    )  # fmt: skip
