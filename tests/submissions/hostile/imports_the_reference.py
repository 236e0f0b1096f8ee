"""Asks the solved course for the answer, under two names and by text."""
import importlib

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "no solution here",
    "flags": ["forbidden_import", "reaches_outside"],
}


def relu_forward(x):
    for name in ("cs231n_solved.classifiers", "reference.cs231n", "dlcourse.layers"):
        try:
            return importlib.import_module(name).relu_forward(x)
        except ImportError:
            continue
    try:
        from reference.cs231n.layers import relu_forward as solved
    except ImportError:
        raise RuntimeError("no solution here") from None
    return solved(x)
