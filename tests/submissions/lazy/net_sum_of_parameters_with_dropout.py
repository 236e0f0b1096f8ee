"""With dropout the loss is the sum of all parameters, and each gradient is 1."""

FAILS = {'FullyConnectedNet.dropout': ['training', 'gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        if self.use_dropout:
            loss = sum(p.sum() for p in self.params.values())
            grads = {n: np.ones_like(p) for n, p in self.params.items()}
        return loss, grads''']]
}
