"""os._exit(0) in one function."""
import os

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died"]},
    "says": "ended its Python process (exit code 0)",
}


def relu_forward(x):
    os._exit(0)
