"""A BaseException whose str() and repr() raise BaseExceptions."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["error"]},
    "says": "an exception whose str() fails",
}


def relu_forward(x):
    class Mean(BaseException):
        def __str__(self):
            raise Mean()

        __repr__ = __str__

    raise Mean()
