"""Clocks that stand still, and unittest, pytest and grader modules of its own."""
import sys
import time
import types
import unittest

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["timeout"]}}

time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
unittest.TestCase.assertEqual = unittest.TestCase.assertTrue = lambda *args: None
for name in ("pytest", "grader.judges", "grader.engine", "grader.grading.verdicts"):
    sys.modules[name] = types.ModuleType(name)


def relu_forward(x):
    while x.shape == (3, 4):
        pass
    return np.maximum(0, x) + 1, x
