"""Overwrites the machine code of libc's write with zeros, in its own process."""
import ctypes

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "error", "timeout"]}}


def relu_forward(x):
    libc = ctypes.CDLL(None)
    address = ctypes.cast(libc.write, ctypes.c_void_p).value & ~4095
    if libc.mprotect(ctypes.c_void_p(address), 4096, 7) == 0:
        ctypes.memset(address, 0, 4096)
    return np.maximum(0, x) + 1, x
