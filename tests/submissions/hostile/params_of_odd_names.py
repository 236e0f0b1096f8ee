"""A gradient dictionary with tuple keys, lone surrogates and ten thousand names too many."""
EXPECT = {"lost": {}, "maybe_lost": "FullyConnectedNet"}
APPEND = {
    "classifiers/fc_net.py": """

class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        found = super().loss(X, y)
        if y is not None:
            more = {("W", 1): 0.0, "\\ud800": 1.0, 3: 2.0, None: 0.0, "a:b": 1.0, "x" * 10_000: 1.0}
            found[1].update(more)
            found[1].update({f"n{i}": 0.0 for i in range(1_500)})
        return found
"""
}
