"""A timer that raises wherever the interpreter is 50 ms later."""
import signal
import time

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error", "died"]}}


def relu_forward(x):
    def handler(*args):
        raise KeyboardInterrupt("gotcha")

    if x.shape != (3, 4):
        return np.maximum(0, x), x
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.0001)
    time.sleep(0.5)
    return np.maximum(0, x), x
