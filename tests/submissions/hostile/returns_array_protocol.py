"""An object whose __array__ never ends."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["timeout"]}}


class Slow:
    def __array__(self, *args, **kwargs):
        while True:
            pass


def relu_forward(x):
    return Slow(), x
