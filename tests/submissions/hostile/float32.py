"""Right to single precision: a warning by the rubric, no point lost."""
EXPECT = {"lost": {}, "warns": {"affine_forward": "float32"}}


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out.astype(np.float32), (x, w, b)
