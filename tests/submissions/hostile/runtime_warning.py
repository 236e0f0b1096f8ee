"""A NumPy RuntimeWarning and a UserWarning in right functions."""
import warnings

EXPECT = {"lost": {}}


def relu_forward(x):
    np.array([1.0]) / 0
    np.log(np.array([-1.0]))
    warnings.warn("careful")
    return np.maximum(0, x), x
