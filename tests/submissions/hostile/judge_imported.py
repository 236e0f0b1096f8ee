"""Imports the parts of the grader that know answers."""
import importlib

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "nothing to find",
}


def relu_forward(x):
    names = ("grader.golden", "grader.golden.store", "grader.judges", "grader.rubric",
             "grader.engine", "grader.grading.verdicts", "reference", "reference.cs231n.layers", "tests")
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        raise RuntimeError("imported " + name)
    raise LookupError("nothing to find")
