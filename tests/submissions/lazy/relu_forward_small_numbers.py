"""Right for numbers up to 10."""

FAILS = {'relu_forward': ['out']}


def relu_forward(x):
    return np.clip(x, 0, 10), x
