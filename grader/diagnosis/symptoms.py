"""What wrong numbers have to do with the right ones, where no misconception gives them.

Each output is looked at in every case in which it is wrong. A rule gives the words that hold in one
case ("factor N", "column offset"); only words that hold in all of them count, and they are certain
only where they hold to 1e-9. No sentence holds a hidden number: a factor is named or not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.diagnosis import relations, sentences, spread
from grader.diagnosis.formulas import SLIP
from grader.diagnosis.relations import Observed
from grader.diagnosis.spread import MODES
from grader.judges import find as judge
from grader.judges.wrong import Seen
from grader.rubric.records import Item

# Outputs that others follow from: what an update rule keeps, and the forward pass.
AVERAGES = ("velocity", "cache", "m", "v")  # what next_w follows from
ROOTS = (*AVERAGES, "t", "scores", "loss", "out")
REG = "only with reg"  # says by itself that it is about regularization
COUNT = "parameters_without_gradient"  # no answer of the student's
KEPT = "same at every step"
ADDED = "_regularization"  # probes that look at what reg adds
EXACT, LOOSE = 1e-9, 1e-5  # LOOSE: single precision


@dataclass(frozen=True)
class Symptom:
    """What holds for `outputs` in every case where they are wrong."""

    id: str
    outputs: tuple[str, ...]
    message: str
    certain: bool
    mode: str = ""  # "train" or "test" where it shows in one of them only
    setting: str = ""  # whose default it is about


@dataclass(frozen=True)
class _Sign:
    """What holds for one output; outputs with the same `words` and forms are told together."""

    words: str
    output: str
    certain: bool
    adds: bool
    scalar: bool
    mode: str = ""


def find(item: Item, seen: Sequence[Seen], lost: Sequence[str]) -> list[Symptom]:
    """Return what the wrong outputs of the `lost` parts show, the most telling first."""
    wrong, right, undecided = _observed(item, seen, lost)
    if len(wrong) > 1 and set(wrong) & set(AVERAGES):
        wrong.pop("next_w", None)
    sound = [n for n in right if n not in wrong and n not in undecided and n != COUNT]
    found: list[_Sign] = []
    for output, observed in wrong.items():
        fine = right.get(output, [])
        if output.startswith("running_"):  # what other probes do not change is right there anyway
            probes = {one.case.probe for one in observed}
            fine = [one for one in fine if one.case.probe in probes]
        words, certain = _of_output(output, observed, fine, sound)
        if words is not None:
            adds = _is_added(observed) and words != REG
            scalar = all(relations.is_scalar(one) for one in observed)
            found.append(_Sign(words, output, certain, adds, scalar, _mode(observed)))
    if any(one.output == "t" for one in found):  # a step only follows from it, without a slip
        found = [s for s in found if s.output != "next_w" or s.words.startswith(SLIP)]
    return _joined(_exchanged(found))


def _of_output(
    output: str, wrong: Sequence[Observed], right: Sequence[Observed], sound: Sequence[str]
) -> tuple[str | None, bool]:
    """Return the words for an output and whether they are certain.

    What does not hold in the cases that are right depends on something: on what, is said first
    where it shows, and certain it is not.
    """
    where, certain = spread.defaults(wrong, right)
    if where is not None:
        return where, certain
    words, certain = _words(wrong)
    if words is None or not words.startswith((SLIP, KEPT)):
        if own := spread.own_setting(wrong, right):
            return own, True
    plain = [one for one in wrong if not _is_added([one])]
    if words is None and 0 < len(plain) < len(wrong):  # what reg adds is wrong as well
        words, certain = _words(plain)[0], False
    if words is None:
        return spread.words(output, wrong, right, sound), False
    others = [one for one in right if one.case.probe.endswith(ADDED) == _is_added(wrong)]
    if all(relations.holds(words, one, LOOSE) for one in others):
        return words, certain
    where = spread.condition(wrong, others)
    return f"{where or 'sometimes'}: {words}", certain and where in MODES


def _exchanged(found: Sequence[_Sign]) -> list[_Sign]:
    """Return what was found, with two outputs that are each other's told as such."""
    words = {one.output: one.words for one in found}
    kept = []
    for one in found:
        kind, _, other = one.words.rpartition(" ")
        if kind in ("is output", "starts as") and words.get(other) == f"{kind} {one.output}":
            if other < one.output:
                continue
            one = replace(one, words=f"exchanged with {other}")
        kept.append(one)
    return kept


def _observed(
    item: Item, seen: Sequence[Seen], lost: Sequence[str]
) -> tuple[dict[str, list[Observed]], dict[str, list[Observed]], set[str]]:
    """Return output -> observations where it is wrong, and where it is right; and the outputs that
    are not decided right everywhere.
    """
    wrong: dict[str, list[Observed]] = {}
    right: dict[str, list[Observed]] = {}
    undecided, absent = set[str](), set[str]()
    order = {part: n for n, part in enumerate(lost)}
    for one in seen:
        left = set(one.names)
        for found in one.found:
            part = item.part_of(found.output, one.case)
            good = found.kind is None or found.warning
            left -= {found.output} if good and part is not None else set()
            if part is None or not judge(one.case.judge).golden or one.attempt is None:
                continue
            if found.reason == "missing":
                absent.add(found.output)
            row = Observed.of(one.attempt, found)
            if good:
                right.setdefault(found.output, []).append(row)
            elif part in order and found.got is not None:
                wrong.setdefault(found.output, []).append(row)
        undecided |= left
    first = {
        name: (name not in ROOTS, min(order[item.part_of(name, one.case) or ""] for one in rows))
        for name, rows in wrong.items()
        if name not in absent  # what reg adds to it says nothing then
    }
    return {name: wrong[name] for name in sorted(first, key=first.__getitem__)}, right, undecided


def _words(observed: Sequence[Observed]) -> tuple[str | None, bool]:
    """Return the first words that hold in all cases, and whether they hold exactly."""
    shaped = [one for one in observed if one.has_other_shape]
    for tolerance in (EXACT, LOOSE):
        by_case: list[list[str]] = []
        for one in shaped or observed:  # a slip in the formula must be one in every case
            asks = all(any(word.startswith(SLIP) for word in words) for words in by_case)
            by_case.append(relations.words(one, tolerance, asks))
        # A word with a question mark holds trivially in its case: it may not be the only witness.
        maybe = [{word.rstrip("?") for word in words} for words in by_case]
        common = list(dict.fromkeys(word for words in by_case for word in words))
        common = [word for word in common if word[-1:] != "?" and all(word in m for m in maybe)]
        slip = [word for word in common if word.startswith(SLIP)]
        if slip and common[0].startswith(("factor =", "starts as")) or common[:1] == ["factor"]:
            common = [*slip, *common]  # which operation it is says more than that there is one
        if KEPT in common:  # nothing is stored: what the formula would have been is not seen
            common = [KEPT, *common]
        if len(observed) == 1:  # some factor makes any number of any other
            common = [word for word in common if not word.startswith("factor =")]
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
    return all(one.case.probe.endswith(ADDED) for one in observed)


def _mode(observed: Sequence[Observed]) -> str:
    """Return the mode of a layer in which an output is wrong, where it is wrong in one only."""
    modes = {one.case.probe.rpartition("_")[2] for one in observed}
    return modes.pop() if len(modes) == 1 and modes <= {"train", "test"} else ""


def _joined(found: Sequence[_Sign]) -> list[Symptom]:
    """Join outputs that show the same; those whose words tell most come first."""
    groups: dict[_Sign, list[_Sign]] = {}
    for one in found:  # by all but the output, and whether it is certain
        groups.setdefault(replace(one, output="", certain=False), []).append(one)
    joined = []
    for form, members in groups.items():
        outputs = tuple(one.output for one in members)
        message = sentences.sentence(form.words, outputs, form.adds, form.scalar)
        certain = all(one.certain for one in members)
        name, setting = sentences.slug(form.words), sentences.setting(form.words)
        joined.append(Symptom(name, outputs, message, certain, form.mode, setting))
    return sorted(joined, key=lambda one: (one.outputs[0] not in ROOTS, not one.certain))
