"""An ndarray subclass that equals everything, answers every ufunc and hides wrong numbers."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["value"]}}


class Equal(np.ndarray):
    def __eq__(self, other):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return np.bool_(True)

    def __array_function__(self, *args, **kwargs):
        return np.bool_(True)

    def __array_finalize__(self, other):
        pass


def relu_forward(x):
    return (np.maximum(0, x) + 1).view(Equal), x
