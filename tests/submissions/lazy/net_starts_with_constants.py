"""All weights start as weight_scale."""

FAILS = {'FullyConnectedNet': ['init']}


CHANGE = {
    'FullyConnectedNet.__init__': [['np.random.randn(fan_in, fan_out)', 'np.ones((fan_in, fan_out))']]
}
