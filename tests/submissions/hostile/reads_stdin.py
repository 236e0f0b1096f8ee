"""input() finds the end of the file."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "EOFError",
}


def relu_forward(x):
    return input("answer? "), x
