"""Kills its parent, its group and every process it may."""
import os
import signal

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "error"]}}


def relu_forward(x):
    for pid in (os.getppid(), 1):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            try:
                os.kill(pid, number)
            except OSError:
                pass
    os.kill(0, signal.SIGKILL)
