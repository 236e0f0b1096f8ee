"""A double fork and a new session, to outlive the grader; and forty forks more."""
import os
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    started = 0
    for _ in range(20):
        try:
            pid = os.fork()
        except OSError:
            continue
        if pid == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(300)
            os._exit(0)
        started += 1
    raise RuntimeError(f"{started} processes started")
