"""From the words of a symptom to one sentence that a student understands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# {o} names the outputs, {is} agrees with them, {it} stands for a word that the symptom carries.
SENTENCES: Mapping[str, str] = {
    "transposed": "{o} {is} transposed: swap the factors of the product, or the axes of the sum.",
    "another shape": "{o} {has} the right numbers in another shape: the shape must be that of what "
    "the answer belongs to.",
    "not summed": "{o} {has} one row or column too many: the sum over that axis is missing.",
    "not averaged": "{o} {has} one row or column too many: the mean over that axis is missing.",
    "one number": "{o} {is} one number where an array is expected: a sum or a maximum has run over "
    "all axes.",
    "shape turned round": "{o} {has} its two axes turned round.",
    "summed over features": "{o} {has} one number for each example: the sum has run over the "
    "features, and the batch is left.",
    "right count, other shape": "{o} {has} as many numbers as it should, in another shape.",
    "one axis too many": "{o} {has} one axis too many: a sum over the batch is missing.",
    "zero": "{o} {is} zero everywhere: something is never added, or multiplied by zero.",
    "not zero": "{o} should be zero, and {is} not.",
    "product factor": "{o} {is} right but for one factor in front of the product of x and w: look "
    "at what x or w is multiplied or divided by.",
    "sign": "{o} {has} the right size and the wrong sign.",
    "is input": "{o} {is} just {it}, handed on without change.",
    "is output": "{o} {is} what {it} should be.",
    "exchanged with": "{o} and {it} are exchanged: each of them is what the other should be.",
    "factor": "{o} {is} off by one factor, the same in every cell.",
    "missing": "{o} {is} right but for {it}, which is not added.",
    "extra": "{o} {is} right but for {it}, which is added once too often.",
    "taken off": "{o} {is} right but for {it}, which is taken off instead of added.",
    "times": "{o} {is} multiplied by {it} once too often.",
    "without factor": "{o} {is} right but for {it}, which is not multiplied in.",
    "off by a multiple of": "{o} {is} off by a multiple of {it}.",
    "one step late": "{o} {is} one step late: each step shows what belonged to the step before.",
    "same at every step": "{o} {is} the same at every step: what one step computes does not reach "
    "the next. Store it in the dictionary, under this name.",
    "no step": "{o} never {moves}: the step is not added to w.",
    "steps uphill": "{o} {moves} the wrong way: the sign of the step is turned round.",
    "steps of another size": "{o} {moves} in the right direction, by steps of another size.",
    "steps off over time": "{o} {moves} by steps that are off by one factor in all cells, which "
    "changes from step to step: look at what depends on the number of steps.",
    "steps off by cell": "{o} {moves} by steps that are off by a factor of its own in each cell, "
    "the same at every step.",
    "gradient of the wrong power": "{o} {has} the gradient where its square belongs, or its square "
    "where it belongs itself.",
    "sign of the gradient": "{o} {has} the gradient with the wrong sign in it.",
    "sign of what was kept": "{o} {has} what was kept from the step before with the wrong sign in "
    "it.",
    "both signs": "{o} {has} both terms with the wrong sign: what was kept from the step before, "
    "and the new gradient.",
    "factors exchanged": "{o} {has} its two factors exchanged: the one of what was kept from the "
    "step before, and the one of the new gradient.",
    "factor of the old": "{o} multiplies what was kept from the step before by another factor than "
    "the rule.",
    "factor of the new": "{o} multiplies the new gradient by another factor than the rule.",
    "both factors": "{o} multiplies both what was kept from the step before and the new gradient "
    "by other factors than the rule.",
    "right at the first step": "{o} {is} right at the first step and wrong from the second: look "
    "at what is kept in the dictionary for the next call.",
    "wrong from the first step": "{o} {is} wrong from the first step on: do one step by hand, for "
    "one number.",
    "mean missing": "{o} {is} right but for the gradient through the mean, which is missing.",
    "variance missing": "{o} {is} right but for the gradient through the variance: it is missing.",
    "direct missing": "{o} {is} right but for the direct way, which is missing.",
    "mean and variance missing": "{o} {is} the direct way only: the gradients through the mean and "
    "the variance are missing.",
    "mean sign": "{o} {is} right but for the sign of the gradient through the mean.",
    "variance sign": "{o} {is} right but for the sign of the gradient through the variance.",
    "direct sign": "{o} {is} right but for the sign of the direct way.",
    "mean factor": "{o} {is} right but for a factor in the gradient through the mean.",
    "variance factor": "{o} {is} right but for a factor in the gradient through the variance.",
    "direct factor": "{o} {is} right but for a factor in the direct way.",
    "column mean left": "{o} {is} off by a constant in each column: its mean over the batch should "
    "come out as 0. Look at what is taken off, and at the axis of its sum or mean.",
    "row mean left": "{o} {is} off by a constant in each row: its mean over the features should "
    "come out as 0. Look at what is taken off, and at the axis of its sum or mean.",
    "column offset": "{o} {is} off by a constant in each column: look at what is added or taken "
    "off column by column.",
    "row offset": "{o} {is} off by a constant in each row: look at what is added or taken off row "
    "by row.",
    "column factor": "{o} {is} off by a factor of its own in each column: look at what is "
    "multiplied or divided column by column.",
    "row factor": "{o} {is} off by a factor of its own in each row: look at what is multiplied or "
    "divided row by row.",
    "column line": "{o} {is} off by a factor and a constant of its own in each column: look at the "
    "mean, at what it is divided by, and at gamma and beta.",
    "row line": "{o} {is} off by a factor and a constant of its own in each row: look at the mean "
    "and at what it is divided by.",
    "step offset": "{o} {is} off by a constant in each batch.",
    "step factor": "{o} {is} off by a factor of its own in each batch.",
    "step line": "{o} {is} off by a factor and a constant of its own in each batch.",
    "step mean left": "{o} {is} off by a constant in each batch.",
    "normalized row offset": "{o} {is} off by a constant in each row before gamma and beta: look "
    "at the mean of an example.",
    "normalized row factor": "{o} {is} off by a factor of its own in each row before gamma and "
    "beta: look at what an example is divided by.",
    "normalized sign": "{o} {has} the wrong sign before gamma and beta: look at what is taken off "
    "what.",
    "normalized row line": "{o} {is} off by a factor and a constant of its own in each row before "
    "gamma and beta: look at mean and scale of an example.",
    "the last layer is missing": "{o} {has} as many columns as the last hidden layer has units: "
    "the last layer is missing.",
    "sums of rows are 1": "{o} {has} rows whose sums are 1: these are probabilities, and what "
    "softmax makes them of is asked for.",
    "an axis is missing": "{o} {has} an axis too few: one part of the computation is lost, or a "
    "sum has run over too many axes.",
    "only with defaults": "{o} {is} right where the settings are given and wrong with the default "
    "ones: look at the default values.",
    "only with the default": "{o} {is} right where {it} is given and wrong where it is left out: "
    "look at the default that your code sets for it.",
    "like another eps": "{o} {is} nearly right for usual numbers and off for very small ones: look "
    "at eps, and at what it is added to.",
    "sign of some": "{o} {has} the right size everywhere and the wrong sign in some cells.",
    "misplaced": "{o} {has} the right numbers in the wrong places: a reshape is no transpose.",
    "one number everywhere": "{o} {is} the same number in every cell.",
    "nan everywhere": "{o} {is} nan everywhere: look for 0/0 or the root of a negative number.",
    "inf everywhere": "{o} {is} infinite everywhere: look for a division by zero.",
    "nan where x is": "{o} {is} nan where x is {it}.",
    "inf where x is": "{o} {is} infinite where x is {it}.",
    "nan in whole columns": "{o} {is} nan in whole columns: look for 0/0 or the root of a negative "
    "number that belongs to a feature.",
    "inf in whole columns": "{o} {is} infinite in whole columns: look for a division by zero.",
    "nan somewhere": "{o} {has} nan in it: look for 0/0 or the root of a negative number.",
    "inf somewhere": "{o} {has} infinite numbers in it: look for a division by zero.",
    "only with options": "{o} {is} right with the default settings and wrong with others: a "
    "setting is not read, or read wrongly.",
    "only with state": "{o} {is} right from a fresh start and wrong where earlier steps are handed "
    "over: look at what is read from the dictionary.",
    "only from a fresh start": "{o} {is} right where earlier steps are handed over and wrong from "
    "a fresh start: look at what your code starts from.",
    "with one value of": "{o} {is} what comes out with one value of {it}, which is not the one "
    "that was asked for: look at where it is read, and at its default.",
    "starts as": "{o} {is} what {it} should be after the first step: look at which name each of "
    "them is stored under.",
    "moves by a share of w": "{o} also {moves} by a share of w itself at every step: a decay of "
    "the weights that the rule does not have.",
    "counted twice": "{o} goes up by 2 at every step: it is counted up twice.",
    "wrong everywhere": "{o} {is} wrong from the start: compute one cell of it by hand, and print "
    "each step of your code for that cell.",
    "not counted": "{o} {is} the same after every step: it is not counted up, or the count is not "
    "stored.",
    "one behind": "{o} {is} one less than the number of steps taken.",
    "one ahead": "{o} {is} one more than the number of steps taken.",
    "only with some axes": "{o} {is} right for inputs with some numbers of axes and wrong for "
    "others: look at where the code asks how many axes there are.",
    "only with more axes": "{o} {is} right for matrices and wrong for inputs with more axes.",
    "only with reg": "{o} {is} right without regularization and wrong with it.",
    "only small numbers": "{o} {is} right for usual numbers and wrong for very small ones: look at "
    "eps, and at what it is added to.",
    "only shifted": "{o} {is} right around zero and wrong for inputs that are shifted: look at "
    "where the mean is taken off.",
    "only square": "{o} {is} wrong for square inputs only: two axes may be mixed up where both "
    "have one size.",
    "only deep": "{o} {is} right for one hidden layer and wrong for more.",
    "only in test mode": "{o} {is} right in training and wrong in test mode.",
    "only in training": "{o} {is} right in test mode and wrong in training.",
    "in single precision": "{o} {is} right to single precision only: somewhere float32 is used "
    "where float64 came in.",
    "hidden units times": "{o} {is} what comes out where every hidden unit is multiplied by {it}: "
    "without labels dropout changes nothing.",
    "nearly right": "{o} {is} nearly right: only the last digits are off, as by another eps, or by "
    "single precision.",
    "wrong where x is": "{o} {is} wrong only where x is {it}.",
    "wrong where dout is": "{o} {is} wrong only where dout is {it}.",
    "wrong in the first": "{o} {is} wrong in the first {it} only.",
    "wrong in the last": "{o} {is} wrong in the last {it} only.",
    "wrong in some": "{o} {is} right in some {it} and wrong in others.",
    "too": "{o} {has} the right signs, but every number is too {it}.",
    "all above": "{o} {is} too high in every cell.",
    "all below": "{o} {is} too low in every cell.",
}
# The same of what is one number, or one at each step.
SCALARS: Mapping[str, str] = {
    "zero": "{o} {is} zero: something is never added, or multiplied by zero.",
    "factor": "{o} {is} off by one factor, the same in every check.",
    "sign of some": "{o} {has} the wrong sign in some checks.",
    "misplaced": "{o} {has} the right numbers in the wrong order.",
    "one number everywhere": "{o} {is} the same at every step.",
    "wrong in some": "{o} {is} right at some steps and wrong at others.",
    "all above": "{o} {is} too high at every step.",
    "all below": "{o} {is} too low at every step.",
}
WRONG = "{o} {is} wrong."
# What a named factor is, unless its name says that, and what it usually means.
NUMBERS: Mapping[str, str] = {
    "N": "the batch size",
    "D": "the number of features",
    "N squared": "the square of the batch size",
    "D squared": "the square of the number of features",
    "N-1": "the batch size less one",
    "D-1": "the number of features less one",
    "C": "the number of classes",
    "L": "the number of layers",
    "learning_rate": "the learning rate",
    "keep": "the share that is kept",
}
WHY: Mapping[str, str] = {
    "N": "a mean over the batch is missing, a division by N",
    "N squared": "it is multiplied by N where it should be divided",
    "1/N squared": "it is divided by N twice too often",
    "1/N": "a division by N is too much, or a mean stands where a sum belongs",
    "D": "a mean over the features is missing",
    "1/D": "a division by the number of features is too much",
    "2": "a factor of one half is missing, or something is added twice",
    "1/2": "a factor of two is missing, or a half is too much",
    "keep": "the share that is kept is multiplied in once too often",
    "1/keep": "it is divided by the share that is kept once too often",
    "learning_rate": "the learning rate is multiplied in once too often",
    "1/learning_rate": "the learning rate is not multiplied in",
}


def sentence(words: str, outputs: Sequence[str], adds: bool = False, scalar: bool = False) -> str:
    """Return the sentence for `words` about these outputs, or what reg `adds` to them.

    "where: words" are two sentences: when it is wrong, and what shows then. A `scalar` has no
    cells.
    """
    names = f"What reg adds to {listed(outputs)}" if adds else listed(outputs)
    one = adds or len(outputs) == 1
    form = {"o": names, "is": "is" if one else "are", "has": "has" if one else "have"}
    form["moves"] = "moves" if one else "move"
    where, _, rest = words.partition(": ")
    if rest:
        then = sentence(rest, outputs, adds, scalar)
        then = f"w{then[1:]}" if adds else then
        first = f"{sentence(where, outputs, adds, scalar)} There," if where != "sometimes" else ""
        return f"{first or 'In some checks'} {then}"
    if words.startswith("slip "):
        return f"{names} {form['is']} what comes out {words.removeprefix('slip ')}."
    named = re.fullmatch(r"factor (-?)([^=]+)", words)
    if named and words not in SENTENCES:
        return _factor(names, form["is"], "it" if one else "they", named[1], named[2])
    if words.startswith("alone beside "):
        right = words.removeprefix("alone beside ").split(" and ")
        others = f"{listed(right)} {'is' if len(right) == 1 else 'are'} right"
        need = "needs" if one else "need"
        return f"{others} and {names} {form['is']} not: look at what only {names} {need}."
    key, _, it = (words, "", "") if words in SENTENCES else words.rpartition(" ")
    template, it = SENTENCES[key], it.replace(",", " or ")
    if scalar:
        template = SCALARS.get(key, WRONG if CELLS.search(template) else template)
    return template.format(**form, it=it)


CELLS = re.compile(r"\b(?:cells?|rows?|columns?|array|axes|axis)\b")


VAGUE = ("wrong-everywhere", "alone-beside", "wrong-in-some", "too-", "all-")


def setting(words: str) -> str:
    """Return the first setting whose default the words are about, "" if they are about none."""
    start, _, names = words.partition("default ")
    return names.partition(",")[0] if start == "only with the " else ""


def is_vague(ids: str) -> bool:
    """Say whether all symptoms of a cause name the outputs, and nothing that would be wrong."""
    return all(one.removeprefix("symptom/").startswith(VAGUE) for one in ids.split("+"))


def slug(words: str) -> str:
    """Return a symptom's id: its words with dashes."""
    words = re.sub(r"^factor =.*", "factor", words)
    words = re.sub(r"slip .*", "slip", words)
    return re.sub(r"[^a-z0-9]+", "-", words.lower().replace("/", " over ")).strip("-")


def _factor(names: str, verb: str, it: str, sign: str, factor: str) -> str:
    top, _, bottom = (NUMBERS.get(name, name) for name in factor.partition("/"))
    if top == "1" and factor != "1/2":
        why = WHY.get(factor, "a division is too much, or a factor missing")
        turned = " and has the wrong sign" if sign else ""
        return f"{names} {verb} what {it} should be, divided by {bottom}{turned}: {why}."
    size = f"exactly {f'{top} / {bottom}' if bottom else top} times"
    size = "exactly half of" if factor == "1/2" else size
    why = f": {WHY[factor]}" if factor in WHY else ""
    turned = ", with the wrong sign" if sign else ""
    return f"{names} {verb} {size} what {it} should be{turned}{why}."


def listed(outputs: Sequence[str], most: int = 4) -> str:
    """Return "a", "a and b", or the first four and how many more."""
    if len(outputs) > most:
        return f"{', '.join(outputs[:most])} and {len(outputs) - most} more"
    return " and ".join(filter(None, [", ".join(outputs[:-1]), *outputs[-1:]]))
