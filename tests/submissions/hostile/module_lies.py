"""The module replaces itself by an object whose every attribute raises."""
import sys

EXPECT = {"lost": "layers"}


class Liar:
    def __getattribute__(self, name):
        raise SystemError(name)


sys.modules[__name__] = Liar()
