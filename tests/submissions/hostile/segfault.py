"""Reads address 0 in one function."""
import ctypes

EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["died"]},
    "says": "ended its Python process (SIGSEGV)",
}


def relu_forward(x):
    return ctypes.string_at(0)
