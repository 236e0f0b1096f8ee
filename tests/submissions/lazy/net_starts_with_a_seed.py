"""Every new net starts with the same weights."""

FAILS = {'FullyConnectedNet': ['init']}


CHANGE = {
    'FullyConnectedNet.__init__': [['        sizes = [', '''        np.random.seed(1)
        sizes = [''']]
}
