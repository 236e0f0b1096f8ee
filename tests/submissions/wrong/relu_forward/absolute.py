"""Negative numbers lose their sign instead of becoming zero."""

FAILS = {"relu_forward": ["out"]}

import numpy as np


def relu_forward(x):
    return np.abs(x), x
