"""An answer that takes the pipe's place: its own pipe under the descriptor of ours."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "timeout"]}}


def relu_forward(x):
    reading, writing = os.pipe()
    for number in range(3, 20):
        if number not in (reading, writing):
            try:
                os.fstat(number)
                os.dup2(writing, number)
            except OSError:
                pass
    return np.maximum(0, x), x
