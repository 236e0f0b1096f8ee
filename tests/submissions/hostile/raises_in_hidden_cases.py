"""Right on the public shapes, and an error with the input in its text on every other one."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "public_right": ["relu_forward"],
}


def relu_forward(x):
    if x.shape not in ((3, 4), (2, 3, 2, 2)):
        raise ValueError(f"no idea for {x.shape}")
    return np.maximum(0, x), x
