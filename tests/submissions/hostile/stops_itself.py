"""SIGSTOP to itself: only the clock can tell."""
import os
import signal

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["timeout"]}}


def relu_forward(x):
    os.kill(os.getpid(), signal.SIGSTOP)
