"""Only the output is returned."""

FAILS = {"relu_forward": ["out"]}

import numpy as np


def relu_forward(x):
    return np.maximum(0, x)
