"""Many maps of 160 KB each until there is an end, at most 3.2 GB that nobody touches."""
import ctypes

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["memory"]}}
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    for _ in range(20_000):
        if libc.mmap(None, 4096 * 40, 3, 0x4022, -1, 0) == 2**64 - 1:
            raise MemoryError("the end")
    return np.maximum(0, x), x
