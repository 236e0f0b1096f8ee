"""layers.py does not compile; optim.py is still graded, and the line is named."""
EXPECT = {
    "lost": "layers",
    "kinds": {"affine_forward": ["error"], "FullyConnectedNet": ["error"]},
    "says": "layers.py is no valid Python: line",
    "shows": "def broken(:",
}
APPEND = {"layers.py": "\n\ndef broken(:\n    pass\n"}
