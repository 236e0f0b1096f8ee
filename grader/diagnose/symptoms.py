"""What wrong numbers have to do with the right ones, where no usual mistake gives them.

Each output is looked at in every case in which it is wrong. A rule gives the words that hold in one
case ("factor N", "column offset"); only words that hold in all of them count, and they are certain
only where they hold to 1e-9. No sentence holds a hidden number: a factor is named or not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.diagnose import relations, sentences, spread
from grader.diagnose.relations import Observed
from grader.judges import find as judge
from grader.judges.wrong import Key, Seen

if TYPE_CHECKING:
    from grader.rubric import ItemTable

# Outputs that others follow from: what an update rule keeps, and the forward pass.
STATE = ("velocity", "cache", "m", "v", "t")
ROOTS = (*STATE, "scores", "loss", "out")
REG = "only with reg"  # says by itself that it is about regularization
COUNT = "parameters_without_gradient"  # no answer of the student's
Found = tuple[str, bool, str, bool]  # words, is it what reg adds, output, certain
EXACT, LOOSE = 1e-9, 1e-5  # LOOSE: single precision


@dataclass(frozen=True)
class Symptom:
    """What holds for `outputs` in every case where they are wrong."""

    id: str
    outputs: tuple[str, ...]
    says: str
    certain: bool


def errors(seen: Iterable[Seen]) -> dict[Key, float]:
    """Return how far each wrong output is from right, in units of its scale."""
    return {
        (one.case.id, found.output): found.error
        for one in seen
        if one.look is not None
        for found in judge(one.case.judge).decide(one.look)
        if found.kind is not None and found.error is not None
    }


def find(item: ItemTable, seen: Sequence[Seen], lost: Sequence[str]) -> list[Symptom]:
    """Return what the wrong outputs of the `lost` parts show, the most telling first."""
    wrong, right = _observed(item, seen, lost)
    if len(wrong) > 1 and set(wrong) & set(STATE):
        wrong.pop("next_w", None)  # it follows from what is kept
    sound = [name for name in right if name not in wrong and name != COUNT]
    found: list[Found] = []
    for output, observed in wrong.items():
        words, certain = _words(observed)
        if spread.defaults(observed, right.get(output, [])):
            words, certain = "only with defaults", False
        if words is None:
            words = spread.words(output, observed, right.get(output, []), sound)
            certain = False
        if words is not None:
            found.append((words, _is_added(observed) and words != REG, output, certain))
    return _told(found)


def _observed(
    item: ItemTable, seen: Sequence[Seen], lost: Sequence[str]
) -> tuple[dict[str, list[Observed]], dict[str, list[Observed]]]:
    """Return output -> observations where it is wrong, and where it is right."""
    wrong: dict[str, list[Observed]] = {}
    right: dict[str, list[Observed]] = {}
    order = {part: n for n, part in enumerate(lost)}
    for one in seen:
        if one.look is None or not judge(one.case.judge).golden:
            continue
        for found in judge(one.case.judge).decide(one.look):
            part = item.part_of(found.output, one.case)
            if part is None:
                continue
            good = found.kind is None or found.warning
            row = Observed.of(one.look, found)
            if good:
                right.setdefault(found.output, []).append(row)
            elif part in order and found.got is not None:
                wrong.setdefault(found.output, []).append(row)
    first = {
        name: (name not in ROOTS, min(order[_part(item, one)] for one in rows))
        for name, rows in wrong.items()
    }
    return {name: wrong[name] for name in sorted(wrong, key=lambda name: first[name])}, right


def _part(item: ItemTable, one: Observed) -> str:
    return item.part_of(one.output, one.case) or ""


def _words(observed: Sequence[Observed]) -> tuple[str | None, bool]:
    """Return the first words that hold in all cases, and whether they hold exactly."""
    shaped = [one for one in observed if one.has_other_shape]
    for tolerance in (EXACT, LOOSE):
        told = [relations.words(one, tolerance) for one in shaped or observed]
        # A word with a question mark holds trivially in its case: it may not be the only witness.
        maybe = [{word.rstrip("?") for word in words} for words in told]
        common = [
            word
            for word in dict.fromkeys(word for words in told for word in words)
            if not word.endswith("?") and all(word in words for words in maybe)
        ]
        if common:
            return _unambiguous(common), tolerance == EXACT and len(shaped) in (0, len(observed))
    return None, False


def _unambiguous(common: Sequence[str]) -> str:
    """Return the first words; a factor that fits two names, as 2 = N, is told as a number."""
    named = [word for word in common if word.startswith("factor ")]
    if common[0] not in named or len(named) == 1:
        return common[0]
    return next((word for word in named if word.strip("factor-1/ ") in "23"), "factor")


def _is_added(observed: Sequence[Observed]) -> bool:
    """Say whether an output is wrong only in what reg adds to it."""
    return all(one.case.probe.endswith("_regularization") for one in observed)


def _told(found: Sequence[Found]) -> list[Symptom]:
    """Join outputs that show the same; those whose words tell most come first."""
    groups: dict[tuple[str, bool], list[tuple[str, bool]]] = {}
    for words, adds, output, certain in found:
        groups.setdefault((words, adds), []).append((output, certain))
    told = [
        Symptom(
            sentences.slug(words),
            tuple(output for output, _ in members),
            sentences.sentence(words, [output for output, _ in members], adds),
            all(certain for _, certain in members),
        )
        for (words, adds), members in groups.items()
    ]
    return sorted(told, key=lambda one: (one.outputs[0] not in ROOTS, not one.certain))
