"""Returns infinities."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["not_finite"]}}


def relu_forward(x):
    return np.full(x.shape, np.inf), x
