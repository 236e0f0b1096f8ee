"""Writes a file of 50 MB."""
import os
import tempfile

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(bytes(1_000_000))
            file.flush()
    return np.maximum(0, x), x
