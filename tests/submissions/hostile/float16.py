"""Half precision is no answer."""
EXPECT = {
    "lost": {"affine_forward": ["out"]},
    "kinds": {"affine_forward": ["dtype"]},
    "says": "out is an array of dtype float16",
}


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out.astype(np.float16), (x, w, b)
