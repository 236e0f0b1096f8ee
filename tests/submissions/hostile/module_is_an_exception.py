"""The module replaces itself by an exception."""
import sys

EXPECT = {"lost": "layers", "kinds": {"affine_forward": ["error", "died", "missing"]}}

sys.modules[__name__] = ValueError("I am a module")
