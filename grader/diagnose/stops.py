"""What an exception of a kind usually means, where it explains why an item fails.

Only the kind is looked at, for a message may hold what a hidden case has put in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from grader.types import Evidence

KINDS: Mapping[str, tuple[str, str]] = {
    "NameError": (
        "unknown-name",
        "A name is used that has no value: it is misspelt, not imported, or exists in another "
        "function only.",
    ),
    "UnboundLocalError": (
        "unset-name",
        "A name is used before it has a value: it is set in another branch only.",
    ),
    "KeyError": (
        "unknown-key",
        "A dictionary has no such key: print its keys in front of the line that stops.",
    ),
    "AttributeError": (
        "unknown-attribute",
        "A value is of another kind than the code takes it for, such as a number in the place of "
        "an array, or a list in the place of a dictionary.",
    ),
    "TypeError": (
        "wrong-kind",
        "A function gets other arguments than it takes, or a value of another kind.",
    ),
    "ValueError": (
        "shapes-do-not-fit",
        "Shapes or numbers of values do not fit together: print the shapes in front of the line "
        "that stops.",
    ),
    "IndexError": ("index-too-large", "An index runs past the end of a list or an array."),
    "AxisError": (
        "no-such-axis",
        "An axis is named that the array does not have: print its shape in front of the line.",
    ),
    "ZeroDivisionError": ("division-by-zero", "A plain number is divided by zero."),
    "AssertionError": ("assertion", "An assert in the code stops it."),
    "ImportUnavailable": (
        "import-unavailable",
        "The code uses an import that the grader does not have. Whether its formula is right could "
        "not be seen: write it with NumPy alone.",
    ),
    "ModuleNotFoundError": ("no-such-module", "A module is imported that is not there."),
    "ImportError": ("no-such-import", "A name is imported that its module does not have."),
    "SyntaxError": ("syntax", "The file is no valid Python: look at the line, and the one before."),
    "IndentationError": ("indentation", "The file is no valid Python: the indent is off."),
    "ReturnValue": (
        "wrong-return",
        "What the function returns is not what its docstring says: count the values, and look at "
        "their order.",
    ),
    "RecursionError": ("recursion", "A function calls itself without an end."),
}  # fmt: skip
TIME = ("time", "A loop does not end, or runs over single numbers where one product would do.")


def find(evidence: Sequence[Evidence]) -> tuple[str, str] | None:
    """Return (id, sentence) of the most frequent kind of exception, or of a timeout; else None."""
    kinds = Counter(one.raised.type for one in evidence if one.outcome == "raised" and one.raised)
    if kinds:
        kind = kinds.most_common(1)[0][0]
        return KINDS.get("TypeError" if "UFunc" in kind else kind)  # NumPy's own TypeErrors
    return TIME if any(one.outcome == "timeout" for one in evidence) else None
