"""The loss is the penalty alone."""

FAILS = {'TwoLayerNet': ['scores', 'loss', 'gradients']}


class TwoLayerNet:
    def loss(self, X, y=None):
        w1, b1, w2, b2 = (self.params[n] for n in ("W1", "b1", "W2", "b2"))
        if y is None:
            return np.zeros((X.shape[0], b2.size))
        loss = 0.5 * self.reg * (np.sum(w1 * w1) + np.sum(w2 * w2))
        return loss, {"W1": self.reg * w1, "W2": self.reg * w2, "b1": 0 * b1, "b2": 0 * b2}
