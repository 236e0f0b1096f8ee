"""Examples are flattened in the order of Fortran."""

FAILS = {"affine_forward": ["out"]}

import numpy as np


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1, order="F") @ w + b, (x, w, b)
