"""Kills the process that started it, in each case, and lives on."""
import os
import signal
import time

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died", "timeout"]},
}


def relu_forward(x):
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except PermissionError:
        os._exit(9)
    while True:
        time.sleep(100)
