"""Threads that never end: they cannot even start."""
import threading
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    for _ in range(8):
        threading.Thread(target=time.sleep, args=(1000,)).start()
    return np.maximum(0, x), x
