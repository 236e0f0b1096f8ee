"""A signal wakeup descriptor and a fault handler that write into the answer."""
import faulthandler
import os
import signal

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "timeout", "error"]}}


def relu_forward(x):
    signal.signal(signal.SIGUSR1, lambda *args: None)
    for number in range(3, 64):
        try:
            os.set_blocking(number, False)
            signal.set_wakeup_fd(number, warn_on_full_buffer=False)
            signal.raise_signal(signal.SIGUSR1)
            faulthandler.dump_traceback(number)
        except (OSError, ValueError):
            pass
    return np.maximum(0, x), x
