"""The weights are of one scale, whatever is asked for."""

FAILS = {'FullyConnectedNet': ['init']}


CHANGE = {
    'FullyConnectedNet.__init__': [['weight_scale * np.random', '0.02 * np.random']]
}
