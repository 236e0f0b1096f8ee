"""The type of the exception has a metaclass that lies about its name."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["error"]}}


def relu_forward(x):
    class Meta(type):
        @property
        def __name__(cls):
            return 42

    class Odd(Exception, metaclass=Meta):
        pass

    raise Odd("hello")
