"""Sockets of every family and kind, and talking through them: nothing leaves."""
import _socket
import ctypes

EXPECT = {"lost": {}}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    through = []
    for family in range(46):
        for kind in (1, 2, 3, 5):
            try:
                _socket.socket(family, kind).close()
                through.append((family, kind))
            except (OSError, ValueError):
                pass
    pair = (ctypes.c_int * 2)()
    for kind in (1, 2, 5):
        if ctypes.CDLL(None).socketpair(1, kind, 0, pair) == 0:
            through.append(("pair", kind))
    assert not through, f"{through[:5]} of {len(through)} sockets"
    return np.maximum(0, x), x
