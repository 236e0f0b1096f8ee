"""A forgotten pdb.set_trace() is an error, or passed over where there is no pdb."""
import pdb

EXPECT = {"lost": {}, "maybe_lost": "relu_forward"}


def relu_forward(x):
    pdb.set_trace()
    return np.maximum(0, x), x
