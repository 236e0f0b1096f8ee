"""Words of a command line as values, without pydantic where nothing is to be checked.

typer imports pydantic to turn each word into a value, even `submission.zip` into a path, and that
is an eighth of a cold grading. What is plain is taken here as typer takes it; whatever is not, and
all that is wrong, stays typer's, with its sentences.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer._coercion import RuntimeParam, build_runtime_param
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command of typer that takes plain words as they are."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words behind the command."""
        _prepare(self.get_params(ctx))
        return super().parse_args(ctx, args)


class Group(TyperGroup):
    """A command that has others, and takes plain words as they are."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words before the name of a command."""
        _prepare(self.get_params(ctx))
        return super().parse_args(ctx, args)


def _prepare(params: Sequence[Any]) -> None:
    """Set what typer would make when a parameter gets its first word."""
    for one in params:
        if getattr(one, "_runtime_param", "") is None:
            about = one.type_descriptor
            one._runtime_param = _Quick(about.parameter_info, about.annotation)


class _Quick(RuntimeParam):
    """What a parameter does with its words."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        told = _plain(self.annotation, value)
        if told is not None and not _is_bounded(self.parameter_info):
            return told
        return build_runtime_param(param.type_descriptor)._coerce_value(value, param=param, ctx=ctx)


def _is_bounded(about: Any) -> bool:
    """Say whether more is asked of a word than to be one."""
    asked = (
        "parser", "exists", "writable", "executable", "resolve_path", "allow_dash", "path_type",
    )  # fmt: skip
    return any(getattr(about, name, None) for name in asked)


def _plain(wanted: Any, value: Any) -> Any:
    """Return what a word means, or several; None where typer has to say it."""
    if get_origin(wanted) is list:
        each = [_plain(get_args(wanted)[0], one) for one in value]
        return None if None in each else each
    if type(value) is not str:
        return None
    if wanted is Path:
        unreadable = os.path.exists(value) and not os.access(value, os.R_OK)
        return None if unreadable or "\0" in value else Path(value)
    is_one = wanted is str or (get_origin(wanted) is Literal and value in get_args(wanted))
    return value if is_one else None
