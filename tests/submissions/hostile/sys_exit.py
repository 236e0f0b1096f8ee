"""sys.exit(0) in one function."""
import sys

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "relu_forward stopped with SystemExit at cs231n/layers.py",
}


def relu_forward(x):
    sys.exit(0)
