"""exec: the process is another program from here on."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "error"]}}


def relu_forward(x):
    if x.shape == (3, 4):
        os.execv("/bin/sleep", ["sleep", "300"])
    return np.maximum(0, x), x
