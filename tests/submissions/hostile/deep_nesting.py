"""An expression nested ten thousand deep."""
EXPECT = {"lost": "layers", "kinds": {"affine_forward": ["error", "died"]}}
APPEND = {"layers.py": "\nx = " + "(" * 10_000 + ")" * 10_000 + "\n"}
