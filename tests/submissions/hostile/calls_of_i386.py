"""int 0x80: the system calls of i386, whose numbers no filter of x86_64 would know."""
import ctypes
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "error"]}}
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p


def relu_forward(x):
    if os.uname().machine != "x86_64":
        raise OSError("another machine")
    place = libc.mmap(None, 4096, 7, 0x22, -1, 0)
    code = bytes.fromhex("b814000000cd80c3")  # mov eax, 20 (getpid of i386); int 0x80; ret
    ctypes.memmove(place, code, len(code))
    pid = ctypes.CFUNCTYPE(ctypes.c_int)(place)()
    return np.maximum(0, x) + (pid <= 0), x  # right where the kernel answered
