"""Where the shipped files lie: rubrics, golden fixtures, the reference and the student template.

They stand in data/ inside the installed package, beside the package in a checkout, or wherever
BACKGRADE_HOME points.
"""

from __future__ import annotations

import os
from pathlib import Path

from grader.errors import UsageError
from grader.golden import misconceptions
from grader.golden.bands import Bands
from grader.golden.store import Golden
from grader.grading.assignment import Assignment
from grader.grading.training.images import Images
from grader.guest.modules import GRADED
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric

PACKAGE = Path(__file__).resolve().parent
INSTALLED = PACKAGE / "data"  # hatch_build.py puts the files there in a wheel
DEFAULT_RUBRIC = "cs231n-a2"
GIVEN_PACKAGE = "cs231n"
GIVEN_FILES = ("solver.py", "gradient_check.py", "data_utils.py", "download.py", "synthetic.py")
SOLVED = tuple(
    f"{GIVEN_PACKAGE}/{name}" for name in ("layers.py", "layer_utils.py", "classifiers/fc_net.py")
)
LOSSES, SANDWICHES = "layers", "layer_utils"  # files of which a part is handed out


def home() -> Path:
    """Return the folder that holds rubrics/, reference/ and student_template/."""
    given = os.environ.get("BACKGRADE_HOME")
    if given:
        return Path(given)
    return INSTALLED if INSTALLED.is_dir() else PACKAGE.parent


def home_to_change() -> Path:
    """Return `home()`, to write in. Raises UsageError for that of an installed package."""
    if home() == INSTALLED:
        raise UsageError(
            f"{INSTALLED}: belongs to the installed package, and its next version replaces it; "
            "copy the folder, and set BACKGRADE_HOME to the copy"
        )
    return home()


def rubric_path(name: str) -> Path:
    """Return the file of a rubric given by name or by path. Raises UsageError with the names."""
    path = Path(name)
    if path.suffix == ".toml":
        return path
    path = home() / "rubrics" / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml"))) or "none found"
        raise UsageError(
            f"--rubric {name}: there is no such rubric; use a .toml file or one of {known}"
        )
    return path


def rubrics() -> list[Rubric]:
    """Return every shipped rubric, in the order of their names. Raises UsageError for none."""
    folder = home() / "rubrics"
    found = [read_rubric(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise UsageError(f"{folder}: holds no rubric; restore it, or set BACKGRADE_HOME")
    return found


def golden_folder() -> Path:
    """Return the folder of golden fixtures."""
    return home() / "reference" / "golden"


def notes() -> dict[str, Path]:
    """Return the notes on ideas and derivations, by the function that each is about."""
    folder = home() / "docs" / "notes"
    return {path.stem: path for path in sorted(folder.glob("*.md"))}


def given_files() -> dict[str, bytes]:
    """Return the handed-out files that replace a student's, by path inside the package."""
    folder = home() / "student_template" / GIVEN_PACKAGE
    return {name: data for name in GIVEN_FILES if (data := _bytes(folder / name)) is not None}


def assignment(rubric: str, data_dir: Path | None = None) -> Assignment:
    """Read and check all that grading needs. Raises RubricError, UsageError or GoldenError.

    `data_dir` is a folder of real CIFAR-10; without it the course works on made-up images.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(
            f"--data {data_dir}: there is no such folder; give 'synthetic', or a folder that holds "
            "CIFAR-10 (cifar-10-batches-py)"
        )
    try:
        return _assignment(rubric, data_dir)
    except PermissionError as error:
        raise UsageError(
            f"{error.filename}: user {os.geteuid()} of group {os.getegid()} may not read it; "
            "run as a user who may (in a container: --user UID, without a group, or --group-add 0)"
        ) from None


def _assignment(rubric: str, data_dir: Path | None) -> Assignment:
    template = home() / "student_template" / GIVEN_PACKAGE
    layers = _bytes(home() / "reference" / "cs231n" / "layers.py")
    read = read_rubric(rubric_path(rubric))
    # Our losses stand in for a student's own only if the course year hands them out.
    asked = {item.id for item in read.table.items}
    also = (SANDWICHES,) if "softmax_loss" in asked else (LOSSES, SANDWICHES)
    profiles = read.table.data
    profile = profiles.synthetic if data_dir is None else profiles.cifar10
    found = Assignment(
        rubric=read,
        golden=Golden.read(golden_folder()),
        given={
            name: data for name in also if (data := _bytes(template / f"{name}.py")) is not None
        },
        grafts={} if layers is None else {"layers": layers},
        solved=_solved(),
        images=Images(profile, read.table.seed, template, data_dir),
        mistakes=golden_folder() / misconceptions.FOLDER,
        bands=Bands.read(golden_folder(), profile, data_dir is not None),
        trainer=_trainer(),
    )
    found.check()
    return found


def _solved() -> dict[str, bytes]:
    """Return the reference's nets and layers, laid out as a submission; empty where it is not."""
    folder = home() / "reference"
    files = {name: _bytes(folder / name) for name in SOLVED}
    return {} if None in files.values() else {n: data for n, data in files.items() if data}


def _trainer() -> dict[str, bytes]:
    """Return the reference's package, alternatives inside it; empty where it is not."""
    folder = home() / "reference"
    files = {f"{GIVEN_PACKAGE}/{path}": folder / GIVEN_PACKAGE / path for path in GRADED.values()}
    for path in sorted((folder / "alternatives").glob("*.py")):
        files[f"{GIVEN_PACKAGE}/alternatives/{path.name}"] = path
    found = {name: _bytes(path) for name, path in files.items()}
    return {} if None in found.values() else {n: data for n, data in found.items() if data}


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
