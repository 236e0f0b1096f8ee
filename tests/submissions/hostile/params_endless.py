"""FullyConnectedNet.params never stops giving names."""
EXPECT = {"lost": "FullyConnectedNet", "kinds": {"FullyConnectedNet": ["timeout", "memory", "died", "error"]}}
APPEND = {
    "classifiers/fc_net.py": """

class Endless(dict):
    def items(self):
        while True:
            yield "W1", 0.0

    def __iter__(self):
        while True:
            yield "W1"

    def __contains__(self, name):
        return True


class FullyConnectedNet(FullyConnectedNet):
    @property
    def params(self):
        return Endless(W1=0.0)

    @params.setter
    def params(self, value):
        pass
"""
}
