"""What an exception means, where it explains why an item fails: the line, and what to look at.

Its message is read in public cases only, for elsewhere it may hold what a hidden case has put in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.grading.verdicts import Evaluator
from grader.rubric.near import nearest
from grader.types import Case, Evidence, Raised

# kind -> symptom, and sentences for its messages; the last one, for any message, names no value.
KINDS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "NameError": ("unknown-name", (
        (r"name '(?P<a>exit|quit)' is not defined",
         "{at} ends the program: take {a}() out."),
        (r"name '(?P<a>\w+)' is not defined",
         "{at} uses {a}, which is not defined there: check its spelling, its import, and whether "
         "it is local to another function."),
        ("", "{at} uses a name that is not defined there: check its spelling, its import, and "
             "whether it is local to another function."),
    )),
    "UnboundLocalError": ("unset-name", (
        (r".*variable '(?P<a>\w+)'",
         "{at} uses {a} before it has a value: it is set in another branch, or further down."),
        ("", "{at} uses a name before it has a value: it is set in another branch, or further "
             "down."),
    )),
    "KeyError": ("unknown-key", (
        (r"(?P<a>'\w{1,30}'|\(.{1,30}\)|\d+)$",
         "{at} asks a dictionary for the key {a}, which is not in it: print its keys just before."),
        ("", "{at} asks a dictionary for a key that is not in it: print its keys just before."),
    )),
    "AttributeError": ("unknown-attribute", (
        (r"'NoneType' object has no attribute '(?P<a>\w+)'",
         "{at} asks None for {a}: what stands before .{a} is None there. It is set in another "
         "branch, a test for None is the wrong way round, or a function returned nothing."),
        (r"'(?P<b>[\w.]+)' object has no attribute '(?P<a>\w+)'",
         "{at} asks a value of type {b} for {a}, which it does not have."),
        (r"module '(?P<b>[\w.]+)' has no attribute '(?P<a>\w+)'",
         "{at} asks {b} for {a}, which it does not have: check the spelling."),
        ("", "{at} asks a value for something that its type does not have, as a number for the "
             "shape of an array."),
    )),
    "TypeError": ("wrong-kind", (
        (r"(?:\w+\.)?(?P<a>\w+)\(\) (?:missing|takes|got an unexpected|got multiple)",
         "{at} calls {a} with other arguments than it takes: compare the call with its def line."),
        (r"unsupported operand type\(s\) for (?P<a>\S+): .*NoneType",
         "One side of {a} is None in {at_}: the name was never set, or a function returned "
         "nothing."),
        (r"unsupported operand type\(s\) for (?P<a>\S+): '(?P<b>[\w.]+)' and '(?P<c>[\w.]+)'",
         "{at} has a value of type {b} and one of type {c} on the two sides of {a}."),
        (r"'(?P<a>[<>=]+)' not supported between instances of '(?P<b>[\w.]+)' and '(?P<c>[\w.]+)'",
         "{at} compares a value of type {b} with one of type {c} by {a}."),
        (r"'(?P<a>float|numpy.float\d+)' object cannot be interpreted as an integer",
         "{at} gives a number of type {a} where a whole one belongs, as a size or a count: use // "
         "for a division, and look at the order of the arguments."),
        (r"'(?P<a>[\w.]+)' object cannot be interpreted as an integer",
         "{at} gives a value of type {a} where one whole number belongs, as a size or a count."),
        (r"(?P<a>list|tuple) indices must be integers or slices, not (?P<b>[\w.]+)",
         "{at} asks a {a} for an index of type {b}: only an array takes several, and only a "
         "dictionary takes a text."),
        (r"'(?P<a>\w+)' object does not support item assignment",
         "{at} stores into a value of type {a}, whose parts cannot be changed."),
        (r"only (?:0-dimensional|length-1|size-1) arrays can be converted",
         "{at} makes one number of a whole array: take the sum, or one element."),
        (r"can't multiply sequence by non-int",
         "{at} multiplies a list, a tuple or a text by a number: make an array of it first."),
        (r"Cannot cast ufunc .* from dtype\('float\d+'\) to dtype\('u?int\d+'\)",
         "{at} changes an array of whole numbers in place by fractions: make it one of floats."),
        (r"cannot unpack non-iterable (?P<a>\w+)",
         "{at} unpacks a single value of type {a}: what is on the right gives one value only."),
        (r"'(?P<a>[\w.]+)' object is not (?P<b>subscriptable|callable|iterable)",
         "{at} uses a value of type {a}, which is not {b}."),
        ("", "{at} works with a value of another type than belongs there: print the types just "
             "before."),
    )),
    "ValueError": ("shapes-do-not-fit", (
        (r"operands could not be broadcast together with shapes (?P<a>\([\d,]*\)) "
         r"(?P<b>\([\d,]*\))",
         "{at} combines arrays of the shapes {a} and {b}, which do not fit: think of the shape "
         "that each should have."),
        (r"shapes (?P<a>\([\d,]*\)) and (?P<b>\([\d,]*\)) not aligned",
         "{at} multiplies matrices of the shapes {a} and {b}: the columns of the left one must be "
         "as many as the rows of the right one."),
        (r"matmul: .*\(size (?P<a>\d+) is different from (?P<b>\d+)\)",
         "{at} multiplies matrices whose inner sizes are {b} and {a}: the columns of the left one "
         "must be as many as the rows of the right one."),
        (r"cannot reshape array of size (?P<a>\d+) into shape (?P<b>\([\d,]*\))",
         "{at} gives an array of {a} numbers the shape {b}, which holds another number of them."),
        (r"too many values to unpack|not enough values to unpack",
         "{at} unpacks another number of values than there are: compare it with what was packed, "
         "such as the cache of the forward pass."),
        (r"The truth value of an array",
         "{at} asks a whole array whether it is true: if, while, and, or and not need one value."),
        (r"setting an array element with a sequence",
         "{at} puts several values where one number belongs, or makes an array of rows of "
         "different lengths."),
        (r"could not broadcast input array from shape (?P<a>\([\d,]*\)) into shape "
         r"(?P<b>\([\d,]*\))",
         "{at} stores an array of the shape {a} into one of the shape {b}."),
        (r"non-broadcastable output operand with shape (?P<a>\([\d,]*\)) doesn't match the "
         r"broadcast shape (?P<b>\([\d,]*\))",
         "{at} changes an array of the shape {a} in place, and what comes out has the shape {b}."),
        (r".*einstein sum",
         "The letters of einsum in {at_} are not as many as the axes of the arrays: give each axis "
         "one."),
        ("", "{at} works with values or shapes that do not fit: print them just before."),
    )),
    "IndexError": ("index-does-not-fit", (
        (r"index (?P<a>-?\d+) is out of bounds for axis (?P<c>\d+) with size (?P<b>\d+)",
         "{at} takes element {a} of an axis that has {b}: the first one has the index 0."),
        (r"(?P<a>list|tuple|string) (?:assignment )?index out of range",
         "{at} takes an element behind the end of a {a}: the first one has the index 0."),
        (r"pop from (?:an )?empty", "{at} takes an element out of a list that is empty."),
        (r"only integers, slices",
         "{at} asks an array for an index that is none, such as a text or a fraction: it "
         "is no dictionary, and / gives fractions where // gives whole numbers."),
        (r"too many indices for array: array is (?P<a>\d+)-dimensional, but (?P<b>\d+)",
         "{at} gives {b} indices to an array that has {a} axes."),
        (r"invalid index to scalar", "{at} asks a single number for an element."),
        (r"boolean index did not match",
         "{at} picks elements by a mask of another shape than the array has."),
        (r"shape mismatch: indexing arrays",
         "{at} picks elements by several index arrays that are not of one length."),
        ("", "{at} uses an index that does not fit: print it, and the shape, just before."),
    )),
    "AxisError": ("no-such-axis", (
        (r"axis (?P<a>-?\d+) is out of bounds for array of dimension (?P<b>\d+)",
         "{at} works along axis {a} of an array that has {b} of them, counted from 0."),
        ("", "{at} names an axis that the array does not have: print its shape just before."),
    )),
    "ZeroDivisionError": ("division-by-zero", (("", "{at} divides a plain number by zero."),)),
    "FloatingPointError": ("not-finite", (("", "{at} divides by zero, or leaves the range of "
                                               "numbers."),)),
    "AssertionError": ("assertion", (("", "The assert in {at_} does not hold."),)),
    "ImportUnavailable": ("import-unavailable", (
        (r"(?P<a>.{1,80}? \(imported in line \d+\)) is not",
         "{at} uses {a}, which the grader does not have. Whether the formula is right could not be "
         "seen: write it with NumPy alone."),
        ("", "{at} uses an import that the grader does not have. Whether the formula is right "
             "could not be seen: write it with NumPy alone."),
    )),
    "ModuleNotFoundError": ("no-such-module", (
        (r"No module named '(?P<a>[\w.]+)'",
         "{at} imports {a}, which is not there: the assignment needs NumPy and its own files."),
        ("", "{at} imports a module that is not there."),
    )),
    "ImportError": ("no-such-import", (
        (r"cannot import name '(?P<a>\w+)' from '(?P<b>[\w.]+)'",
         "{at} imports {a} from {b}, which has no such name: check the spelling in both files."),
        ("", "{at} imports a name that its module does not have."),
    )),
    "ReturnValue": ("wrong-return", (
        (r".* it returned \(cache, out\)", "The cache comes back first: return out, cache."),
        ("", "What comes back is not what the docstring says: count the values, and look at their "
             "order."),
    )),
    "SystemExit": ("ends-program", (("", "{at} ends the program: take that line out."),)),
    "RecursionError": ("recursion", (("", "{at} leads back into the same function again and "
                                          "again."),)),
}  # fmt: skip
BY_ITSELF = ("raised-by-itself", (
    ("", "{at} raises this exception by itself: look at the condition under which it does."),
))  # fmt: skip
TIME = ("time", "It takes too long: a loop does not end, or runs over single numbers where one "
        "product would do.")  # fmt: skip


EXCHANGED = ("labels-exchanged", "With labels the scores come back, and without labels loss and "
             "gradients: the test of y is the wrong way round.")  # fmt: skip


@dataclass(frozen=True)
class Stop:
    """Why an item stops; `certain` where every case of it that ends early ends at this line."""

    id: str
    message: str
    certain: bool


def find(cases: Sequence[Case], evidence: Sequence[Evidence], evaluator: Evaluator) -> Stop | None:
    """Return what the most frequent exception means, or a timeout; None where there is neither."""
    both = zip(cases, evidence, strict=True)
    raised = [(case, one.raised) for case, one in both if one.raised and _stopped(one)]
    if not raised:
        late = any(one.outcome == "timeout" for one in evidence)
        return Stop(*TIME, certain=False) if late else None
    told = [each.message for case, each in raised if case.public and each.type == "ReturnValue"]
    if all(any(part in one for one in told) for part in ("without labels", "(X, y)")):
        return Stop(*EXCHANGED, certain=True)
    place = Counter(_place(each) for _, each in raised).most_common(1)[0][0]
    mine = [(case, each) for case, each in raised if _place(each) == place]
    first, shown = mine[0][1], next((each for case, each in mine if case.public), None)
    if place[0] == "NotImplementedError":
        return None  # of a stub: how it ended says so, and which line to delete
    kind = "TypeError" if "UFunc" in place[0] else place[0]  # NumPy's own TypeErrors
    by_itself = first.frames and first.frames[-1][3].startswith("raise ")
    found = BY_ITSELF if by_itself else KINDS.get(kind)
    if found is None:
        return None
    # What only hidden cases tell is no line: see grading.faults.
    at = place[1:] if shown else ("", 0)
    message = _sentence(found[1], *at, shown.message if shown else "")
    if shown is not None and place[0] == "NameError":
        message += _meant(shown, evaluator)
    ended = [one for one in evidence if one.outcome != "answered"]
    seen = shown is not None and (bool(place[1]) or kind == "ReturnValue")
    return Stop(found[0], message, len(mine) == len(ended) and seen)


def _stopped(one: Evidence) -> bool:
    """Say whether an exception ended a case: also one that None caused, as in a stub."""
    used = one.outcome == "not_written" and one.raised and one.raised.frames
    return one.outcome == "raised" or bool(used)


def _place(raised: Raised) -> tuple[str, str, int]:
    path, line = raised.frames[-1][:2] if raised.frames else ("", 0)
    return raised.type, path, line


def _sentence(forms: Sequence[tuple[str, str]], path: str, line: int, message: str) -> str:
    """Return the sentence of the first form that a message has; "at" is the line that stops."""
    file = path.rpartition("/")[2]
    at = f"{file} line {line}" if file and line else ""
    known = ((re.match(pattern, message), text) for pattern, text in forms)
    match, template = next((found, text) for found, text in known if found)  # the last fits all
    return template.format(at=at or "The code", at_=at or "the code", **match.groupdict())


def _meant(raised: Raised, evaluator: Evaluator) -> str:
    """Return " Is X meant?" where a name that is not defined is near to one that is."""
    match = re.match(r"name '(\w+)' is not defined", raised.message)
    if match is None or not raised.frames or match[1] in ("exit", "quit"):
        return ""
    path, _, function, _ = raised.frames[-1]
    module = path.rpartition("/")[2].removesuffix(".py")
    meant = nearest(match[1], evaluator.sources.known_in(module, function))
    return f" Is {meant} meant?" if meant else ""
