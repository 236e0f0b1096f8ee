"""Why is it wrong? From the evidence of what failed to a sentence and the hints that fit it.

    plain      a file that cannot be imported, a result that is not returned, other names
    match      a misconception that gives the same wrong numbers (reference/misconceptions)
    plain      else whether answers differ from run to run, or arguments are changed in place
    symptoms   else what wrong numbers have to do with the right ones: a factor, a transpose
    properties the same of what is random: which share is kept, by which factor
    misused    else, where a net stops inside a right layer, the line that calls it
    stops      else what an exception of this kind usually means
    source     and, where nothing is certain, what the source shows by itself

Nothing here looks at an item that is right, and nothing runs student code.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from grader.diagnosis import (
    lines,
    match,
    misused,
    plain,
    properties,
    sentences,
    source,
    stops,
    symptoms,
)
from grader.diagnosis.match import Match
from grader.diagnosis.symptoms import Symptom
from grader.errors import BackgradeError, log_fault
from grader.golden.misconceptions import Misconceptions
from grader.grading.endings import Place
from grader.grading.facts import Facts
from grader.grading.verdicts import Evaluator, Verdict
from grader.guest.operations import forward_of
from grader.types import Cause, Diagnosis, Evidence

MOST = 2  # causes that one item is given
FORWARD = ("out", "scores", "loss")
DECIDED = ("value", "shape", "not_finite")
OWN = (
    "symptom/gradient-of-the-own-forward-pass",
    "The gradients are right for your own forward pass: it is the forward pass that is wrong.",
)


def causes(facts: Facts, own: Collection[str] = (), quiet: bool = False) -> dict[str, Diagnosis]:
    """Return the diagnosis of each failed item that has one; `facts.known.wrong` is read once.

    `own` names the items whose wrong gradients are those of their own forward pass. No text of the
    student's process is repeated if `quiet`, nor for an item that follow-through tried again.
    """
    found = {}
    for name in facts.failed():
        if not facts.lost(name):
            continue
        again = facts.followed.get(name)
        seen = replace(facts, evidence={**facts.evidence, **again.evidence}) if again else facts
        diagnosis = _guarded(name, seen, quiet or again is not None)
        if name in own and not (diagnosis and (diagnosis.hints or diagnosis.whole)):
            if _forward_is_wrong(name, facts.verdicts):  # no misconception says more
                diagnosis = _with_own(diagnosis)
        diagnosis = _behind_forward(diagnosis, name, facts.verdicts)
        if diagnosis is not None:
            found[name] = diagnosis
    return found


def certain_causes(facts: Facts, evidence: Mapping[str, Evidence]) -> dict[str, Diagnosis]:
    """Return the misconceptions that are certain by other evidence of some items' cases."""
    items = {case.item for case in facts.rubric.cases if case.id in evidence}
    asked = {name: verdict for name, verdict in facts.verdicts.items() if name in items}
    again = replace(facts, evidence=evidence, verdicts=asked, followed={})
    found = causes(again, quiet=True)
    return {name: why for name, why in found.items() if why.cause.certain and why.hints}


def _guarded(name: str, facts: Facts, quiet: bool) -> Diagnosis | None:
    """Return an item's diagnosis; None if the search itself breaks."""
    try:
        with np.errstate(all="ignore"):  # a student's numbers may be anything
            return _of_item(name, facts, quiet)
    except BackgradeError:
        raise
    except Exception:  # noqa: BLE001 - a fault of ours in explaining may not cost a grade
        log_fault(f"explaining the item {name}")
        return None


def _of_item(name: str, facts: Facts, quiet: bool) -> Diagnosis | None:
    """Return what the answers show, and beside it what the source does."""
    found = _by_answers(name, facts, quiet)
    mine = [facts.evidence[c.id] for c in facts.cases(name) if c.id in facts.evidence]
    if found is None and any(one.outcome == "not_written" for one in mine):
        return None  # the source of a stub shows nothing
    return _with_source(found, Place.of(facts.verdicts[name].item), facts.evaluator)


def _by_answers(name: str, facts: Facts, quiet: bool) -> Diagnosis | None:
    verdict, lost, evidence = facts.verdicts[name], facts.lost(name), facts.evidence
    item, evaluator, wrong = verdict.item, facts.evaluator, facts.known.wrong
    cases = [
        replace(case, public=case.public and not quiet and not _is_again(evidence[case.id]))
        for case in facts.cases(name)
        if case.id in evidence
    ]
    if (known := plain.find(cases, [evidence[case.id] for case in cases], evaluator)) is not None:
        return _plain(known)
    seen = [match.seen_of(case, evidence[case.id], evaluator) for case in cases]
    worth = {part.id: part.points for part in item.parts}
    lost = sorted(lost, key=lambda part: -worth[part])
    mine, theirs = match.compared(item, seen, wrong)
    bad = {case_id for case_id, _ in mine.answers}
    ended = [evidence[case.id] for case in cases]
    right_layers = [other for other, one in facts.verdicts.items() if one.passed]
    stop = misused.find(cases, ended, right_layers) or stops.find(cases, ended, evaluator)
    matches = match.find(item.id, mine, theirs, lost)
    if stop is not None and stop.certain and not _has_numbers(mine):
        matches = [one for one in matches if one.certain]  # an exception of a kind has many causes
    covered = {part for one in matches for part in one.parts}
    rest = [] if match.WHOLE in covered else [part for part in lost if part not in covered]
    names = plain.names(seen)
    if names is not None and not any(one.certain for one in matches):
        return _plain(names)
    if not matches and (each := plain.unstable([evidence[case.id] for case in cases])):
        return Diagnosis(Cause(f"symptom/{each[0]}", each[1], True))
    signs = symptoms.find(item, seen, rest)
    if forward_of(name, promised=False) and _forward_is_wrong(name, facts.verdicts):
        # dgamma is a sum over what that one keeps: which slip it shows is the forward pass's.
        signs = [one for one in signs if one.outputs != ("dgamma",)]
    matches = [one for one in matches if not _is_beside(one, signs, item.part_of("t", cases[0]))]
    signs = signs or ([] if matches else properties.find(seen, mine.answers))
    # A mistake that leaves something open is not the whole story. A step follows from what is kept:
    # averages that are wrong in another way make it look like another mistake.
    if rest or (match.WHOLE not in covered and any(c.probe == "optim.update" for c in cases)):
        matches = [replace(one, certain=False) for one in matches]
    if stop is not None and not matches:  # what stops comes before what other numbers show
        return _stopped(stop, bad, evidence)
    clear = [one for one in signs if not sentences.is_vague(one.id)]
    signs = (clear or ([] if matches else signs))[: MOST - len(matches[:MOST])]
    if matches or signs:
        signs = [_with_line(one, Place.of(item), evaluator) for one in signs]
        return _joined(matches[:MOST], signs, wrong, names)
    if (changed := plain.changed(cases, evidence, bad, verdict.faults)) is not None:
        return Diagnosis(Cause(f"symptom/{changed[0]}", changed[1], changed[2]))
    return None if stop is None else _stopped(stop, bad, evidence)


def _is_beside(known: Match, signs: Sequence[Symptom], count: str | None) -> bool:
    """Say whether a mistake is only what follows from what `signs` show: scores of another shape,
    or steps that are counted wrong, in the part `count`.
    """
    roots = {one.outputs[0]: one.id for one in signs if one.outputs}
    is_short = roots.get("scores") == "the-last-layer-is-missing"
    return is_short or ("t" in roots and not known.parts & {count, match.WHOLE})


def _has_numbers(mine: match.Mine) -> bool:
    """Say whether some wrong answer is an array."""
    return any(isinstance(answer, np.ndarray) for answer in mine.answers.values())


def _is_again(evidence: Evidence) -> bool:
    """Say whether it is that of another run, which hidden inputs may have come before."""
    return evidence.unstable or evidence.single


def _stopped(stop: stops.Stop, bad: Collection[str], evidence: Mapping[str, Evidence]) -> Diagnosis:
    """Return why cases stopped; it is certain where nothing else went wrong."""
    answered = any(evidence[one].outcome == "answered" for one in bad if one in evidence)
    return Diagnosis(Cause(f"symptom/{stop.id}", stop.message, stop.certain and not answered))


def _with_source(found: Diagnosis | None, place: Place, evaluator: Evaluator) -> Diagnosis | None:
    """Add what the source shows to a diagnosis that is not certain; it is never proof.

    It takes the place of a symptom that names nothing but the outputs.
    """
    if found is not None and (found.hints and found.cause.certain or found.whole):
        return found
    if found is not None and found.cause.certain:
        more = source.order(place, evaluator.sources)
        message = " ".join([found.cause.message, *more])
        return replace(found, cause=replace(found.cause, message=message))
    kept = "" if found is None or sentences.is_vague(found.cause.id) else found.cause.message
    named = found.cause.id.count("+") + 1 if found and kept else 0
    facts = source.facts(place, evaluator.sources)[: max(0, MOST - named)]
    if not facts:
        return found
    name = f"{found.cause.id}+symptom/source" if found else "symptom/source"
    message = " ".join(filter(None, [kept, *facts]))
    return Diagnosis(Cause(name, message, False), found.hints if found else ())


def _behind_forward(
    diagnosis: Diagnosis | None, name: str, verdicts: Mapping[str, Verdict]
) -> Diagnosis | None:
    """Return that a normalization's forward pass comes first, where nothing else is known."""
    known = diagnosis is not None and not sentences.is_vague(diagnosis.cause.id)
    forward = forward_of(name, promised=False)
    if known or not forward or not _forward_is_wrong(name, verdicts):
        return diagnosis
    message = f"{forward} is wrong, and {name} works with what it keeps: mend {forward} first."
    return Diagnosis(Cause("symptom/behind-the-forward-pass", message, False))


def _with_own(diagnosis: Diagnosis | None) -> Diagnosis:
    """Add that the gradients fit the own forward pass: the mistake is there."""
    if diagnosis is None or sentences.is_vague(diagnosis.cause.id):
        return Diagnosis(Cause(OWN[0], OWN[1], True))
    cause = diagnosis.cause
    return Diagnosis(Cause(f"{OWN[0]}+{cause.id}", f"{OWN[1]} {cause.message}", cause.certain))


def _with_line(sign: Symptom, place: Place, evaluator: Evaluator) -> Symptom:
    """Add the line in which the first output of a symptom is made, where the source shows it."""
    sources, method = evaluator.sources, "__init__" if sign.id.startswith("starts-") else "loss"
    at = lines.of_default(place, sign.setting, sources) if sign.setting else None
    if at is None and sign.outputs:
        at = lines.of(place, sign.outputs[0], sources, sign.mode, method)
    if at is None or not sign.message.endswith("."):
        return sign
    return replace(sign, message=f"{sign.message[:-1]} ({place.module}.py line {at}).")


def _plain(known: plain.Plain) -> Diagnosis:
    return Diagnosis(Cause(f"symptom/{known[0]}", known[1], True), whole=True)


def _forward_is_wrong(name: str, verdicts: Mapping[str, Verdict]) -> bool:
    """Say whether the forward pass that gradients go with was decided wrong, in some case.

    One that just stopped, or stopped in its backward pass, was not.
    """
    item = verdicts[name].item
    passes = [item.id, *(need for need in item.needs if need.endswith("_forward"))]
    faults = [fault for one in passes if one in verdicts for fault in verdicts[one].faults]
    return any(fault.kind in DECIDED and fault.output in FORWARD for fault in faults)


def _joined(
    matches: list[Match],
    signs: list[Symptom],
    wrong: Misconceptions,
    parameters: plain.Plain | None,
) -> Diagnosis:
    """Return the diagnosis that known mistakes and, for what they leave open, symptoms make.

    Where a known mistake is about the names of `parameters`, those that are there are listed.
    """
    told = [wrong.explanation(one.mistake) for one in matches]
    listed = (parameters[1],) if parameters else ()
    message = " ".join([*(one.message for one in told), *listed, *(one.message for one in signs)])
    names = [one.mistake for one in matches] + [f"symptom/{one.id}" for one in signs]
    certain = all(one.certain for one in matches) and all(one.certain for one in signs)
    cause = Cause("+".join(dict.fromkeys(names)), message, certain)
    if not told:
        return Diagnosis(cause)
    first, second, third = told[0].hints
    formula = told[0].formula  # the self-check knows none
    return Diagnosis(cause, (first, f"{second} In short: {formula}." if formula else second, third))
