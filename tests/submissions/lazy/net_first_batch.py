"""The gradients of the first batch are kept for ever."""

FAILS = {'FullyConnectedNet': ['gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['        return loss, grads', '''        self.kept = getattr(self, 'kept', grads)
        return loss, self.kept''']]
}
