"""What a student reads about a training goal: what was found, what is asked, what to do next."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.grading.training.runs import claimed, drops
from grader.rubric.records import Goal, On, RunFilter
from grader.types import ItemResult, Trained

NORMALS = {
    "none": "without normalization",
    "batchnorm": "with batch normalization",
    "layernorm": "with layer normalization",
}
VARIED = {"initial_scale": "scales of the first weights", "batch_size": "batch sizes"}
SETTING = {"initial_scale": "weight_scale", "batch_size": "batch_size"}
# What two runs must share to be compared, by the field of a RunFilter that may differ.
SHARED = ("layers", "images", "epochs", "update_rule", "normalization", "dropout")
MEND = {
    "training": "Try other values of weight_scale and learning_rate: a loss that hardly falls "
    "wants larger ones, a loss that jumps or becomes nan wants smaller ones",
    "validation": "Look at both accuracies of the run: where the one on training images is low as "
    "well, train for longer or with a larger learning_rate; where it is high, the net learns by "
    "heart and needs regularization, or dropout",
}


def words(wanted: RunFilter) -> str:
    """Return which net is wanted: "a 3-layer net trained on 50 images"."""
    text = "a net" if wanted.layers is None else f"a {wanted.layers}-layer net"
    parts = [NORMALS[wanted.normalization]] if wanted.normalization else []
    if wanted.dropout is not None:
        parts.append("with dropout" if wanted.dropout else "without dropout")
    trained = [f"with {wanted.update_rule}"] if wanted.update_rule else []
    if wanted.images is not None:
        trained.append(f"on {wanted.images} images")
    if wanted.all_images:
        trained.append("on all training images")
    if wanted.epochs is not None:
        trained.append(f"for at most {wanted.epochs} epochs")
    if parts:
        text += f" {' and '.join(parts)}"
    return text + (f" trained {' '.join(trained)}" if trained else "")


def share(accuracy: float) -> str:
    """Return "49.6 %"; never rounded up, so that 49.96 % does not look like enough."""
    return f"{math.floor(1000 * accuracy + 1e-6) / 10:g} %"


def images(on: On) -> str:
    """Return on which images an accuracy is measured."""
    return "its training images" if on == "training" else "the validation images"


def left_out(message: str, count: int) -> str:
    """A goal was not reached by the runs that could be kept, and there were `count` more."""
    runs = "One more training has" if count == 1 else f"{count:,} more trainings have"
    return (
        f"{runs} ended for which there was no room, so a person decides; all are looked at where a "
        f"notebook trains fewer nets. Of those that were kept: {message}"
    )


def short_of(goal: Goal, best: Trained, found: float, asked: float) -> str:
    """The best run does not reach what is asked."""
    own = claimed(best, goal.on)
    other = ""
    if abs(own - found) >= 0.005 and not (drops(best) and goal.on == "training"):
        other = (
            f" (it tells of {share(own)} itself, but what counts is what the parameters do "
            "that your Solver learned)"
        )
    return (
        f"The best run of {words(goal.runs)} gets {share(found)} of {images(goal.on)} right"
        f"{other}; {share(asked)} is asked. {MEND[goal.on]}"
    )


def seen_before(best: Trained, found: float) -> str:
    """A net knows the validation images."""
    return (
        f"Your best run gets {share(found)} of the validation images right, but only "
        f"{share(best.hidden_accuracy or 0.0)} of images that it cannot have seen. A net that was "
        "trained on validation images does not count: train it on data['X_train'] alone"
    )


def taken() -> str:
    """One run cannot earn two items."""
    return (
        "The only run that does it has earned another item already. Train a second net, with "
        "other settings"
    )


def behind(goal: Goal, against: RunFilter, first: float, second: float) -> str:
    """A run is not as far ahead of its partner as is asked."""
    points = f"{abs(100 * goal.by):g} percentage points"
    asked = (
        f"it has to be ahead by at least {points}. Try another learning_rate for it"
        if goal.by > 0
        else f"it may be behind by at most {points}. Try to train it for longer, or to drop less"
    )
    return (
        f"{_capital(words(goal.runs))} gets {share(first)} of {images(goal.on)} right and "
        f"{words(against)}, all else equal, {share(second)}; {asked}"
    )


def unlike(one: RunFilter, other: RunFilter) -> str:
    """There are both runs of a pair, but they cannot be compared."""
    same = [n.replace("_", " ") for n in SHARED if getattr(one, n) == getattr(other, n)]
    return (
        f"There are runs of {words(one)} and of {words(other)}, but no two that can be compared. "
        f"Train both with the same {', '.join(same)}, batch size and weight_scale"
    )


def few_values(goal: Goal, values: Sequence[float]) -> str:
    """A sweep has too few values."""
    over, learned = str(goal.over), ""
    if goal.runs.learned:
        learned = f" that gets {share(goal.runs.learned)} of its training images right"
    found = f" ({', '.join(f'{value:.2g}' for value in values)})" if values else ""
    return (
        f"For {words(goal.runs)}{learned}, {len(values)} of {goal.values} different "
        f"{VARIED[over]} were found{found}. Train the same net with other values of "
        f"{SETTING[over]}, each at least {goal.apart:g} times the one before"
    )


def no_wider(goal: Goal, other: RunFilter, ours: int, theirs: int) -> str:
    """A sweep does not show what it should."""
    over = str(goal.over)
    return (
        f"{_capital(words(goal.runs))} learns from {ours} different {VARIED[over]} and "
        f"{words(other)} from {theirs}; {goal.more_by} more are asked, and to learn is to get "
        f"{share(goal.runs.learned)} of its training images right. Train both with the same values "
        f"of {SETTING[over]}, also with much smaller and much larger ones"
    )


def missing(wanted: RunFilter, fitting: Sequence[Trained]) -> str:
    """There is no run that could be used; `fitting` are those of the right kind."""
    known = [run for run in fitting if run.train_accuracy is not None]
    best = max(known, key=lambda run: run.train_accuracy or 0.0, default=None)
    if best is not None:
        return (
            f"{_capital(words(wanted))} was trained, but it gets only "
            f"{share(best.train_accuracy or 0.0)} of its training images right; from "
            f"{share(wanted.learned)} on it is looked at. Train it for longer, or with another "
            "learning_rate"
        )
    of = "" if wanted == RunFilter() else f" of {words(wanted)}"
    text = f"No training run{of} was found"
    odd = [run.message for run in fitting if run.val_accuracy is None and run.message]
    if odd:
        text += f". Runs that could not be recomputed: {len(odd)}; of the first, {odd[0]}"
    return f"{text}. Train one with the Solver that is handed out, in any cell of the notebooks"


def claim(best: Trained, on: On) -> str:
    """A run could not be recomputed or repeated, though it may be right."""
    if best.doubt:
        return (
            f"A training could not be repeated: {best.doubt}. It tells of "
            f"{share(claimed(best, on))} of {images(on)}; a person looks at it before it counts"
        )
    return (
        f"A run could not be recomputed: {best.message}. It tells of {share(claimed(best, on))} of "
        f"{images(on)}, which is an unverified claim; a person has to look"
    )


def used_wrong(message: str, wrong: ItemResult, status: str) -> str:
    """A run that did not do, or could not be repeated, used code that is charged elsewhere."""
    title = wrong.title or wrong.id
    waits = "" if status == "pending" else "; so a person looks at it, and it costs nothing by then"
    return f"{message}. Its training used {wrong.id}, which is not right yet (see {title}){waits}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
