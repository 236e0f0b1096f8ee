"""FullyConnectedNet.params is a property that raises."""
EXPECT = {"lost": "FullyConnectedNet", "kinds": {"FullyConnectedNet": ["error"]}}
APPEND = {
    "classifiers/fc_net.py": """

class FullyConnectedNet(FullyConnectedNet):
    @property
    def params(self):
        raise SystemError("no parameters for you")

    @params.setter
    def params(self, value):
        pass
"""
}
