"""Gradients for float64 only."""

FAILS = {'FullyConnectedNet': ['gradients', 'regularization'], 'FullyConnectedNet.batchnorm': ['gradients'], 'FullyConnectedNet.layernorm': ['gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        if self.dtype != np.float64:
            grads = {n: 0 * g for n, g in grads.items()}
        return loss, grads''']]
}
