"""Whole submissions as test cases: those under tests/submissions, and wrong ones made from them.

`accepted/<style>/` holds a whole submission and expect.toml. Wrong ones are the reference with one
mistake of reference/misconceptions, or are made from `wrong/<item>/<mistake>.py`, as
grader.authoring.lint.known_submissions reads them.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.authoring.fixtures import misconceptions as usual
from grader.authoring.fixtures.misconceptions import Misconception
from grader.authoring.fixtures.reference import of_package
from grader.authoring.lint import known_submissions
from grader.authoring.lint.known_submissions import (
    WrongSubmission,
    find,
    of_files,
    planted,
    text_of,
)
from grader.types import Submission

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = ROOT / "tests" / "submissions" / "accepted"
LAYERS = "from {package}.layers import *\nfrom {package}.layer_utils import *\n"  # for nets
# Functions that know each other's caches, or one object: a mistake in one comes with the others.
TOGETHER = (
    ("affine_forward", "affine_backward"),
    ("relu_forward", "relu_backward"),
    ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
    ("layernorm_forward", "layernorm_backward"),
    ("dropout_forward", "dropout_backward"),
    ("TwoLayerNet.__init__", "TwoLayerNet.loss"),
    ("FullyConnectedNet.__init__", "FullyConnectedNet.loss"),
    ("sgd_momentum",), ("rmsprop",), ("adam",),
)  # fmt: skip


def reference() -> Submission:
    """Return the reference laid out as a submission."""
    return of_files("reference", of_package(ROOT / "reference" / "cs231n"))


def template() -> Submission:
    """Return the untouched student template."""
    return of_files("template", of_package(ROOT / "student_template" / "cs231n"))


def neighbour() -> Submission:
    """Return a submission with two mistakes, of which one has consequences."""
    wrong = "def relu_forward(x):\n    return np.abs(x), x\n\n\ndef affine_backward(dout, cache):\n"
    wrong += "    x, w, b = cache\n    dx = dout.dot(w.T).reshape(x.shape)\n"
    wrong += "    return dx, x.reshape(len(x), -1).T.dot(dout), dout.mean(axis=0)\n"
    return of_files("neighbour", planted(dict(reference().files), wrong))


def unwritten() -> Submission:
    """Return stubs that raise nothing, as course years hand them out."""
    return of_files(
        "unwritten", of_package(ROOT / "tests" / "submissions" / "unwritten" / "cs231n")
    )


def accepted() -> list[tuple[str, str]]:
    """Return (style, rubric) of every accepted submission."""
    return [
        (one.path.parent.name, rubric)
        for one in known_submissions.accepted(ROOT)
        for rubric in one.rubrics
    ]


def expected(style: str) -> dict[str, list[str]]:
    """Return what an accepted submission's expect.toml says."""
    return tomllib.loads((ACCEPTED / style / "expect.toml").read_text(encoding="utf-8"))


def accepted_submission(style: str) -> Submission:
    """Return one accepted submission."""
    return known_submissions.style(ROOT, style)


def usual_mistakes() -> dict[str, Misconception]:
    """Return the mistakes of reference/misconceptions by id."""
    return {one.id: one for one in _usual()}


@functools.cache
def _usual() -> tuple[Misconception, ...]:
    return usual.read(ROOT / "reference")


def mistakes() -> dict[str, Path | Misconception]:
    """Return what describes each wrong submission, by item/name."""
    return {**usual_mistakes(), **known_submissions.wrong(ROOT)}


def mistake(what: Path | Misconception) -> WrongSubmission:
    """Return a wrong submission: the reference with one mistake, or what a file says."""
    if isinstance(what, Path):
        return known_submissions.wrong_submission(ROOT, what)
    submission = with_mistakes(reference(), [what])
    fails = {item: list(parts) for item, parts in what.fails.items()}
    return WrongSubmission(what.id, what.says, fails, "cs231n-a2", submission)


def with_mistakes(base: Submission, planned: Iterable[Misconception]) -> Submission:
    """Return `base` with mistakes planted in it.

    A mistake is made in the text of the reference; then its functions, and those that work with
    their caches, take the place of their namesakes.
    """
    right = {path.partition("/")[2]: data for path, data in reference().files.items()}
    change: usual.Change = {}
    for one in planned:
        change = usual.together(change, one.change)
    changed = usual.applied(right, change)
    groups = [group for group in TOGETHER if set(group) & set(change)]
    files = dict(base.files)
    for is_net in (False, True):
        names = [name for group in groups for name in group if ("." in name) is is_net]
        if names:
            imports = LAYERS.format(package=base.package) if is_net else ""
            files = planted(files, f"{_only(changed, names)}import numpy as np\n{imports}")
    name = f"{base.name} with {' and '.join(one.id.replace('/', ' ') for one in planned)}"
    return of_files(name, files, base.package)


def _only(files: Mapping[str, bytes], names: Iterable[str]) -> str:
    """Return the text of functions and methods, each class once."""
    classes: dict[str, list[str]] = {}
    for name in names:
        data = next(d for d in files.values() if find(d, name) is not None)
        node = find(data, name)
        assert node is not None
        classes.setdefault(name.rpartition(".")[0], []).append(
            text_of(data.decode().splitlines(), node)
        )
    pieces = classes.pop("", [])
    pieces += [f"class {name}:\n" + "\n\n".join(methods) for name, methods in classes.items()]
    return "\n\n\n".join(pieces) + "\n\n\n"
