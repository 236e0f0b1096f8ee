"""Two hundred threads, which end by themselves after a second."""
import _thread
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}, "says": ": 0 threads"}


def relu_forward(x):
    started = 0
    for _ in range(200):
        try:
            _thread.start_new_thread(time.sleep, (1.0,))
            started += 1
        except RuntimeError:
            break
    raise RuntimeError(f"{started} threads")
