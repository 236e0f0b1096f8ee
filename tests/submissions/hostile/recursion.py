"""Endless recursion."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "RecursionError",
}


def relu_forward(x):
    return relu_forward(x)
