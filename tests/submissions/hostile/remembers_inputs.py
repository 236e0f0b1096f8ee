"""Remembers every input by its bytes and answers from memory: right, for it computes them first."""
EXPECT = {"lost": {}, "flags": ["special_input"]}

_known = {}


def relu_forward(x):
    key = (x.shape, x.tobytes())
    if key not in _known:
        _known[key] = np.maximum(0, x)
    return _known[key].copy(), x
