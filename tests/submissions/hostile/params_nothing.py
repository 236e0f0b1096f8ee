"""FullyConnectedNet.params has other keys and values than asked for."""
EXPECT = {"lost": "FullyConnectedNet"}
APPEND = {
    "classifiers/fc_net.py": """

class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.params = {(1, 2): "text", "W1": None, None: object(), "b1": [[1], [2, 3]]}
"""
}
