"""An exception under a hundred thousand frames of a function with a name of 100,000 characters."""
import sys

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    sys.setrecursionlimit(50_000)
    name = "f" * 100_000
    space = {}
    source = f"def {name}(n):\n    return {name}(n - 1) if n else 1 / 0\n"
    exec(compile(source, __file__, "exec"), space)
    return space[name](20_000)
