"""course.toml: what an instructor decides about a class, written with comments at the first run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import pydantic

from grader.errors import UsageError

NAME = "course.toml"
TEXT = """\
# What is decided about this class. It was written by the first `grade class`; now it is yours.
# What follows "# " is an example: take the sign away to have it. `grade schema course` has all.

# A shipped rubric by name (`grade class --rubric` names them), or a .toml file of your own.
rubric = "{rubric}"

# The images of the notebooks: "synthetic", or a folder that holds CIFAR-10.
data = "{data}"

# Are notebooks executed? "run" or "skip".
notebooks = "{notebooks}"

# A csv with who is in the class: any of id, sid, login, email, name, section, group, extension.
# "" for none.
roster = "{roster}"

# Which attempt of a student counts: "last", "best" (after what is taken off), or "pinned", which
# is the last one but for students in [pinned].
attempts = "last"

# A student is named by id, login, email, number of the school, or folder in reports/.
# excused = ["ada01", "grace02"]

[late]
# Nothing is taken off unless a due date stands here. Times without a zone are those of `zone`.
# due = 2026-03-06T23:59:59
# zone = "America/Los_Angeles"
# grace_minutes = 15         # every border is that much later
# free_days = 3              # late days of a student that cost nothing, in the whole term
# free_days_most = 2         # ... and at most so many here
# penalty = 10               # what each started day (or hour) takes off:
# per = "day"                #   "day" or "hour"
# of = "maximum"             #   percent of the "maximum", percent of what was "earned", or "points"
# most = 50                  # never more than that
# closes_after_days = 7      # what comes later earns nothing
# early = [{{ hours = 24, bonus = 2.5 }}, {{ hours = 48, bonus = 5 }}]   # counted like `of`

# [used_days]                # free late days that went to other assignments
# ada01 = 1

# [extensions]               # days, "36 hours", or a new date; the roster's column does the same
# ada01 = 2
# grace02 = 2026-03-10T12:00:00

# [handed_in]                # when, where the export does not tell: Canvas and Moodle do not
# ada01 = 2026-03-07T10:00:00

# [pinned]                   # the attempt of a student that counts, whatever `attempts` says
# ada01 = 1

[grades]
# How points become grades: "points" as they are, "percent", "maximum" of the gradebook's column,
# or the number that all points are worth. Rounded half up, once, at the end.
scale = "points"
decimals = 2
# capped = true              # no more than all points, whatever bonus there is
# drop_items = ["adam"]      # count for nobody: neither earned nor possible
# borders = [50, 60, 80]     # percent at which a grade begins: `grade regrade` says who crosses one
# drop_lowest = 1            # of each student's items so many with the lowest share do not count

# Sentences of yours for students with the same wrong numbers: index.html has the lines to paste.
# [[sentences]]
# item = "adam"
# case = "adam/steps"
# hash = "0123456789abcdef"
# says = "What all who have these numbers should read."
"""

_DURATION = re.compile(
    r"\+?(?P<number>\d{1,4}([.,]\d+)?)\s*(?:d|days?|(?P<hours>h|hours?))?", re.IGNORECASE
)
Number = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, pydantic.Field(ge=0, le=1000)]
_STRICT = pydantic.Field(strict=True)
Extension = (
    Annotated[float, _STRICT]
    | Annotated[datetime, _STRICT]
    | Annotated[date, _STRICT]
    | Annotated[str, _STRICT]
)


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Sentence(_Table):
    """What a teacher says to all whose wrong numbers in a case have this hash."""

    item: str
    case: str
    hash: str = pydantic.Field(pattern=r"^[0-9a-f]{16}$")
    says: str = pydantic.Field(min_length=1, max_length=2000)


class Early(_Table):
    """What handing in that many hours before the due date is worth."""

    hours: Number
    bonus: Number


class Late(_Table):
    """What handing in after the due date costs."""

    due: datetime | None = None
    zone: str = ""
    grace_minutes: Number = 0
    free_days: Count = 0
    free_days_most: Count | None = None
    penalty: Number = 0
    per: Literal["day", "hour"] = "day"
    of: Literal["maximum", "earned", "points"] = "maximum"
    most: Number | None = None
    closes_after_days: Count | None = None
    early: tuple[Early, ...] = ()

    @pydantic.field_validator("zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key if name else name
        except (ValueError, OSError, LookupError):
            if not available_timezones():
                raise ValueError(
                    "this computer knows no zones: install them (pip install tzdata), or leave "
                    "zone away and give the date its offset, as in 2026-03-06T23:59:59+01:00"
                ) from None
            raise ValueError(
                f'no zone is called {name!r}; write one like "Europe/Berlin"'
            ) from None

    @pydantic.model_validator(mode="after")
    def _has_zone(self) -> Late:
        if self.due and self.due.tzinfo is None and not self.zone:
            raise ValueError('due has no zone; add one, as in zone = "America/Los_Angeles"')
        if not self.due and (self.penalty or self.early):
            raise ValueError("nothing is late without a date; add due = 2026-03-06T23:59:59")
        return self


class Grades(_Table):
    """How points become grades."""

    scale: (
        Literal["points", "percent", "maximum"]
        | Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
    ) = "points"
    decimals: Annotated[int, pydantic.Field(ge=0, le=6)] = 2
    capped: bool = False
    drop_items: tuple[str, ...] = ()
    drop_lowest: Count = 0
    borders: tuple[Number, ...] = ()


class Settings(_Table):
    """What course.toml says."""

    rubric: str = ""
    data: str = "synthetic"
    notebooks: Literal["run", "skip"] = "run"
    roster: str = ""
    attempts: Literal["last", "best", "pinned"] = "last"
    excused: tuple[str, ...] = ()
    late: Late = Late()
    used_days: Mapping[str, Count] = pydantic.Field(default_factory=dict)
    extensions: Mapping[str, Extension] = pydantic.Field(default_factory=dict)
    handed_in: Mapping[str, Annotated[datetime, _STRICT]] = pydantic.Field(default_factory=dict)
    pinned: Mapping[str, Annotated[int, pydantic.Field(ge=1)]] = pydantic.Field(
        default_factory=dict
    )
    grades: Grades = Grades()
    sentences: tuple[Sentence, ...] = ()

    @pydantic.field_validator("extensions")
    @classmethod
    def _are_readable(cls, told: Mapping[str, Extension]) -> Mapping[str, Extension]:
        for who, one in told.items():
            try:
                extension(one)
            except ValueError as error:
                raise ValueError(f"{who}: {error}") from None
        return told


def extension(told: Extension) -> timedelta | date | datetime:
    """Return what an extension gives: whole or half days, hours, or a new date to hand in by.

    >>> extension("36 hours"), extension("2026-03-10")
    (datetime.timedelta(days=1, seconds=43200), datetime.date(2026, 3, 10))
    """
    if isinstance(told, datetime | date):
        return told
    text = str(told).strip()
    if found := _DURATION.fullmatch(text):
        amount = float(found["number"].replace(",", "."))
        return timedelta(hours=amount) if found["hours"] else timedelta(days=amount)
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f'{text[:60]!r} is no extension; write days, "36 hours" or 2026-03-10T12:00')


def read(folder: Path) -> Settings:
    """Return what course.toml says, the defaults if there is none. Raises UsageError."""
    path = folder / NAME
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); put it right") from None
    return parse(text, str(path))


def parse(text: str, place: str) -> Settings:
    """Return what the text of a course.toml says. Raises UsageError with its line."""
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{place}: is not valid TOML ({error}); put it right") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        # a choice between types adds the name of the type, which no key has
        names = [str(part) for part in first["loc"] if _is_key(part)]
        told = f": {'.'.join(names)}" if names else ""
        line = _line(text, names)
        raise UsageError(f"{place}{line}{told}: {_why(first, names)}; put it right") from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of course.toml."""
    return Settings.model_json_schema()


def text_of(settings: Settings) -> str:
    """Return course.toml as the first run writes it."""
    names = ("rubric", "data", "notebooks", "roster")
    return TEXT.format(**{name: _quoted(str(getattr(settings, name))) for name in names})


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _is_key(part: object) -> bool:
    kinds = r"int|float|str|datetime|date|literal\[.*|constrained-.*|is-instance.*"
    return not isinstance(part, str) or not re.fullmatch(kinds, part)


def _line(text: str, names: Sequence[str]) -> str:
    """Return ", line 7" for where a key stands, or else the table that should have it."""
    best, found = 0, 0
    for number, path in _keys(text):
        shared = 0
        while shared < min(len(path), len(names)) and path[shared] == names[shared]:
            shared += 1
        if shared == len(path) and shared > best:
            best, found = shared, number
    return f", line {found}" if found else ""


def _keys(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that names a table or a key, with the whole path of that."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$", line):
            table = _path(head[1])
            yield number, table
        elif key := re.match(r"\s*([\w.\-\"'@ ]+?)\s*=", line):
            yield number, [*table, *_path(key[1])]


def _path(text: str) -> list[str]:
    parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", text)
    return [part.strip("\"'") for part in parts]


def _why(error: Any, names: Sequence[str]) -> str:
    if error["type"] == "extra_forbidden":
        table: Any = Settings
        for name in names[:-1]:
            table = table.model_fields[name].annotation if name in table.model_fields else table
        table = table if hasattr(table, "model_fields") else Early
        return f"there is no such setting; there are {', '.join(table.model_fields)}"
    if error["type"] in ("model_type", "dict_type"):
        return f"is a table; write [{'.'.join(names)}] and what belongs to it below that"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}"
