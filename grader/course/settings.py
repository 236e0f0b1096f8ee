"""course.toml: what an instructor decides about a class, written with comments at the first run."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import pydantic

from grader.errors import UsageError

NAME = "course.toml"
TEXT = """\
# What is decided about this class. It was written by the first `grade class`; now it is yours.

# A shipped rubric by name (`grade class --rubric` names them), or a .toml file of your own.
rubric = "{rubric}"

# The images of the notebooks: "synthetic", or a folder that holds CIFAR-10.
data = "{data}"

# Are notebooks executed? "run" or "skip".
notebooks = "{notebooks}"

# A csv with who is in the class: any of id, login, email, name, section, group. "" for none.
roster = "{roster}"

# Which attempt of a student counts: "last".
attempts = "last"

# Sentences of yours for students with the same wrong numbers: index.html has the lines to paste.
# [[sentences]]
# item = "adam"
# case = "adam/steps"
# hash = "0123456789abcdef"
# says = "What all who have these numbers should read."
"""


class Sentence(pydantic.BaseModel):
    """What a teacher says to all whose wrong numbers in a case have this hash."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    item: str
    case: str
    hash: str = pydantic.Field(pattern="[0-9a-f]{16}")
    says: str = pydantic.Field(min_length=1, max_length=2000)


class Settings(pydantic.BaseModel):
    """What course.toml says."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    rubric: str = ""
    data: str = "synthetic"
    notebooks: Literal["run", "skip"] = "run"
    roster: str = ""
    attempts: Literal["last"] = "last"
    sentences: tuple[Sentence, ...] = ()


def read(folder: Path) -> Settings:
    """Return what course.toml says, the defaults if there is none. Raises UsageError."""
    path = folder / NAME
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); put it right") from None
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is not valid TOML ({error}); put it right") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}{_line(text, name)}: {name}: {_why(first)}") from None


def text_of(settings: Settings) -> str:
    """Return course.toml as the first run writes it."""
    said = {name: _quoted(str(value)) for name, value in settings.model_dump().items()}
    return TEXT.format(**said)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _line(text: str, name: str) -> str:
    key = name.partition(".")[0]
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=")[0].strip().strip("\"'") == key:
            return f", line {number}"
    return ""


def _why(error: object) -> str:
    assert isinstance(error, dict)
    if error["type"] == "extra_forbidden":
        return f"there is no such setting; there are {', '.join(Settings.model_fields)}"
    return f"{error['msg'][0].lower()}{error['msg'][1:]}"
