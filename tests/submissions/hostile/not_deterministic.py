"""Right once in ten calls, by the system's own random bytes: trying again must not help."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["value", "not_deterministic"]}}


def relu_forward(x):
    return np.maximum(0, x) + (os.urandom(1)[0] > 25), x
