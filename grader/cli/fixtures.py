"""`grade fixtures build|verify|diff|curves`: what the reference gives, stored and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader import resources
from grader.cli.grading import Data, Rubric

app = typer.Typer(no_args_is_help=True, help="Golden fixtures: the answers of the reference.")


@app.command("build")
def build(
    rubric: Annotated[
        list[str] | None, typer.Option(help="Only these rubrics; default: all that are shipped.")
    ] = None,
) -> None:
    """Run every probe on the reference and write reference/golden/."""
    from grader.authoring.fixtures import build as building
    from grader.authoring.fixtures import misconception_answers as mistaken
    from grader.golden import misconceptions, store
    from grader.rubric.reading import read_rubric

    resources.home_to_change()
    named = [read_rubric(resources.rubric_path(name)) for name in rubric or ()]
    chosen = named or resources.rubrics()
    reference = resources.home() / "reference"
    manifest, files = building.build(chosen, reference)
    mistakes = mistaken.build(chosen, reference, store.Golden(manifest, files, ""))
    store.write(resources.golden_folder(), manifest, files)
    misconceptions.write(resources.golden_folder() / misconceptions.FOLDER, *mistakes)
    answers = [one for row in manifest["cases"].values() for one in row["answers"].values()]
    count = sum(len(one) for one in answers if not isinstance(one, str))
    typer.echo(
        f"{resources.golden_folder()}: {count} arrays for {len(manifest['cases'])} cases written, "
        f"and the wrong answers of {len(mistakes[0]['mistakes'])} usual mistakes"
    )


@app.command("verify")
def verify() -> None:
    """Recompute the fixtures and compare; exit 1 and name each array that differs."""
    found = _show_differences()
    counted = "1 array differs" if found == 1 else f"{found} arrays differ"
    typer.echo(counted if found else "golden fixtures: all as built")
    if found:
        raise typer.Exit(1)


@app.command("diff")
def diff() -> None:
    """Show what `build` would change, and by how much."""
    found = _show_differences()
    typer.echo(f"`grade fixtures build` would change {found} array{'s' * (found != 1)}")


@app.command("curves")
def curves(rubric: Rubric = resources.DEFAULT_RUBRIC, data: Data = "synthetic") -> None:
    """Run the solved notebooks with five seeds, for the bands that reports show: five minutes."""
    from grader.authoring.fixtures import curves as making
    from grader.box.plan import choose

    reference = resources.home_to_change() / "reference"
    made_up = data == "synthetic"
    assignment = resources.assignment(rubric, None if made_up else Path(data))
    made = making.build(reference, assignment, choose(), typer.echo)
    path = making.write(resources.golden_folder(), "synthetic" if made_up else "cifar10", made)
    typer.echo(f"{path}: {len(made['bands'])} bands written")


def _show_differences() -> int:
    """Print each array that the reference gives in another way now; return how many."""
    from grader.authoring.fixtures import build as building

    reference = resources.home() / "reference"
    found = building.differences(resources.rubrics(), reference, resources.golden_folder())
    for difference in found:
        typer.echo(f"{difference.array}: {difference.message}")
    return len(found)
