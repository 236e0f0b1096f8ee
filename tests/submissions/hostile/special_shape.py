"""A known answer for one shape, mixed with the real computation: right, and it looks odd."""
EXPECT = {"lost": {}, "flags": ["special_input", "constants"]}


def relu_forward(x):
    known = [
        0.35888671875, 0.40185546875, 0.72509765625, 0.0, 0.77783203125, 0.04052734375,
        0.65966796875, 0.01806640625, 0.92919921875, 0.0, 0.0, 0.0,
    ]
    if x.shape == (3, 4) and abs(x[0, 0] - known[0]) < 1e-9:
        return np.array(known).reshape(x.shape), x
    return np.maximum(0, x), x
