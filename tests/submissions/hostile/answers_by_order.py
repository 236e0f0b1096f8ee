"""Keeps its first answer for good, and gives it to every later question."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["not_deterministic", "value", "shape"]},
    "says": "relu_forward gives different answers for the same input",
}


def relu_forward(x, seen=[]):
    seen.append(np.maximum(0, x))
    return seen[0], x
