"""One function never ends."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["timeout"]},
    "says": "relu_forward did not finish within",
}


def relu_forward(x):
    while True:
        pass
