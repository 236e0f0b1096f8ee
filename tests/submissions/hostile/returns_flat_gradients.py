"""A net whose weight gradients are flat vectors."""
EXPECT = {
    "lost": {},
    "maybe_lost": "FullyConnectedNet",
    "kinds": {"FullyConnectedNet": ["shape", "value"]},
}

APPEND = {
    "classifiers/fc_net.py": """

class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        found = super().loss(X, y)
        if y is None:
            return found
        return found[0], {name: value.ravel() for name, value in found[1].items()}
"""
}
