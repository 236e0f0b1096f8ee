"""Endless recursion under a recursion limit of a billion."""
import sys

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died", "memory", "timeout"]},
}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    sys.setrecursionlimit(10**9)

    class Deep:
        def __repr__(self):
            return repr(self)

    return repr(Deep())
