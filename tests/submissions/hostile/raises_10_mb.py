"""An exception with 10 MB of text under a name of 1 MB."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    raise type("E" * 1_000_000, (Exception,), {})("m" * 10_000_000)
