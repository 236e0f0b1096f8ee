"""A trace function that raises in every frame that is not its own."""
import sys

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error", "died"]}}


def relu_forward(x):
    def trace(frame, event, arg):
        if "layers.py" not in frame.f_code.co_filename:
            raise RuntimeError("traced")
        return trace

    sys.settrace(trace)
    sys.setprofile(trace)
    return np.maximum(0, x), x
