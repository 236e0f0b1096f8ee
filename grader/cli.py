"""The `grade` command: arguments, files, exit codes, and the one place that prints.

Exit codes: 0 graded, whatever the score; 1 below --fail-under, or fixtures that differ; 2 the
submission or the command line is unusable; 3 the grader itself failed.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import grader
from grader import shelf
from grader.box import Worker, choose
from grader.engine import grade_one
from grader.errors import BackgradeError, UsageError
from grader.intake import read_submission
from grader.report import result

Rubric = Annotated[str, typer.Option(help="A shipped rubric by name, or a .toml file.")]
COMMANDS = ("submission", "fixtures", "release", "schema", "doctor")

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
fixtures = typer.Typer(no_args_is_help=True, help="Golden fixtures: the answers of the reference.")
app.add_typer(fixtures, name="fixtures")


class Notebooks(StrEnum):
    """What to do with the notebooks of a submission."""

    skip = "skip"


class Box(StrEnum):
    """How to confine student code."""

    auto = "auto"
    bubblewrap = "bubblewrap"
    landlock = "landlock"
    none = "none"


class SchemaOf(StrEnum):
    """Files that have a schema."""

    rubric = "rubric"
    result = "result"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backgrade {grader.__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """Grade NumPy deep-learning homework: `grade submission.zip`."""


@app.command("submission")
def submission(
    path: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A zip, or a folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", help="Default: graded/<name of the submission>/")
    ] = None,
    rubric: Rubric = shelf.DEFAULT_RUBRIC,
    notebooks: Annotated[Notebooks, typer.Option(help="Are notebooks executed?")] = Notebooks.skip,
    box: Annotated[Box, typer.Option(help="How student code is confined.")] = Box.auto,
    fail_under: Annotated[
        float | None, typer.Option(metavar="N", help="Exit 1 below N per cent of the points.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json too.")] = False,
) -> None:
    """Grade one submission (`submission` may be left out) and write report.html and result.json."""
    if fail_under is not None and not 0 <= fail_under <= 100:
        raise UsageError(f"--fail-under {fail_under:g}: give a number from 0 to 100")
    with Worker(choose(box)) as worker:
        given = read_submission(path, given=shelf.given_files())
        report = grade_one(given, shelf.assignment(rubric), worker)
    from grader.report import html, terminal

    folder = output or Path("graded") / _file_name(given.name)
    page = folder / "report.html"
    _write(folder / "result.json", result.write(report))
    _write(page, html.render(report, version=grader.__version__))
    if as_json:
        typer.echo(result.write(report), nl=False)
    else:
        terminal.show(report, Console(), page)
    if any(item.status == "grader_fault" for item in report.items):
        raise typer.Exit(3)
    score = report.score
    share = 100 * (score.earned + score.bonus) / score.possible if score.possible else 0.0
    if fail_under is not None and share < fail_under:
        raise typer.Exit(1)


@fixtures.command("build")
def fixtures_build(
    rubric: Annotated[
        list[str] | None, typer.Option(help="Only these rubrics; default: all that are shipped.")
    ] = None,
) -> None:
    """Run every probe on the reference and write reference/golden/."""
    from grader.golden import store, wrong

    (manifest, files), mistakes = _built(rubric)
    store.write(shelf.golden_folder(), manifest, files)
    wrong.write(shelf.golden_folder() / wrong.FOLDER, *mistakes)
    count = sum(
        len(outputs) for row in manifest["cases"].values() for outputs in row["answers"].values()
    )
    typer.echo(
        f"{shelf.golden_folder()}: {count} arrays for {len(manifest['cases'])} cases written, "
        f"and the wrong answers of {len(mistakes[0]['mistakes'])} usual mistakes"
    )


@fixtures.command("verify")
def fixtures_verify() -> None:
    """Recompute the fixtures and compare; exit 1 and name each array that differs."""
    found = _differences()
    for difference in found:
        typer.echo(f"{difference.array}: {difference.says}")
    counted = "1 array differs" if len(found) == 1 else f"{len(found)} arrays differ"
    typer.echo(counted if found else "golden fixtures: all as built")
    if found:
        raise typer.Exit(1)


@fixtures.command("diff")
def fixtures_diff() -> None:
    """Show what `build` would change, and by how much."""
    found = _differences()
    for difference in found:
        typer.echo(f"{difference.array}: {difference.says}")
    typer.echo(f"`grade fixtures build` would change {len(found)} array{'s' * (len(found) != 1)}")


@app.command("release")
def release(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    template: Annotated[
        bool, typer.Option("--template", help="The unsolved package and notebooks.")
    ],
) -> None:
    """Write what students get."""
    from grader import release as releasing

    if not template:
        raise UsageError("release: only --template can be made; add it")
    try:
        written = releasing.write_template(shelf.home() / "reference", folder)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from None
    typer.echo(f"{folder}: {len(written)} files written")


@app.command("doctor")
def doctor() -> None:
    """Say how this machine confines student code; exit 0 only where it does."""
    from grader import doctor as examining
    from grader.doctor import show

    found = examining.examine(shelf.golden_folder() / "manifest.json")
    show.show(found, Console())
    if not found.isolated:
        raise typer.Exit(3)


@app.command("schema")
def schema(
    of: Annotated[SchemaOf, typer.Argument(help="Which file's form.")],
) -> None:
    """Print the JSON Schema of a rubric or of result.json."""
    from grader.rubric import json_schema

    found = json_schema() if of is SchemaOf.rubric else result.json_schema()
    typer.echo(json.dumps(found, indent=1))


def _built(names: list[str] | None, crosschecked: bool = True) -> tuple[Any, Any]:
    """Return what golden.build and golden.twins make for these rubrics."""
    from grader.golden import build, twins
    from grader.golden.store import Golden
    from grader.rubric import read_rubric

    chosen = [read_rubric(shelf.rubric_path(name)) for name in names] if names else shelf.rubrics()
    reference = shelf.home() / "reference"
    manifest, files = build.build(chosen, reference, crosschecked=crosschecked)
    golden = Golden(manifest, files, "")
    return (manifest, files), twins.build(chosen, reference, golden)


def _differences() -> list[Any]:
    from grader.golden.store import Golden
    from grader.golden.wrong import FOLDER, Wrong

    stored = Golden.read(shelf.golden_folder(), as_found=True)
    mistakes = Wrong.read(shelf.golden_folder() / FOLDER, stored.reference)
    (manifest, files), wrong = _built(None, crosschecked=False)
    right = stored.differences(Golden(manifest, files, ""))
    return right + mistakes.differences(Wrong(*wrong))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror}); choose another -o"
        ) from None


def _file_name(name: str) -> str:
    """Return a submission's name as one harmless path component."""
    kept = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in name).strip(" .")
    return kept[:100] or "submission"


def with_command(args: list[str]) -> list[str]:
    """A first word that is no command is a submission: `grade hw.zip`, `grade --json hw.zip`."""
    known = {*COMMANDS, "--help", "-h", "--version"}
    return args if not args or args[0] in known else ["submission", *args]


def main() -> None:
    """Run the command line; end with its exit code."""
    gc.disable()  # a short process: looking for cycles costs more than it frees
    try:
        sys.exit(app(with_command(sys.argv[1:]), prog_name="grade", standalone_mode=False) or 0)
    except BackgradeError as error:
        print(f"grade: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and one line says so
        if hasattr(error, "format_message"):  # typer's own: the command line is wrong
            said = error.format_message()
            if not said.startswith("Usage:"):  # the help, where there was no argument at all
                said = f"grade: {' '.join(said.split()).rstrip('.')}; see `grade -h`"
            print(said, file=sys.stderr)
            sys.exit(2)
        if os.environ.get("BACKGRADE_DEBUG"):
            traceback.print_exc()
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        print(
            f"grade: the grader failed ({what}); nothing was graded. "
            "Set BACKGRADE_DEBUG=1 for the traceback and report it",
            file=sys.stderr,
        )
        sys.exit(3)
