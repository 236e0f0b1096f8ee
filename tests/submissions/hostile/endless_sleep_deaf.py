"""Ignores every signal, eats every exception and sleeps."""
import signal
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["timeout"]}}


def relu_forward(x):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
