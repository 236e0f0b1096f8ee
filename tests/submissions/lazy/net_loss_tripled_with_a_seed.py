"""With a seed the loss and its gradients are three times as large."""

FAILS = {'FullyConnectedNet.dropout': ['gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        factor = 3 if 'seed' in self.dropout_param else 1
        return factor * loss, {n: factor * g for n, g in grads.items()}''']]
}
