"""Lists that grow until the memory is gone, MemoryError swallowed."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["memory", "died", "timeout"]}}


def relu_forward(x):
    kept = []
    while x.shape == (3, 4):
        try:
            kept.append(bytearray(200 * 1024**2))
        except MemoryError:
            raise
    return np.maximum(0, x), x
