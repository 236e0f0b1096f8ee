"""One forgotten print, one line straight to sys.stdout, one to stderr, in right functions."""
import sys

EXPECT = {"lost": {}}


def relu_forward(x):
    print("debug", x.shape)
    sys.stdout.writelines(["a", "b"])
    sys.stderr.write("note\n")
    sys.stdout.flush()
    return np.maximum(0, x), x


def affine_forward(x, w, b):
    print("shape", x.shape, end="", flush=True, file=sys.stderr)
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)
