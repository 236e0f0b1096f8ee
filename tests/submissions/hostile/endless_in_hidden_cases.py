"""Ends in the public cases, never in the hidden ones."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["timeout"]},
    "public_right": ["relu_forward"],
}


def relu_forward(x):
    while x.shape not in ((3, 4), (2, 3, 2, 2)):
        pass
    return np.maximum(0, x), x
