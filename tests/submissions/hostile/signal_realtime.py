"""Kills itself with a real-time signal, which has no name in Python's enum."""
import os

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died"]},
    "says": "signal 40",
}


def relu_forward(x):
    os.kill(os.getpid(), 40)
