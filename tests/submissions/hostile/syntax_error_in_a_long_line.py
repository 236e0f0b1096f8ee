"""The line that does not compile is 300,000 characters long."""
EXPECT = {
    "lost": "layers",
    "kinds": {"affine_forward": ["error"]},
    "says": "layers.py is no valid Python: line",
}
APPEND = {"layers.py": "\n\nx = (" + "1 + " * 75000 + ")(:\n"}
