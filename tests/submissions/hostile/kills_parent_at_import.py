"""Kills the process that started it while it is imported."""
import os
import signal
import time

EXPECT = {"lost": "layers", "maybe_lost": "optim", "kinds": {"affine_forward": ["died", "timeout"]}}

try:
    os.kill(os.getppid(), signal.SIGKILL)
except PermissionError:
    os._exit(9)
time.sleep(100)
