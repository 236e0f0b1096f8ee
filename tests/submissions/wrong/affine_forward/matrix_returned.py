"""out is a np.matrix, which breaks the net behind it."""

FAILS = {"affine_forward": ["out"]}
CHANGE = {"affine_forward": [["x.reshape(x.shape[0], -1) @ w + b", "np.matrix(x.reshape(x.shape[0], -1)) * w + b"]]}
