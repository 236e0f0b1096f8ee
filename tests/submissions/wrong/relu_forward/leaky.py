"""Negative numbers are made small instead of zero."""

FAILS = {"relu_forward": ["out"]}

import numpy as np


def relu_forward(x):
    return np.maximum(0.01 * x, x), x
