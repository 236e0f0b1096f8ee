"""The weights are of one scale, whatever is asked for."""

FAILS = {'TwoLayerNet': ['init']}


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {"b1": np.zeros(hidden_dim), "b2": np.zeros(num_classes)}
        self.params["W1"] = 0.01 * np.random.randn(input_dim, hidden_dim)
        self.params["W2"] = 0.01 * np.random.randn(hidden_dim, num_classes)
