"""What is judged by its properties, a random mask or how a net starts: which factor, which share.

The words are those of grader.judges.wrong, by which misconceptions are matched too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from grader.diagnosis import sentences
from grader.diagnosis.symptoms import Symptom
from grader.judges import Attempt
from grader.judges.wrong import ABSENT, DIVIDED, NO_ARRAY, OTHER, Answer, Key, Seen

# What a factor is called, and what it means when it stands in the place of 1/keep, or of 1.
FACTORS: Mapping[str, str] = {
    "0": "by 0",
    "1": "by 1",
    "keep": "by the share that is kept",
    "1/keep": "by 1 over the share that is kept",
    "1-keep": "by the share that is dropped",
    "1/(1-keep)": "by 1 over the share that is dropped",
    "1/keep^2": "twice by 1 over the share that is kept",
}
SHARES: Mapping[str, str] = {
    "turned": "the share that should be dropped is kept, and the other way round: p is read the "
    "wrong way",
    "normal": "the share that is kept is that of normal numbers below p: draw uniform ones",
    "normal turned": "the share that is kept is that of normal numbers below the share that should "
    "be dropped: draw uniform ones, and read p the other way round",
    "normal above": "the share that is kept is that of normal numbers above the share that should "
    "be dropped: draw uniform ones",
    "normal above turned": "the share that is kept is that of normal numbers above p, and p is "
    "read the other way round: draw uniform ones",
    "half": "half of the units are kept, whatever p is",
    "all": "no unit is dropped",
    "none": "every unit is dropped",
    OTHER: "another share of the units is kept than p asks for: look at what the random numbers "
    "are compared with",
}
SIZE = 1e-4  # relative, of a derivative taken by differences
KEPT = ("nets.", "optim.")  # probes whose answers stand in dictionaries


def find(seen: Sequence[Seen], answers: Mapping[Key, Answer]) -> list[Symptom]:
    """Return what wrong answers in words show, the most telling first."""
    by_output: dict[str, list[frozenset[str]]] = {}
    for (_, output), answer in answers.items():
        if isinstance(answer, frozenset):
            by_output.setdefault(output, []).append(answer)
    found: dict[str, Symptom] = {}
    for output, words in by_output.items():
        for name, message in _sentences(output, frozenset.intersection(*words)):
            found.setdefault(name, Symptom(name, (output,), message, False))
            break
    absent = _absent(by_output, bool(seen) and seen[0].case.probe.startswith(KEPT))
    for one in (*_behind_dropout(seen), *_starts(by_output), *absent):
        found.setdefault(one.id, one)
    return list(found.values())


def _sentences(output: str, words: frozenset[str]) -> Iterator[tuple[str, str]]:
    for word in sorted(words) if output in PHRASES else ():
        if sentence := PHRASES[output](word):
            is_sentence = PHRASES[output] in (_mask, _share)
            name = output if is_sentence else f"{output} {word.partition(',')[0]}"
            first = sentence[:1] if sentence.startswith(("dx ", "x ")) else sentence[0].upper()
            yield _slug(name), f"{first}{sentence[1:]}."


def _scale(word: str) -> str | None:
    if word == OTHER:
        return "units that are kept are multiplied by a number that does not keep the mean"
    if word not in FACTORS or word == "1/keep":
        return None
    return f"units that are kept are multiplied {FACTORS[word]}, and not {FACTORS['1/keep']}"


def _test(word: str) -> str | None:
    if word == "drops":
        return "units are dropped in test mode too, where nothing should change"
    if word not in FACTORS or word == "1":
        return None
    return f"in test mode x is multiplied {FACTORS[word]}, where nothing should change"


BACKWARD: Mapping[str, str] = {
    OTHER: "dx is not dout times the mask of the forward pass, scaled in any way",
    "turned mask": "dx passes where the forward pass dropped a unit, and is zero where it kept one",
    "another mask": "dx is dropped by another mask than that of the forward pass",
    "dout * ": "dx is dout multiplied {factor}, without the mask of the forward pass",
    "mask * ": "dx is right but for a factor: it is multiplied {factor} once too often",
    "zeros * ": "dx has its zeros in the right places, and the units that are kept are multiplied "
    "{factor}",
}


def _backward(word: str) -> str | None:
    key = next((key for key in BACKWARD if word.startswith(key)), None)
    if key is None:
        return None
    return BACKWARD[key].format(factor=FACTORS[word.removeprefix(key)] if "*" in key else "")


def _mask(word: str) -> str | None:
    """These words are a judge's own sentence."""
    sentence = word.partition(";")[0]
    return (
        sentence
        if sentence.startswith(("units", "every", "no unit", "two calls", DIVIDED))
        else None
    )


def _share(word: str) -> str | None:
    """The word is a judge's own sentence."""
    if not word.startswith("the net keeps as many"):
        return None
    return f"{word}: 1 - p seems to reach the dropout layer in the place of p"


PHRASES: Mapping[str, Callable[[str], str | None]] = {
    "share": _share,
    "mask": _mask,
    "draws": _mask,
    "scale": _scale,
    "keep_fraction": lambda word: SHARES.get(word.partition(",")[0]),
    "out": _test,
    "dx": _backward,
}


def _absent(by_output: Mapping[str, Sequence[frozenset[str]]], kept: bool) -> Iterator[Symptom]:
    """What never comes back, as an array or at all: it is `kept` in a dictionary, or returned."""
    others = sorted(name for name, words in by_output.items() if set(words) == {NO_ARRAY})
    if others:
        verb = "is no array" if len(others) == 1 else "are no arrays"
        message = f"{sentences.listed(others)} {verb} of numbers: print the type, and the shape."
        yield Symptom("no-array", tuple(others), message, False)
    outputs = sorted(name for name, words in by_output.items() if set(words) == {ABSENT})
    if outputs:
        one = len(outputs) == 1
        verb, come, them = ("is", "comes", "it is") if one else ("are", "come", "they are")
        message = f"{verb} missing: look at the names under which {them} kept"
        ends = any(name.startswith("d") for name in outputs)
        message += ", and at where the loop over the layers ends." if ends else "."
        if not kept:
            message = f"{come} back as None: {them} never computed, or under another name."
        message = f"{sentences.listed(outputs)} {message}"
        yield Symptom("absent", tuple(outputs), message, False)


def _starts(by_output: Mapping[str, Sequence[frozenset[str]]]) -> Iterator[Symptom]:
    """How parameters start that do not start as they should."""
    groups: dict[str, list[str]] = {}
    for output, words in by_output.items():
        for word in frozenset.intersection(*words):
            is_shape = "wrong shape" in word.partition(";")[0]
            how = "wrong shape" if is_shape else word.partition(" axes, ")[2]
            if how in STARTS or how.startswith("all "):
                groups.setdefault(how, []).append(output)
    for how, names in groups.items():
        outputs = sorted(set(names) - {"fresh"}) or ["a parameter"]  # fresh: of a second net
        start = f"{sentences.listed(outputs)} {'starts' if len(outputs) == 1 else 'start'}"
        message = f"{start} {STARTS.get(how) or f'as {how[4:]} in every cell'}."
        # A constant is seen, and not guessed.
        yield Symptom(f"starts-{_slug(how)}", tuple(outputs), message, how not in STARTS)


STARTS: Mapping[str, str] = {
    "wrong shape": "in another shape: rows belong to what comes in, columns to what goes out",
    "other": "with numbers of another size than weight_scale asks for",
    "many numbers": "with many different numbers, where one belongs",
    "uniform": "with uniform numbers, where normal ones belong",
    "unscaled": "with numbers that are not multiplied by weight_scale",
    "one number": "with the same number in every cell",
}


def _behind_dropout(seen: Sequence[Seen]) -> Iterator[Symptom]:
    """Gradients of a net that are right but for powers of keep: a mask is scaled one way only."""
    for word in ("keep", "1/keep"):
        attempts = [one.attempt for one in seen if one.attempt and one.case.judge == "nets.seeded"]
        if attempts and all(_off_by(word, attempt) for attempt in attempts):
            message = (
                f"Some gradients of the net are multiplied {FACTORS[word]} once too often: "
                "the mask is scaled in one direction and not in the other."
            )
            yield Symptom(f"gradients-times-{_slug(word)}", ("analytic",), message, False)


def _off_by(word: str, attempt: Attempt) -> bool:
    keep = float(attempt.case.options["keep"])
    pair = [attempt.arrays.get(name) for name in ("analytic", "numeric")]
    if any(a is None or a.ndim != 1 or not np.all(np.isfinite(a)) for a in pair):
        return False
    analytic, numeric = (np.asarray(a, dtype=np.float64) for a in pair)
    if analytic.shape != numeric.shape or not np.all(numeric):
        return False
    ratio, base = analytic / numeric, keep if word == "keep" else 1 / keep
    with np.errstate(divide="ignore"):
        powers = np.round(np.log(np.abs(ratio)) / np.log(base))
    fits = np.abs(ratio - base**powers) <= SIZE * np.abs(ratio)
    return bool(np.all(fits) and np.all(powers >= 0) and np.any(powers > 0))


def _slug(word: str) -> str:
    kept = word.replace("/", " over ").replace("^", " ").replace("*", " times ")
    return "-".join("".join(c if c.isalnum() else " " for c in kept).split()).lower()
