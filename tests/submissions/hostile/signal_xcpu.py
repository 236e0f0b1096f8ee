"""Pretends that its CPU time was up."""
import os
import signal

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "timeout"]}}


def relu_forward(x):
    os.kill(os.getpid(), signal.SIGXCPU)
