"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a class.")]
Box = Annotated[
    Literal["auto", "bubblewrap", "landlock", "none"],
    typer.Option(help="How student code is confined."),
]
