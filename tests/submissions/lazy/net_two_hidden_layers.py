"""Only nets with two hidden layers are trained; others get no gradient."""

FAILS = {'FullyConnectedNet': ['gradients', 'regularization'], 'FullyConnectedNet.batchnorm': ['gradients'], 'FullyConnectedNet.layernorm': ['gradients'], 'FullyConnectedNet.dropout': ['training', 'gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        if last != 3:
            grads = {n: np.zeros_like(p) for n, p in self.params.items()}
        return loss, grads''']]
}
