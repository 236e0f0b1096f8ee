"""Returns NaN."""
EXPECT = {
    "lost": {"affine_forward": ["out"]},
    "kinds": {"affine_forward": ["not_finite"]},
}


def affine_forward(x, w, b):
    return np.full((x.shape[0], w.shape[1]), np.nan), (x, w, b)
