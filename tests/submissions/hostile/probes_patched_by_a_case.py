"""The first case patches the probes of the later ones, which then all give its own answer."""
import sys

EXPECT = {"lost": {"affine_forward": ["out"], "relu_forward": ["out"]}}


def affine_forward(x, w, b):
    probes = sys.modules["grader.guest.probes.layers"]
    mine = x.reshape(x.shape[0], -1).dot(w) + b + 1
    probes.affine_forward = lambda nn, **inputs: {"out": mine}
    probes.relu_forward = lambda nn, x: {"out": np.zeros_like(x)}
    return mine, (x, w, b)


def relu_forward(x):
    return x + 1, x
