"""Two forward passes show where relu grows: right."""

FAILS = {}
FLAGS = ['numeric_gradient']


def relu_backward(dout, cache):
    x = cache
    h = np.abs(x) / 2
    up = relu_forward(x + h)[0]
    down = relu_forward(x - h)[0]
    return dout * (up > down) * (x > 0)
