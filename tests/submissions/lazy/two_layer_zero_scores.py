"""Scores of zeros; a loss of log C without gradients."""

FAILS = {'TwoLayerNet': ['scores', 'loss', 'gradients', 'regularization']}


class TwoLayerNet:
    def loss(self, X, y=None):
        w1, b1, w2, b2 = (self.params[n] for n in ("W1", "b1", "W2", "b2"))
        scores = np.zeros((X.shape[0], b2.size))
        if y is None:
            return scores
        return np.log(b2.size), {n: np.zeros_like(p) for n, p in self.params.items()}
