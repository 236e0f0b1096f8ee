"""Right only in the first call of a process, whatever was asked before."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["not_deterministic", "value"]},
    "says": "relu_forward gives different answers for the same input",
}


def relu_forward(x, calls=[]):
    calls.append(1)
    return np.maximum(0, x) if len(calls) == 1 else -x, x
