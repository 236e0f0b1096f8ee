"""Hooks of the interpreter: import, audit, exceptions, displays, frames, switches, recursion."""
import builtins
import sys
import threading

EXPECT = {"lost": {"relu_forward": ["out"]}, "maybe_lost": {}}


def refuse(*args, **kwargs):
    raise ImportError("rewired")


def relu_forward(x):
    if x.shape == (3, 4):
        sys.addaudithook(lambda event, args: refuse() if event == "import" else None)
        builtins.__import__ = refuse
        sys.excepthook = sys.unraisablehook = sys.displayhook = threading.excepthook = refuse
        sys.meta_path.clear()
        sys.path_hooks.clear()
        sys.setswitchinterval(1e-6)
        sys.setrecursionlimit(60)
        sys.modules.clear()
    return np.maximum(0, x), x
