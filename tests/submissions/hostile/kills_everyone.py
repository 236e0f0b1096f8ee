"""Kills its parent, its group and every process it may."""
import os
import signal

RUNS = "root"  # an ordinary user's kill(-1) is stopped by seccomp, not by this part
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died"]}}


def relu_forward(x):
    for pid in (os.getppid(), 1):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            try:
                os.kill(pid, number)
            except OSError:
                pass
    os.kill(0, signal.SIGKILL)
