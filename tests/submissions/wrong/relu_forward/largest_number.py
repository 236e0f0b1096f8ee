"""np.max looks for one largest number instead of comparing number by number."""

FAILS = {"relu_forward": ["out"]}

import numpy as np


def relu_forward(x):
    return np.max([0, np.max(x)]), x
