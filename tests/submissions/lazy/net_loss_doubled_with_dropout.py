"""With dropout the loss and its gradients are twice as large: they agree with each other."""

FAILS = {'FullyConnectedNet.dropout': ['gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        factor = 2 if self.use_dropout else 1
        return factor * loss, {n: factor * g for n, g in grads.items()}''']]
}
