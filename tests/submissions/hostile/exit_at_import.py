"""os._exit(0) while the file is imported; optim.py is still graded."""
import os

EXPECT = {"lost": "layers", "kinds": {"affine_forward": ["died"]}, "says": "layers.py"}

os._exit(0)
