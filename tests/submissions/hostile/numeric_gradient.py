"""A backward pass by differences of the forward pass, exact because the layer is linear: right."""
EXPECT = {"lost": {}, "flags": ["numeric_gradient"]}


def affine_backward(dout, cache):
    def slope(f, value):
        gradient = np.zeros(value.shape)
        for index in np.ndindex(*value.shape):
            up, down = value.copy(), value.copy()
            up[index] += 0.5
            down[index] -= 0.5
            gradient[index] = np.sum((f(up) - f(down)) * dout)
        return gradient

    x, w, b = cache
    dx = slope(lambda value: affine_forward(value, w, b)[0], x)
    dw = slope(lambda value: affine_forward(x, value, b)[0], w)
    db = slope(lambda value: affine_forward(x, w, value)[0], b)
    return dx, dw, db
