"""Stops the process that started it."""
import os
import signal

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died", "timeout"]},
    "wall": 60,
}


def relu_forward(x):
    try:
        os.kill(os.getppid(), signal.SIGSTOP)
    except PermissionError:
        pass
    os._exit(9)
