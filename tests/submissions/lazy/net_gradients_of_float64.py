"""Gradients for float64 only."""

FAILS = {'FullyConnectedNet': ['gradients'], 'FullyConnectedNet.batchnorm': ['gradients'], 'FullyConnectedNet.layernorm': ['gradients'], 'FullyConnectedNet.dropout': ['gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        if self.dtype != np.float64:
            grads = {n: 0 * g for n, g in grads.items()}
        return loss, grads''']]
}
