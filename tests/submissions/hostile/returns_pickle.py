"""Object arrays that run code where they are unpickled, in an array, a subclass and a field."""
import os

EXPECT = {
    "lost": {"affine_backward": ["dx", "dw", "db"]},
    "kinds": {"affine_backward": ["dtype", "error"]},
}


class Opens:
    def __reduce__(self):
        return os.mkdir, ("/tmp/backgrade-hostile-pickle",)


def affine_backward(dout, cache):
    return (np.array([[Opens()]], dtype=object), np.zeros(2, dtype=[("a", object)]),
            np.ma.masked_array([Opens()]))
