"""Right only in the first call of a process, whatever was asked before."""
EXPECT = {"lost": {}, "maybe_lost": "FullyConnectedNet"}


def relu_forward(x, calls=[]):
    calls.append(1)
    return np.maximum(0, x) if len(calls) == 1 else -x, x
