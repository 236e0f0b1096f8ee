"""Writes less than the prefix of a frame, and leaves."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died"]}}


def relu_forward(x):
    for number in range(3, 64):
        try:
            os.write(number, b"BGF")
        except OSError:
            pass
    os._exit(0)
