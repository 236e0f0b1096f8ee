"""A constructor that takes NumPy apart and returns; the other net is right."""
EXPECT = {"lost": "TwoLayerNet", "kinds": {"TwoLayerNet": ["error", "died"]}}
FILE = "classifiers/fc_net.py"


class TwoLayerNet(TwoLayerNet):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("zeros", "ones", "array", "asarray", "random", "sum", "maximum", "dot"):
            delattr(np, name)
