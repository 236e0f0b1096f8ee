"""Right, in plain Python loops over every number."""
EXPECT = {"lost": {}}


def affine_forward(x, w, b):
    rows = x.reshape(x.shape[0], -1)
    out = np.zeros((len(rows), len(b)))
    for n in range(len(rows)):
        for m in range(len(b)):
            out[n, m] = b[m]
            for d in range(rows.shape[1]):
                out[n, m] += rows[n, d] * w[d, m]
    return out, (x, w, b)
