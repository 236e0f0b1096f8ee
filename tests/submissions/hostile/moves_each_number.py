"""A gradient worked out by moving each number of the input: right, and slow."""
EXPECT = {"lost": {}, "flags": ["slow"]}


def affine_backward(dout, cache):
    def moved(array):
        gradient, flat = np.zeros_like(array), array.reshape(-1)
        for index in range(flat.size):
            kept = flat[index]
            flat[index] = kept + 0.5
            more = affine_forward(*held)[0]
            flat[index] = kept - 0.5
            less = affine_forward(*held)[0]
            flat[index] = kept
            gradient.reshape(-1)[index] = np.sum((more - less) * dout)
        return gradient

    held = [array.copy() for array in cache]
    return tuple(moved(array) for array in held)
