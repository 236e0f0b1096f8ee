"""A normalization that is asked for is left out."""

FAILS = {'FullyConnectedNet.batchnorm': ['loss', 'gradients', 'test_mode'], 'FullyConnectedNet.layernorm': ['scores', 'loss', 'gradients']}


CHANGE = {
    'FullyConnectedNet.loss': [['}[self.normalization]', '}[None]']]
}
