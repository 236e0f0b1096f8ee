"""Every layer raises: what cannot be tried is no reason to make the whole smaller."""
EXPECT = {"lost": {}, "maybe_lost": "layers", "earned_below": 0.3}
APPEND = {
    "layers.py": """

def broken(*args, **kwargs):
    raise ValueError("not today")


for name in [name for name in globals() if name.endswith(("ward", "_alt"))]:
    globals()[name] = broken
""",
    "classifiers/fc_net.py": """

def broken(*args, **kwargs):
    raise ValueError("not today")


TwoLayerNet.__init__ = FullyConnectedNet.__init__ = broken
""",
}
