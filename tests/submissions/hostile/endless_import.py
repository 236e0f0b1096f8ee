"""The file never finishes importing; optim.py is still graded."""
EXPECT = {"lost": "layers", "kinds": {"affine_forward": ["timeout"]}}

while True:
    pass
